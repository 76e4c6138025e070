import type { AskedBranch, Branch } from "../../worker_api/branch_api.ts";
import { freeBranchId, keepBranch } from "./branch_store.ts";
import { StorageFull } from "./database.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** Makes branches on the wanted weights, one after the other, and keeps them in this browser. */
export class BranchWorker {
  readonly #weights: WeightsBeside;
  readonly #between: <T>(work: () => Promise<T>) => Promise<T>;

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
        const id = await freeBranchId(tree, rollout.id);
        const request = { rollout, task, config, what, id, seed, greedy, denied, otherQuestion };
        const made = await session.branch(request);
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
        return { branch, notKept: await whyNotKept(branch) };
      }),
    );
  }
}

async function whyNotKept(branch: Branch): Promise<string | null> {
  try {
    await keepBranch(branch);
    return null;
  } catch (error) {
    if (error instanceof StorageFull) return error.message;
    throw error;
  }
}
