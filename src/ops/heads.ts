import source from "../../shaders/heads.wgsl" with { type: "text" };
import sumLanes from "../../shaders/shared/sum_lanes.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into, Tape } from "../gpu/tape.ts";
import { expectShape, extents3, type Tensor } from "../gpu/tensor.ts";
import type { CacheDtype } from "./cache_kernels.ts";
import { sumPartials } from "./partials.ts";

const shader = new Shader("heads", source, sumLanes);

/** Heads up to this size are normalized by single threads, larger ones by a workgroup each. */
const shortHead = 64;

/** Rows in a split of the sum for the gradient of a norm's weight: few, since each row has many heads. */
const rowsPerSplit = 32;

export interface HeadOptions {
  /** Query heads. */
  H: number;
  /** Heads of keys, and of values. */
  K: number;
  /** cos and sin from `rotationsOf`, (N, D/2, 2). */
  rotations: Tensor;
  /** RMS norm of each head: the weight for queries, then that for keys, (2 D). */
  norm?: { weight: Tensor; eps: number };
  /** Keys and values are written into these rows of a cache, u32 (N) of (S, K, D), in its dtype. Without gradient. */
  cache?: { rows: Tensor; keys: Tensor; values: Tensor };
  /** Without a cache: keys and values are rounded to this dtype and stored in f32. Gradients pass unchanged. */
  rounded?: CacheDtype;
}

/**
 * Splits a packed projection into queries, keys and values, normalizes and rotates queries and keys, and writes keys and
 * values into a cache where there is one.
 *
 * @param packed  (N, (H + 2 K) D)
 * @returns       q (N, H, D), k and v (N, K, D), or the whole cache's (S, K, D)
 */
export function heads(
  tape: Tape,
  packed: Tensor,
  { H, K, rotations, norm, cache, rounded = "f32" }: HeadOptions,
): { q: Tensor; k: Tensor; v: Tensor } {
  expectShape(rotations, -1, -1, 2);
  const [N, half] = extents3(rotations);
  const D = 2 * half;
  expectShape(packed, N, (H + 2 * K) * D);
  if (norm) expectShape(norm.weight, 2 * D);
  if (cache) {
    expectShape(cache.rows, N);
    expectShape(cache.keys, -1, K, D);
    expectShape(cache.values, extents3(cache.keys)[0], K, D);
    if (cache.keys.dtype !== "f32" && D % 4 !== 0)
      throw new RangeError(
        `${cache.keys.name} is of ${cache.keys.dtype}, which needs heads whose size four divides, found ${D}`,
      );
    if (tape.tracks(packed)) throw new TypeError(`${packed.name} is to be trained, which a cache cannot be part of`);
  }
  const q = tape.empty("heads.q", [N, H, D]);
  const k = cache?.keys ?? tape.empty("heads.k", [N, K, D]);
  const v = cache?.values ?? tape.empty("heads.v", [N, K, D]);
  const rstd = norm && tape.empty("heads.rstd", [N, H + K]);
  const inputs = { packed, rotations, ...(norm && rstd ? { norm: norm.weight, rstd } : {}) };
  const params = { N, H, K, half, eps: norm?.eps ?? 0, splits: 1 };
  const variant = !norm ? "" : D <= shortHead ? "_normed_short" : "_normed";
  const isPacked = cache !== undefined && cache.keys.dtype === "bf16";
  const groupsOf = (pairs: number) =>
    variant === "_normed" ? grid(N * (H + 2 * K), 1) : grid((N * (H + 2 * K) * half) / pairs, 64);
  tape.plan.dispatch({
    shader,
    entry: `spread${variant}`,
    tensors: { ...inputs, index: cache?.rows ?? rotations, q, k, v },
    params,
    groups: groupsOf(isPacked ? 2 : 1),
    constants: {
      CACHE: cache ? 1 : 0,
      ROUNDED: isPacked || (!cache && rounded === "bf16") ? 1 : 0,
      PACKED: isPacked ? 1 : 0,
    },
  });
  if (cache) return { q, k, v };

  tape.record([q, k, v], [packed, norm?.weight], () => {
    const gradients = { dq: tape.gradient(q), dk: tape.gradient(k), dv: tape.gradient(v) };
    const intoNorm = norm && tape.into(norm.weight);
    const splits = Math.max(1, Math.ceil(N / rowsPerSplit));
    const dispatch = (entry: string, groups: readonly [number, number?], own: Record<string, Tensor>, add?: Into) =>
      tape.plan.dispatch({
        shader,
        entry,
        tensors: { ...inputs, ...gradients, ...own },
        params: { ...params, splits },
        groups,
        constants: add?.constants,
      });
    // One dispatch for both: it binds nine buffers, one more than every device has.
    const together =
      intoNorm &&
      tape.tracks(packed) &&
      variant === "_normed_short" &&
      tape.gpu.device.limits.maxStorageBuffersPerShaderStage >= 9;
    if (intoNorm)
      sumPartials(tape, "heads.partial", [splits, 2 * D], [{ into: intoNorm }], (partial) => {
        const columns = Math.ceil(D / 64);
        const pairs = Math.ceil((N * (H + 2 * K) * half) / 256);
        const into = together ? tape.into(packed) : null;
        if (into) dispatch("backprop_all_short", grid(pairs + columns * splits, 1), { partial, dpacked: into.d }, into);
        else dispatch("backprop_norm", [columns, splits], { partial });
      });
    const into = together ? null : tape.into(packed);
    if (into) dispatch(`backprop${variant}`, groupsOf(1), { dpacked: into.d }, into);
  });
  return { q, k, v };
}
