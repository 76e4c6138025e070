import { type AskedBranch, type Branch, branchId, branchNumber, rootOf } from "../../worker_api/branch_api.ts";
import { keepBranch } from "./branch_store.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** Makes branches on the wanted weights, one after the other, and keeps them in this browser. */
export class BranchWorker {
  readonly #weights: WeightsBeside;
  readonly #between: <T>(work: () => Promise<T>) => Promise<T>;
  /** The highest number of a branch by its rollout, so that one that is not kept, or was removed, keeps its id in this visit. */
  readonly #last = new Map<string, number>();

  constructor(weights: WeightsBeside, between: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#weights = weights;
    this.#between = between;
  }

  branch(asked: AskedBranch): Promise<{ branch: Branch; notKept: string | null }> {
    const { rollout, task, config, what, seed, greedy, of, tree } = asked;
    const from = of?.deniedFrom ?? null;
    // Another question begins before anything was denied.
    const denied = from !== null && what.kind !== "question" && what.at >= from;
    const otherQuestion = of?.otherQuestion ?? false;
    return this.#between(() =>
      this.#weights.ask(asked, async (session, by) => {
        const of = JSON.stringify([tree, rootOf(rollout.id)]);
        const last = this.#last.get(of) ?? 0;
        const id = branchId(rootOf(rollout.id), last + 1);
        const request = { rollout, task, config, what, id, seed, greedy, denied, otherQuestion };
        const made = await session.rollouts.branch(request);
        const branch: Branch = {
          ...made,
          tree,
          id,
          parent: rollout.id,
          what,
          seed,
          greedy,
          by,
          deniedFrom: denied ? from : what.kind === "deny" ? made.place : null,
          otherQuestion: otherQuestion || what.kind === "question",
          ...(what.kind === "token" && { tokenText: session.texts([what.token])[0] ?? "" }),
          madeAt: new Date().toISOString(),
        };
        const kept = await keptOrNot(branch, { run: asked.run === tree ? tree : null, last });
        this.#last.set(of, branchNumber(kept.branch.id) ?? last);
        return kept;
      }),
    );
  }
}

/** A branch that cannot be kept is there all the same, until the page is left. */
async function keptOrNot(
  branch: Branch,
  where: { run: string | null; last: number },
): Promise<{ branch: Branch; notKept: string | null }> {
  try {
    return { branch: await keepBranch(branch, where), notKept: null };
  } catch (error) {
    return { branch, notKept: (error as Error).message };
  }
}
