import type { Conversations, Passage, Prompt, Sampling, Turn } from "../../policy/policy.ts";
import { sampleOnHost } from "./host_sampler.ts";
import type { GraphCache } from "./onnx_model.ts";
import type { OnnxPolicyParts } from "./onnx_policy.ts";

/** A cache that several rows may go on from: those of a group share their prompt's. */
interface SharedCache {
  cache: GraphCache;
  users: number;
}

/** A conversation. */
interface Row {
  readonly task: number;
  readonly rollout: number;
  past: SharedCache;
  /** Of the next token; null where the last token has not been put into the model yet. */
  logits: Float32Array | null;
  /** M-RoPE position of the next token. */
  position: number;
  sampled: number;
  lastToken: number;
  /** Tokens that the model has read. */
  read: number;
}

/** A turn that is being written. */
interface Writing {
  row: Row;
  turn: Turn;
  promptTokens: number;
  alternatives: [text: string, logprob: number][][];
}

interface Begun {
  prompts: readonly Prompt[];
  rolloutsPerPrompt: number;
  sampling: Sampling;
}

/** Conversations whose keys and values are outputs of a graph, each a cache of its own behind its prompt's. */
export class OnnxConversations implements Conversations {
  readonly rows: number;
  readonly #parts: OnnxPolicyParts;
  readonly #rows: readonly Row[];
  readonly #sampling: Sampling;
  #closed = false;

  /** Puts every prompt into the model once. */
  static async begin(
    parts: OnnxPolicyParts,
    { prompts, rolloutsPerPrompt, sampling }: Begun,
  ): Promise<OnnxConversations> {
    const rows: Row[] = [];
    try {
      for (const [index, prompt] of prompts.entries())
        rows.push(...(await begunRows(parts, prompt, index, { rolloutsPerPrompt, sampling })));
    } catch (error) {
      for (const { past } of rows) leave(parts, past);
      throw error;
    }
    return new OnnxConversations(parts, rows, sampling);
  }

  private constructor(parts: OnnxPolicyParts, rows: readonly Row[], sampling: Sampling) {
    this.#parts = parts;
    this.#rows = rows;
    this.#sampling = sampling;
    this.rows = rows.length;
  }

  get current(): boolean {
    return !this.#closed;
  }

  async *write(
    rows: readonly number[],
    maxTokens: number,
  ): AsyncGenerator<{ tokens: number; waiting: number }, Turn[]> {
    const writing = rows.map((index): Writing => {
      const row = this.#row(index);
      const turn = { tokens: [], logprobs: [], entropies: [], stopped: false };
      return { row, turn, promptTokens: row.read, alternatives: [] };
    });
    for (let tokens = 0; ; ) {
      const waiting = writing.filter(({ turn }) => !turn.stopped && turn.tokens.length < maxTokens);
      if (waiting.length === 0) return writing.map((one) => this.#turnOf(one));
      for (const one of waiting) {
        await this.#writeToken(one);
        tokens++;
      }
      yield { tokens, waiting: waiting.length };
    }
  }

  async append(rows: readonly number[], passages: readonly Passage[]): Promise<void> {
    for (const [i, passage] of passages.entries()) {
      const row = this.#row(rows[i] ?? -1);
      // The last token that was sampled (the stop) is not in the cache yet.
      const tokens = row.logits === null ? [row.lastToken, ...passage.tokens] : passage.tokens;
      await this.#extend(row, { ...passage, tokens });
    }
  }

  /** Gives all caches back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { past } of this.#rows) leave(this.#parts, past);
  }

  async #writeToken({ row, turn, alternatives }: Writing): Promise<void> {
    if (row.logits === null) await this.#extend(row, { tokens: [row.lastToken], images: [] });
    const { seed, step, stops } = this.#sampling;
    const key = { seed, step, task: row.task, rollout: row.rollout, sampled: row.sampled };
    const { token, logprob, entropy, likeliest } = sampleOnHost(row.logits!, this.#sampling, key, this.#parts.random);
    row.logits = null;
    row.lastToken = token;
    row.sampled++;
    row.read++;
    turn.tokens.push(token);
    turn.logprobs.push(logprob);
    turn.entropies.push(entropy);
    const texts = this.#parts.vocabulary.texts(likeliest.map(([id]) => id));
    alternatives.push(likeliest.map(([, value], i) => [texts[i]!, value]));
    turn.stopped = stops.includes(token);
  }

  async #extend(row: Row, { tokens, images }: Passage): Promise<void> {
    const { model } = this.#parts;
    const { logits, cache, next } = await model.extend({ tokens, images, start: row.position }, row.past.cache);
    leave(this.#parts, row.past);
    // A token that was sampled was counted then.
    row.read += tokens.length - (row.logits === null ? 1 : 0);
    Object.assign(row, { past: { cache, users: 1 }, logits, position: next });
  }

  #turnOf({ turn, promptTokens, alternatives }: Writing): Turn {
    const { name: model, view } = this.#parts;
    return {
      ...turn,
      elsewhere: { model, view, tokenCount: turn.tokens.length, promptTokens, alternatives, graphs: true },
    };
  }

  #row(index: number): Row {
    const row = this.#rows[index];
    if (!row) throw new RangeError(`there is no row ${index} among ${this.#rows.length} conversations`);
    return row;
  }
}

/** The rows of a prompt, which is put into the model once, and so is what stands behind it in all of them. */
async function begunRows(
  { model }: OnnxPolicyParts,
  prompt: Prompt,
  index: number,
  { rolloutsPerPrompt, sampling }: Pick<Begun, "rolloutsPerPrompt" | "sampling">,
): Promise<Row[]> {
  const { behind } = prompt;
  let found = await model.extend({ ...prompt, start: 0 }, null);
  if (behind) {
    const before = found.cache;
    found = await model.extend({ ...behind, start: found.next }, before);
    model.release(before);
  }
  const past: SharedCache = { cache: found.cache, users: rolloutsPerPrompt };
  return Array.from({ length: rolloutsPerPrompt }, (_, rollout) => ({
    task: (sampling.firstTask ?? 0) + index,
    rollout: (sampling.firstRollout ?? 0) + rollout,
    past,
    logits: found.logits,
    position: found.next,
    sampled: behind?.sampled ?? 0,
    lastToken: -1,
    read: prompt.tokens.length + (behind?.tokens.length ?? 0),
  }));
}

/** One row fewer goes on from a cache; the last one gives it back. */
function leave({ model }: OnnxPolicyParts, past: SharedCache): void {
  past.users--;
  if (past.users === 0) model.release(past.cache);
}
