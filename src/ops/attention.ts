import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents3, type Tensor } from "../gpu/tensor.ts";
import { type BackwardKernel, backpropAttention } from "./attention_backward.ts";
import { type AttentionCall, type AttentionKernel, attend } from "./attention_forward.ts";
import type { Attended } from "./attention_map.ts";

/** Which rows attend which keys. In buffers, so that runs of a plan may differ. */
export interface Spans {
  /** u32 (N, 4): row n attends the keys [x, y) and then [z, w); either may be empty, they must not overlap. */
  query: Tensor;
  /** u32 (S, 4): only the rows in [x, y) and [z, w) attend key j; read by the backward pass only. */
  key?: Tensor;
  /** Given where each row has keys of its own, as in decoding: the most keys that a row can attend. */
  mostKeys?: number;
}

export interface AttentionInputs {
  /** (N, H, D) */
  q: Tensor;
  /** (S, K, D), K divides H: head h reads key head floor(h / (H / K)). In f32, or like v in bf16 from a cache. */
  k: Tensor;
  /** (S, K, D) */
  v: Tensor;
  spans: Spans;
  /** Factor of the scores, usually 1 / sqrt(D). */
  scale: number;
  /** Called with what was recorded, for maps of what rows attend to. */
  watch?: (attended: Attended) => void;
}

/** Kernels to use instead of those that suit device and sizes; for tests. */
export interface AttentionChoice {
  forward?: AttentionKernel;
  backward?: BackwardKernel;
}

/**
 * Softmax attention of each row over two spans of keys: for vision, text, decoding, and training with a shared prefix.
 *
 * @returns  (N, H, D); 0 for a row without keys
 * @throws RangeError where shapes do not fit, TypeError where dtypes or spans do not
 */
export function attention(
  tape: Tape,
  { q, k, v, spans, scale, watch }: AttentionInputs,
  choice: AttentionChoice = {},
): Tensor {
  const [N, H, D] = extents3(q);
  expectShape(k, -1, -1, D);
  const [S, K] = extents3(k);
  expectShape(v, S, K, D);
  if (H % K !== 0)
    throw new RangeError(`${q.name} has ${H} heads, expected a multiple of the ${K} key heads of ${k.name}`);
  expectShape(spans.query, N, 4);
  if (k.dtype !== v.dtype)
    throw new TypeError(`${k.name} is of ${k.dtype}, ${v.name} of ${v.dtype}; expected one dtype`);
  const isTrained = [q, k, v].some((t) => tape.tracks(t));
  if (k.dtype !== "f32" && isTrained)
    throw new TypeError(`${k.name} is of ${k.dtype}, which attention that is to be trained cannot read`);
  const keySpans = spans.key;
  if (keySpans) expectShape(keySpans, S, 4);
  else if (isTrained)
    throw new TypeError(
      `attention of ${q.name} is to be trained, which needs spans.key (${S}, 4): the rows that attend each key`,
    );

  const call: AttentionCall = { tape, q, k, v, querySpans: spans.query, params: { N, S, H, K, scale }, D };
  const out = tape.empty("attention.out", [N, H, D]);
  const stats = tape.empty("attention.stats", [N, H, 2]);
  attend(call, { out, stats }, { kernel: choice.forward, mostKeys: spans.mostKeys });
  watch?.({ q, k, v, querySpans: spans.query, stats, out, scale });
  if (keySpans) tape.record(out, [q, k, v], () => backpropAttention(call, { out, stats, keySpans }, choice.backward));
  return out;
}
