import type { AskedBranch, Branch } from "../../worker_api/branch_api.ts";
import type { Alternatives, AskedRollout, RolloutApi } from "../../worker_api/rollout_api.ts";
import { keptBranches, removeBranches } from "./branch_store.ts";
import { BranchWorker } from "./branch_worker.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** The worker's half of questions about single rollouts. */
export class RolloutWorker implements RolloutApi {
  readonly #weights: WeightsBeside;

  readonly #branches: BranchWorker;

  /** @param between  does something while no event of a run is under way */
  constructor(weights: WeightsBeside, between: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#weights = weights;
    this.#branches = new BranchWorker(weights, between);
  }

  branch(asked: AskedBranch): Promise<{ branch: Branch; notKept: string | null }> {
    return this.#branches.branch(asked);
  }

  branches(tree: string): Promise<Branch[]> {
    return keptBranches(tree);
  }

  removeBranches(tree: string, ids: string[]): Promise<void> {
    return removeBranches(tree, ids);
  }

  alternatives(asked: AskedRollout): Promise<Alternatives> {
    const { rollout, task, config } = asked;
    return this.#weights.ask(asked, async (session, by) => {
      const found = await session.likelihoods(rollout, task, config);
      const lists = found.map((likelihoods) => {
        const texts = session.texts(likelihoods.map(({ token }) => token));
        return likelihoods.map((likelihood, i) => ({ ...likelihood, text: texts[i]! }));
      });
      return { lists, by };
    });
  }
}
