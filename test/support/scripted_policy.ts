import type { Conversations, Passage, Policy, Sampling, Turn } from "../../src/policy/policy.ts";
import type { Tokenizer } from "../../src/policy/tokenizer.ts";

/** One batch as a scripted policy saw it. */
export interface Batch {
  prompts: Passage[];
  rolloutsPerPrompt: number;
  suffixTokens: number;
  sampling: Sampling;
  writes: { rows: number[]; maxTokens: number }[];
  appended: { rows: number[]; passages: Passage[] }[];
  closed: boolean;
}

/**
 * A policy that writes what a script says: `generate(row, turn)` is the text of row's turn (0 is the first). It cuts
 * and stops as a model does, and throws where a caller breaks the contract: no room left, or order of calls.
 */
export class ScriptedPolicy implements Policy {
  readonly batches: Batch[] = [];
  readonly #tokenizer: Tokenizer;
  readonly #generate: (row: number, turn: number) => string;

  constructor(tokenizer: Tokenizer, generate: (row: number, turn: number) => string) {
    this.#tokenizer = tokenizer;
    this.#generate = generate;
  }

  async begin(
    prompts: readonly Passage[],
    rolloutsPerPrompt: number,
    suffixTokens: number,
    sampling: Sampling,
  ): Promise<Conversations> {
    const batch: Batch = {
      prompts: [...prompts],
      rolloutsPerPrompt,
      suffixTokens,
      sampling,
      writes: [],
      appended: [],
      closed: false,
    };
    this.batches.push(batch);
    const rows = prompts.length * rolloutsPerPrompt;
    const used = new Array<number>(rows).fill(0);
    const turns = new Array<number>(rows).fill(0);
    const mayWrite = new Array<boolean>(rows).fill(true);
    const take = (row: number, count: number) => {
      used[row]! += count;
      if (used[row]! > suffixTokens)
        throw new Error(`row ${row} needs ${used[row]} suffix tokens, ${suffixTokens} were asked for`);
    };
    const say = (row: number, maxTokens: number): Turn => {
      if (!mayWrite[row]) throw new Error(`row ${row} writes twice in a row, or is not a row`);
      mayWrite[row] = false;
      const script = this.#tokenizer.encode(this.#generate(row, turns[row]!++));
      const stop = script.findIndex((token) => sampling.stops.includes(token));
      const tokens = script.slice(0, stop < 0 ? maxTokens : Math.min(stop + 1, maxTokens));
      take(row, tokens.length);
      return {
        tokens,
        logprobs: tokens.map(() => -0.5),
        entropies: tokens.map(() => 0.25),
        stopped: sampling.stops.includes(tokens.at(-1)!),
      };
    };
    return {
      rows,
      current: true,
      async *write(asked, maxTokens) {
        batch.writes.push({ rows: [...asked], maxTokens });
        const written = asked.map((row) => say(row, maxTokens));
        const longest = Math.max(...written.map((turn) => turn.tokens.length));
        for (let count = 4; count < longest; count += 4) {
          yield {
            tokens: written.reduce((sum, turn) => sum + Math.min(count, turn.tokens.length), 0),
            waiting: written.filter((turn) => turn.tokens.length > count).length,
          };
        }
        return written;
      },
      async append(asked, passages) {
        batch.appended.push({ rows: [...asked], passages: [...passages] });
        for (const [i, row] of asked.entries()) {
          if (mayWrite[row]) throw new Error(`row ${row} is given something before it wrote`);
          mayWrite[row] = true;
          take(row, passages[i]!.tokens.length);
        }
      },
      close() {
        batch.closed = true;
      },
    };
  }
}
