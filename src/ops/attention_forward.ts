import source from "../../shaders/attention.wgsl" with { type: "text" };
import decodeSource from "../../shaders/attention_decode.wgsl" with { type: "text" };
import forwardSource from "../../shaders/attention_forward.wgsl" with { type: "text" };
import narrowSource from "../../shaders/attention_forward_narrow.wgsl" with { type: "text" };
import unsharedSource from "../../shaders/attention_unshared.wgsl" with { type: "text" };
import spans from "../../shaders/shared/spans.wgsl" with { type: "text" };
import type { Dispatch } from "../gpu/dispatch.ts";
import { grid } from "../gpu/grid.ts";
import type { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { narrowForwardSizes, narrowHead } from "./attention_narrow.ts";
import { cacheShaders, cacheTensors } from "./cache_kernels.ts";
import { inTiles } from "./product.ts";

const forward = cacheShaders("attention_forward", forwardSource, spans);
const narrow = cacheShaders("attention_forward_narrow", narrowSource, spans);
const decode = cacheShaders("attention_decode", decodeSource, spans);
/** Element types of attention.wgsl, by suffix of the shader's name. */
export const elementParts = { "": elements("vec4f", "vec4"), scalar: elements("f32", "scalar") };
const vec4Shader = cacheShaders("attention", source, `${spans}\n${elementParts[""]}`);
const scalarShader = cacheShaders("attention_scalar", source, `${spans}\n${elementParts.scalar}`);

const unshared = cacheShaders("attention_unshared", unsharedSource, spans);

/** (row, head) pairs in a workgroup of attention.wgsl: 64 threads, eight for each. */
export const pairsPerGroup = 8;
/** Pairs in a workgroup of attention_forward.wgsl. */
const pairsPerTile = 64;
/** Keys in a tile. */
const keysPerTile = 64;
/** Up to this many tiles a row's keys are processed one tile after another: a second dispatch would take longer. */
const mostWholeTiles = 4;
/** Most heads in a workgroup of attention_decode.wgsl. */
const mostHeads = 8;

/** @param read  suffix of the functions in shaders/cache that read such an element */
function elements(type: string, read: string): string {
  const reader = (name: string) => `fn ${name}_at(at: u32) -> Element { return ${name}_${read}(at); }`;
  return `alias Element = ${type};\n${reader("key")}\n${reader("value")}`;
}

/** Constants of attention_forward.wgsl and attention_backward.wgsl for heads of D, at most 256. */
export const tileSizes = (D: number) => {
  const COLUMNS = Math.ceil(D / 64);
  const VALUES = COLUMNS === 1 ? 32 : COLUMNS === 2 ? 16 : 8;
  return { WIDTH: D / 4, COLUMNS, VALUES, ROUNDS: 64 / VALUES, SUMS: 4 * COLUMNS };
};

/** Constants of attention_decode.wgsl for heads of D, `heads` of which read a key head. */
export const decodeSizes = (D: number, heads: number) => {
  let HEADS = Math.min(mostHeads, heads);
  while (heads % HEADS !== 0) HEADS--;
  const HEAD_VEC4S = Math.ceil(HEADS / 4);
  return { WIDTH: D / 4, HEADS, HEAD_VEC4S, OUTPUTS: Math.ceil((D * HEAD_VEC4S) / 256) };
};

/**
 * Kernels of the forward pass. "tiles", "narrow", "rows" and "whole rows" give the same bits: for rows that are neighbours in a
 * sequence, with large heads and with small ones, and for rows with keys of their own, of which few are processed in one dispatch.
 * "lanes" sums in another order, and is for devices and head sizes that these do not support.
 */
export type AttentionKernel = "lanes" | "tiles" | "narrow" | "rows" | "whole rows";

/** A call of attention with its sizes. */
export interface AttentionCall {
  tape: Tape;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  /** u32 (N, 4) */
  querySpans: Tensor;
  params: Record<"N" | "S" | "H" | "K" | "scale", number>;
  D: number;
}

/** Whether kernels in tiles support the device and heads of D. */
export const suitsTiles = ({ gpu }: Tape, D: number): boolean => !gpu.plain && inTiles(gpu) && D % 4 === 0 && D <= 256;

/** @param mostKeys  given where each row has keys of its own */
function kernelFor({ tape, params: { H, K }, D }: AttentionCall, mostKeys?: number): AttentionKernel {
  if (!suitsTiles(tape, D) || H / K > pairsPerTile) return "lanes";
  if (!mostKeys) return D === narrowHead && H / K <= narrowForwardSizes.PAIRS ? "narrow" : "tiles";
  return mostKeys <= mostWholeTiles * keysPerTile ? "whole rows" : "rows";
}

/** The kernels of attention.wgsl, by vec4 where D allows it. */
export function laneKernels({ tape, k, D }: AttentionCall): { shader: Shader; sizes: Record<string, number> } {
  const WIDTH = D % 4 === 0 && !tape.gpu.plain ? 4 : 1;
  return { shader: (WIDTH === 4 ? vec4Shader : scalarShader)(k), sizes: { ELEMENTS: D / WIDTH, WIDTH } };
}

/** Threads in a workgroup of attention_unshared.wgsl. */
const unsharedThreads = 32;

/**
 * The kernel of attention_unshared.wgsl in place of one in lanes, where there is one for heads of D: larger ones take long to
 * compile unrolled, and of smaller ones Mesa's compiler rounds the unrolled sums of two products differently. Sampling and training
 * use one kernel, in blocks of one size.
 *
 * @param count  rows or keys, of which a thread computes BLOCK
 * @param heads  for each of them
 */
export function unsharedKernel(
  { tape, k, D }: AttentionCall,
  { entry, count, heads }: { entry: string; count: number; heads: number },
): Pick<Dispatch, "unshared"> {
  if (D % 4 !== 0 || D < 16 || D > 128 || tape.gpu.plain) return {};
  const BLOCK = D > 64 ? 1 : 2;
  const groups = grid(Math.ceil(count / BLOCK) * heads, unsharedThreads);
  return { unshared: { shader: unshared(k), entry, groups, sizes: { ELEMENTS: D / 4, BLOCK } } };
}

/** Records the forward pass into `out` (N, H, D) and `stats` (N, H, 2). */
export function attend(
  call: AttentionCall,
  { out, stats }: Record<"out" | "stats", Tensor>,
  { kernel, mostKeys }: { kernel?: AttentionKernel; mostKeys?: number },
): void {
  const { tape, q, k, v, querySpans, params, D } = call;
  const { N, S, H, K } = params;
  const tensors = { q, ...cacheTensors(k, v), query_spans: querySpans, out, stats };
  switch (kernel ?? kernelFor(call, mostKeys)) {
    case "narrow":
      tape.plan.dispatch({
        shader: narrow(k),
        entry: "attend",
        tensors,
        params,
        groups: [Math.ceil(N / Math.floor(narrowForwardSizes.PAIRS / (H / K))), K],
        sizes: narrowForwardSizes,
      });
      return;
    case "tiles":
      tape.plan.dispatch({
        shader: forward(k),
        entry: "attend",
        tensors,
        params,
        groups: [Math.ceil(N / Math.floor(pairsPerTile / (H / K))), K],
        sizes: tileSizes(D),
      });
      break;
    case "whole rows": {
      const sizes = decodeSizes(D, H / K);
      tape.plan.dispatch({
        shader: decode(k),
        entry: "attend_whole",
        tensors,
        params: { ...params, tiles: 0 },
        groups: [N, H / sizes.HEADS],
        sizes,
      });
      break;
    }
    case "rows":
      attendRows(call, tensors, Math.ceil((mostKeys ?? S) / keysPerTile));
      break;
    default:
      tape.plan.dispatch({
        ...laneKernels(call),
        entry: "attend",
        tensors,
        params,
        groups: grid(N * H, pairsPerGroup),
        ...unsharedKernel(call, { entry: "attend", count: N, heads: H }),
      });
  }
}

/** A workgroup for each tile of 64 keys of a row; a second dispatch combines the tiles of a row. */
function attendRows({ tape, k, params, D }: AttentionCall, tensors: Record<string, Tensor>, tiles: number): void {
  const { N, H, K } = params;
  const sizes = decodeSizes(D, H / K);
  tape.scratch("attention.parts", [N, tiles, H, D], (parts) =>
    tape.scratch("attention.part_stats", [N, tiles, H, 2], (part_stats) => {
      const dispatch = (entry: string, groups: readonly [number, number?, number?]) =>
        tape.plan.dispatch({
          shader: decode(k),
          entry,
          tensors: { ...tensors, parts, part_stats },
          params: { ...params, tiles },
          groups,
          sizes,
        });
      dispatch("attend", [N, H / sizes.HEADS, tiles]);
      dispatch("join", grid(N * H * D, 64));
    }),
  );
}
