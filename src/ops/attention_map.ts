import source from "../../shaders/attention_map.wgsl" with { type: "text" };
import spans from "../../shaders/shared/spans.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents3, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("attention_map", source, spans);

/** A call of attention that has been recorded: what it read, and what it left. */
export interface Attended {
  /** (N, H, D) */
  q: Tensor;
  /** (S, K, D) each, f32 */
  k: Tensor;
  v: Tensor;
  /** u32 (N, 4) */
  querySpans: Tensor;
  /** (N, H, 2), whose first is the log of the softmax's denominator. */
  stats: Tensor;
  /** (N, H, D) */
  out: Tensor;
  scale: number;
}

/**
 * What one row attends to in each head.
 *
 * @param row  u32 (1), below N, which the kernel cannot check
 * @returns    (H, S), a softmax over the row's keys in each head, 0 elsewhere
 */
export function attentionOfRow(tape: Tape, attended: Attended, row: Tensor): Tensor {
  expectShape(row, 1);
  const { H, S } = sizesOf(attended);
  const weights = tape.empty("attention_map.weights", [H, S]);
  dispatch(tape.plan, "map_row", attended, { row, weights });
  return weights;
}

/**
 * One layer of attention rollout, from its output to its input: what each row hands on, half by itself (the residual) and half
 * by the mean of the heads.
 *
 * @param carried  (N), how much of what is asked comes from each row of the layer's output
 * @returns        (N), from each row of its input
 * @throws RangeError where rows attend to others than themselves
 */
export function carryAttention(tape: Tape, attended: Attended, carried: Tensor): Tensor {
  const { N, S } = sizesOf(attended);
  if (N !== S)
    throw new RangeError(`${attended.q.name} has ${N} rows and ${S} keys; only rows that attend to each other carry`);
  expectShape(carried, N);
  const weights = tape.empty("attention_map.carried", [N]);
  dispatch(tape.plan, "carry", attended, { carried, weights });
  return weights;
}

function sizesOf({ q, k }: Attended): Record<"N" | "S" | "H" | "K" | "D", number> {
  const [N, H, D] = extents3(q);
  const [S, K] = extents3(k);
  if (k.dtype !== "f32") throw new TypeError(`${k.name} is of ${k.dtype}, maps are made of keys in f32`);
  return { N, S, H, K, D };
}

function dispatch(
  plan: Plan,
  entry: "map_row" | "carry",
  attended: Attended,
  tensors: { weights: Tensor; row?: Tensor; carried?: Tensor },
): void {
  const { q, k, querySpans, stats, scale } = attended;
  plan.dispatch({
    shader,
    entry,
    tensors: { q, k, query_spans: querySpans, stats, ...tensors },
    params: { ...sizesOf(attended), scale },
    groups: grid(size(tensors.weights.shape), 64),
  });
}
