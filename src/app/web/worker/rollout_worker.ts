import type { Session } from "../../session/session.ts";
import type { Alternative, AskedRollout, RolloutApi } from "../../worker_api/rollout_api.ts";

/** The worker's half of questions about single rollouts. */
export class RolloutWorker implements RolloutApi {
  readonly #opened: () => Session;

  /** @param opened  the session that is open; throws one sentence where there is none */
  constructor(opened: () => Session) {
    this.#opened = opened;
  }

  async alternatives({ rollout, task, config }: AskedRollout): Promise<Alternative[][]> {
    const session = this.#opened();
    const found = await session.likelihoods(rollout, task, config);
    return found.map((likelihoods) => {
      const texts = session.texts(likelihoods.map(({ token }) => token));
      return likelihoods.map((likelihood, i) => ({ ...likelihood, text: texts[i]! }));
    });
  }
}
