import type { Rollout } from "../../../agent/rollout.ts";
import type { Alternatives, AskedRollout, RolloutApi } from "../../worker_api/rollout_api.ts";
import type {
  AskedEvaluation,
  AskedGroup,
  AskedWorths,
  CausalEvaluation,
  SeenPictures,
  Worths,
} from "../../worker_api/worth_api.ts";
import type { WeightsBeside } from "./weights_beside.ts";

function firstOf(rollouts: readonly Rollout[]): Rollout {
  const [first] = rollouts;
  if (!first) throw new Error("Expected at least one rollout to ask about, found none");
  return first;
}

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

  worths({ rollouts, ...asked }: AskedWorths): Promise<Worths> {
    const of = { ...asked, rollout: firstOf(rollouts) };
    return this.#weights.ask(of, async (session, by) => ({
      worths: await session.worths({ ...asked, rollouts }),
      by,
    }));
  }

  sight({ rollouts, ...asked }: AskedGroup): Promise<SeenPictures> {
    const of = { ...asked, rollout: firstOf(rollouts) };
    return this.#weights.ask(of, async (session, by) => ({ sight: await session.sight({ ...asked, rollouts }), by }));
  }

  evaluate({ step, tasks: wanted, ...asked }: AskedEvaluation): Promise<CausalEvaluation> {
    // The weights that were trained in a step have one more behind them than those that wrote its rollouts.
    return this.#weights.ask({ ...asked, rollout: { step: step + 1 } }, async (session, by) => {
      const { config } = asked;
      const found = await session.evaluate({ tasks: wanted, greedy: false, causal: true, config });
      const { tasks, metrics, causal } = found;
      if (!causal) throw new Error("Expected an evaluation with what the tools' pictures were worth");
      return { tasks, metrics, causal, by };
    });
  }
}
