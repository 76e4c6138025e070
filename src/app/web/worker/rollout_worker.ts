import type { RolloutApi } from "../../worker_api/rollout_api.ts";
import type { AskedMeasures, Measures } from "../../worker_api/token_measures.ts";
import type {
  AskedEvaluation,
  AskedGroup,
  AskedWorths,
  CausalEvaluation,
  SeenPictures,
  Worths,
} from "../../worker_api/worth_api.ts";
import { measureRollout } from "./rollout_measures.ts";
import { evaluateWorth, groupSight, groupWorths } from "./rollout_worths.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** The worker's half of questions about single rollouts. */
export class RolloutWorker implements RolloutApi {
  readonly #weights: WeightsBeside;

  constructor(weights: WeightsBeside) {
    this.#weights = weights;
  }

  measures(asked: AskedMeasures): Promise<Measures> {
    return measureRollout(this.#weights, asked);
  }

  worths(asked: AskedWorths): Promise<Worths> {
    return groupWorths(this.#weights, asked);
  }

  sight(asked: AskedGroup): Promise<SeenPictures> {
    return groupSight(this.#weights, asked);
  }

  evaluate(asked: AskedEvaluation): Promise<CausalEvaluation> {
    return evaluateWorth(this.#weights, asked);
  }
}
