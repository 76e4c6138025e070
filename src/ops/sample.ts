import source from "../../shaders/sample.wgsl" with { type: "text" };
import conversation from "../../shaders/shared/conversation.wgsl" with { type: "text" };
import { wordsOf } from "../gpu/params.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { mostUnshared } from "./logprob.ts";

const shader = new Shader("sample", source, conversation);

/** A conversation as the token loop on the GPU knows it. */
export interface Conversation {
  /** The last token that was sampled, or `noIndex`. */
  token: number;
  /** Rows of its suffix in the cache. */
  cached: number;
  /** M-RoPE position of the next token. */
  position: number;
  /** Tokens sampled so far. */
  sampled: number;
  done: boolean;
  /** Index of the task in the step, and of the rollout in its group: part of each sample's key. */
  task: number;
  rollout: number;
}

export const conversationWordCount = shader.struct("Conversation").length;

/** The word of a field in a struct of the shader. @throws TypeError where there is none */
function wordAt(struct: string, field: string): number {
  const at = shader.struct(struct).findIndex(({ name }) => name === field);
  if (at < 0) throw new TypeError(`sample.wgsl, ${struct}, has no field ${field}`);
  return at;
}

const conversationAt: Readonly<Record<keyof Conversation, number>> = {
  token: wordAt("Conversation", "token"),
  cached: wordAt("Conversation", "cached"),
  position: wordAt("Conversation", "position"),
  sampled: wordAt("Conversation", "sampled"),
  done: wordAt("Conversation", "done"),
  task: wordAt("Conversation", "task"),
  rollout: wordAt("Conversation", "rollout"),
};

/** Puts a conversation into its slot. Field by field: it is done for all of a step while the GPU waits. */
export function putConversation(words: Uint32Array, slot: number, conversation: Conversation): void {
  const from = slot * conversationWordCount;
  words[from + conversationAt.token] = conversation.token;
  words[from + conversationAt.cached] = conversation.cached;
  words[from + conversationAt.position] = conversation.position;
  words[from + conversationAt.sampled] = conversation.sampled;
  words[from + conversationAt.done] = Number(conversation.done);
  words[from + conversationAt.task] = conversation.task;
  words[from + conversationAt.rollout] = conversation.rollout;
}

/** The conversation in a slot of the state. */
export function conversationIn(words: Uint32Array, slot: number): Conversation {
  const of = (name: keyof Conversation) => conversationWord(words, slot, name);
  return {
    token: of("token"),
    cached: of("cached"),
    position: of("position"),
    sampled: of("sampled"),
    done: of("done") === 1,
    task: of("task"),
    rollout: of("rollout"),
  };
}

/** One field of the conversation in a slot; `done` is 1 or 0. */
export const conversationWord = (words: Uint32Array, slot: number, name: keyof Conversation): number =>
  words[slot * conversationWordCount + conversationAt[name]] ?? 0;

/** Rows of the cache with a conversation's keys and values. */
export interface CachePlace {
  prefixBegin: number;
  prefixEnd: number;
  suffixBegin: number;
}

export const placeWordCount = shader.struct("Place").length;

const placeAt: Readonly<Record<keyof CachePlace, number>> = {
  prefixBegin: wordAt("Place", "prefix_begin"),
  prefixEnd: wordAt("Place", "prefix_end"),
  suffixBegin: wordAt("Place", "suffix_begin"),
};

/** Puts a conversation's rows of the cache into its slot. */
export function putPlace(words: Uint32Array, slot: number, { prefixBegin, prefixEnd, suffixBegin }: CachePlace): void {
  const from = slot * placeWordCount;
  words[from + placeAt.prefixBegin] = prefixBegin;
  words[from + placeAt.prefixEnd] = prefixEnd;
  words[from + placeAt.suffixBegin] = suffixBegin;
}

/** How tokens are sampled. */
export interface SamplingSettings {
  seed: number;
  step: number;
  greedy: boolean;
  temperature: number;
  /** At most `mostStops`. */
  stops: readonly number[];
}

export const mostStops = 4;
export const samplingWordCount = shader.struct("Sampling").length;

