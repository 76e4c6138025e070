import type { Alternative, Alternatives, AskedRollout, RolloutApi } from "../../src/app/worker_api/rollout_api.ts";

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

  async alternatives({ rollout, weights = "now" }: AskedRollout): Promise<Alternatives> {
    await this.#asked(`alternatives ${rollout.id} ${weights}`);
    const lists = rollout.segments
      .filter((segment) => segment.source === "model")
      .flatMap(({ tokens, logprobs }) => tokens.map((token, i) => this.#alternatives(token, logprobs[i]!)));
    return { lists, by: { weights, step: weights === "now" ? null : 0 } };
  }

  async #asked(line: string): Promise<void> {
    this.#parts.asked.push(line);
    if (this.#parts.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#parts.delayMs));
  }

  /** The token as likely as it was, and what the vocabulary has beside it. */
  #alternatives(token: number, logprob: number): Alternative[] {
    const { vocabulary } = this.#parts;
    const written = Math.exp(logprob);
    const ids = [token, ...[1, 2, 3, 4].map((by) => (token + by) % vocabulary.length)];
    return ids
      .map((id, i) => ({
        token: id,
        text: vocabulary[id]!,
        probability: i === 0 ? written : ((1 - written) * 0.6 * 0.5 ** i) / 0.9375,
      }))
      .sort((a, b) => b.probability - a.probability);
  }
}
