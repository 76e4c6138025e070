import source from "../../shaders/sample.wgsl" with { type: "text" };
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { mostUnshared } from "./logprob.ts";

const shader = new Shader("sample", source);

/** Fields of a conversation's state, (slots, 8) u32. */
export const stateFields = { token: 0, cached: 1, position: 2, sampled: 3, done: 4, task: 5, rollout: 6 } as const;
export const stateWidth = 8;

/** State of the token loop for all conversations, on the GPU. */
export interface SampleState {
  /** u32 (slots, 8), see stateFields. */
  state: Tensor;
  /** u32 (slots, 4): prefix begin, prefix end, suffix begin in the cache. */
  places: Tensor;
  /** u32 (9): seed, step, greedy, number of stops, up to four stop ids, the bits of the temperature. */
  keys: Tensor;
  /** u32 (V): 1 where an id may be sampled. */
  allowed: Tensor;
  /** u32 (slots, capacity) */
  sampledTokens: Tensor;
  /** f32 (slots, capacity, 2): log-probability and entropy of each. */
  sampledValues: Tensor;
}

/** Makes a row of the forward pass from each conversation's last token, and counts it as cached. @param slots  u32 (B) */
export function prepare(
  plan: Plan,
  slots: Tensor,
  { state, places }: SampleState,
  rows: { tokens: Tensor; positions: Tensor; spans: Tensor; cacheRows: Tensor },
): void {
  const B = lengthOf(slots);
  const N = lengthOf(rows.cacheRows);
  expectShape(rows.positions, 3, N);
  plan.dispatch({
    shader,
    entry: "prepare",
    tensors: { slots, state, places, ...rows, cache_rows: rows.cacheRows },
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
  expectShape(sample.allowed, V);
  const { state, keys, allowed, sampledTokens, sampledValues } = sample;
  plan.dispatch({
    shader,
    entry: "pick",
    tensors: {
      slots,
      state,
      keys,
      allowed,
      logits,
      stats,
      sampled_tokens: sampledTokens,
      sampled_values: sampledValues,
    },
    params: { B, V, N: 0, capacity: extents2(sampledTokens)[1] },
    groups: [B],
    ...(V <= mostUnshared && { unshared: { shader, entry: "pick_unshared", groups: [Math.ceil(B / 8)] } }),
  });
}