/** @throws RangeError where there are more stops than the kernel knows */
export function samplingWords({ seed, step, greedy, temperature, stops }: SamplingSettings): Uint32Array {
  if (stops.length > mostStops)
    throw new RangeError(`at most ${mostStops} stop tokens are supported, found ${stops.length}`);
  const [stop0 = 0, stop1 = 0, stop2 = 0, stop3 = 0] = stops;
  return wordsOf(shader, "Sampling", {
    seed: seed >>> 0,
    step,
    greedy: Number(greedy),
    stop_count: stops.length,
    stop0,
    stop1,
    stop2,
    stop3,
    temperature,
  });
}

/** Words of a sample: token, log-probability, entropy. */
export const sampleWordCount = shader.struct("Sample").length;

/** State of the token loop for all conversations, on the GPU; u32 all. */
export interface SampleState {
  /** (slots, conversationWordCount) */
  conversations: Tensor;
  /** (slots, placeWordCount) */
  places: Tensor;
  /** (samplingWordCount) */
  sampling: Tensor;
  /** (V): 1 where an id may be sampled. */
  allowed: Tensor;
  /** (slots, capacity, sampleWordCount) */
  samples: Tensor;
}

/** Makes a row of the forward pass from each conversation's last token, and counts it as cached. @param slots  u32 (B) */
export function prepare(
  plan: Plan,
  slots: Tensor,
  { conversations, places }: Pick<SampleState, "conversations" | "places">,
  rows: { tokens: Tensor; positions: Tensor; spans: Tensor; cacheRows: Tensor },
): void {
  const B = lengthOf(slots);
  const N = lengthOf(rows.cacheRows);
  expectShape(rows.positions, 3, N);
  plan.dispatch({
    shader,
    entry: "prepare",
    tensors: { slots, conversations, places, ...rows, cache_rows: rows.cacheRows },
    params: { B, V: 0, N, capacity: 0 },
    groups: [Math.ceil(B / 64)],
  });
}

/** What a token is sampled from. */
export interface SampleInputs {
  /** u32 (B): the conversation of each row, or `noIndex`. */
  slots: Tensor;
  /** (B, V) */
  logits: Tensor;
  /** (B, 4) from `summarize`: log-probabilities are taken against its log-sum-exp. */
  stats: Tensor;
}

/** Samples a token for every live conversation from its row of logits. */
export function pick(plan: Plan, sample: SampleState, { slots, logits, stats }: SampleInputs): void {
  const [B, V] = extents2(logits);
  expectShape(slots, B);
  expectShape(stats, B, 4);
  const { conversations, sampling, allowed, samples } = sample;
  expectShape(allowed, V);
  expectShape(samples, -1, -1, sampleWordCount);
  plan.dispatch({
    shader,
    entry: "pick",
    tensors: { slots, conversations, sampling, allowed, logits, stats, samples },
    params: { B, V, N: 0, capacity: samples.shape[1]! },
    groups: [B],
    ...(V <= mostUnshared && { unshared: { shader, entry: "pick_unshared", groups: [Math.ceil(B / 8)] } }),
  });
}

/** Samples of one conversation that are read together. */
export interface SampleSpan {
  slot: number;
  /** Index in the conversation of the first one, and how many. */
  begin: number;
  count: number;
}

export const spanWordCount = shader.struct("Span").length;

const spanAt = {
  slot: wordAt("Span", "slot"),
  begin: wordAt("Span", "begin"),
  count: wordAt("Span", "count"),
  to: wordAt("Span", "to"),
} as const;

/** Puts a span behind `index` others. @param to  place of its first sample among all that are collected */
export function putSpan(words: Uint32Array, index: number, { slot, begin, count }: SampleSpan, to: number): void {
  const from = index * spanWordCount;
  words[from + spanAt.slot] = slot;
  words[from + spanAt.begin] = begin;
  words[from + spanAt.count] = count;
  words[from + spanAt.to] = to;
}

/**
 * Puts samples of several conversations one after another.
 * @param turns  (B, spanWordCount) from `putSpan`; padding has no samples
 * @param out    (samples, sampleWordCount)
 */
export function collect(plan: Plan, { samples }: Pick<SampleState, "samples">, turns: Tensor, out: Tensor): void {
  expectShape(samples, -1, -1, sampleWordCount);
  expectShape(turns, -1, spanWordCount);
  expectShape(out, -1, sampleWordCount);
  plan.dispatch({
    shader,
    entry: "collect",
    tensors: { samples, turns, collected: out },
    params: { B: turns.shape[0]!, V: 0, N: 0, capacity: samples.shape[1]! },
    groups: [turns.shape[0]!],
  });
}
