import type { WeightsChoice } from "../../src/app/worker_api/asked_weights.ts";
import type { RolloutApi } from "../../src/app/worker_api/rollout_api.ts";
import type { Alternative, AskedMeasures, MeasuredToken, Measures } from "../../src/app/worker_api/token_measures.ts";

interface FakeRolloutParts {
  /** Before each answer, milliseconds. */
  delayMs: number;
  /** Takes what was asked, for tests. */
  asked: string[];
  /** Text of each token, grows. */
  vocabulary: readonly string[];
}

/** Answers about the rollouts of a fake run: invented, and the same ones for the same question. */
export class FakeRollouts implements RolloutApi {
  readonly #parts: FakeRolloutParts;

  constructor(parts: FakeRolloutParts) {
    this.#parts = parts;
  }

  /** Of other weights the same, each a little further from what was written. */
  async measures({ rollout, weights = "now", other = null, start = false }: AskedMeasures): Promise<Measures> {
    await this.#asked(`measures ${rollout.id} ${weights} ${other}`);
    const step = { now: null, start: 0, checkpoint: 2 };
    const away = { now: 0.25, start: 0.1, checkpoint: 0 };
    const tokens = rollout.segments
      .filter((segment) => segment.source === "model")
      .flatMap(({ tokens, logprobs, entropies }) =>
        tokens.map((token, i): MeasuredToken => {
          // Up at one token, down at the next
          const moved = (by: WeightsChoice) => Math.min(-1e-3, logprobs[i]! + (i % 2 === 0 ? 1 : -1) * away[by]);
          return {
            alternatives: this.#alternatives(token, moved(weights), other && moved(other)),
            logprob: moved(weights),
            entropy: entropies[i]!,
            spread: 1 - Math.exp(moved(weights)),
            otherLogprob: other && moved(other),
            kl: other && Math.abs(moved(weights) - moved(other)) / 4,
            startLogprob: start ? moved("start") : null,
          };
        }),
      );
    const by = { weights, step: step[weights] };
    const beside = other && { weights: other, step: step[other] };
    return { tokens, by, other: beside, otherProblem: null, startProblem: null };
  }

  async #asked(line: string): Promise<void> {
    this.#parts.asked.push(line);
    if (this.#parts.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#parts.delayMs));
  }

  /** The token as likely as is said, and what the vocabulary has beside it. */
  #alternatives(token: number, logprob: number, other: number | null): Alternative[] {
    const { vocabulary } = this.#parts;
    const ids = [token, ...[1, 2, 3, 4].map((by) => (token + by) % vocabulary.length)];
    const share = (log: number, i: number) =>
      i === 0 ? Math.exp(log) : ((1 - Math.exp(log)) * 0.6 * 0.5 ** i) / 0.9375;
    return ids
      .map((id, i) => ({
        token: id,
        text: vocabulary[id]!,
        probability: share(logprob, i),
        other: other === null ? null : share(other, i),
      }))
      .sort((a, b) => b.probability - a.probability);
  }
}
