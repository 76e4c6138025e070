import type { Alternatives, AskedRollout, RolloutApi } from "../../worker_api/rollout_api.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** The worker's half of questions about single rollouts. */
export class RolloutWorker implements RolloutApi {
  readonly #weights: WeightsBeside;

  constructor(weights: WeightsBeside) {
    this.#weights = weights;
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
