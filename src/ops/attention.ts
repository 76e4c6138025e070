import source from "../../shaders/attention.wgsl" with { type: "text" };
import backwardSource from "../../shaders/attention_backward.wgsl" with { type: "text" };
import decodeSource from "../../shaders/attention_decode.wgsl" with { type: "text" };
import forwardSource from "../../shaders/attention_forward.wgsl" with { type: "text" };
import type { Dispatch } from "../gpu/dispatch.ts";
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { cacheShaders, cacheTensors } from "./cache_kernels.ts";
import { inTiles } from "./product.ts";

const forward = cacheShaders("attention_forward", forwardSource);
const decode = cacheShaders("attention_decode", decodeSource);
const backward = new Shader("attention_backward", backwardSource);
/** What attention.wgsl computes with, by the end of the shader's name. */
export const elementParts = { "": elements("vec4f", "vec4"), scalar: elements("f32", "scalar") };
const vec4Shader = cacheShaders("attention", source, elementParts[""]);
const scalarShader = cacheShaders("attention_scalar", source, elementParts.scalar);

/** (row, head) pairs of a workgroup of 64: eight lanes each, as in the shader. */
const pairsPerGroup = 8;

/** Keys, or (row, head) pairs of a key head, that a workgroup of attention_backward.wgsl owns. */
const owned = 64;

/** Pairs of a workgroup of attention_forward.wgsl. */
const pairsPerTile = 64;
/** Keys of a tile. */
const keysPerTile = 64;
/** Most heads that a workgroup of attention_decode.wgsl takes. */
const mostHeads = 8;

/** @param read  the end of the functions of cache/ that read such an element */
function elements(type: string, read: string): string {
  const reader = (name: string) => `fn ${name}_at(at: u32) -> Element { return ${name}_${read}(at); }`;
  return `alias Element = ${type};\n${reader("key")}\n${reader("value")}`;
}

/** Sizes of attention_forward.wgsl and attention_backward.wgsl for heads of D. */
export const tileSizes = (D: number) => {
  const COLUMNS = Math.ceil(D / 64);
  const VALUES = [32, 16, 8, 8][COLUMNS - 1]!;
  return { WIDTH: D / 4, COLUMNS, VALUES, ROUNDS: 64 / VALUES, SUMS: 4 * COLUMNS };
};

/** Sizes of attention_decode.wgsl for heads of D, `heads` of which read a key head. */
export const decodeSizes = (D: number, heads: number) => {
  let HEADS = Math.min(mostHeads, heads);
  while (heads % HEADS !== 0) HEADS--;
  const HEAD_VEC4S = Math.ceil(HEADS / 4);
  return { WIDTH: D / 4, HEADS, HEAD_VEC4S, OUTPUTS: Math.ceil((D * HEAD_VEC4S) / 256) };
};

/**
 * How the forward pass computes. "tiles" and "rows" give the same bits: rows that are neighbours in a sequence, and
 * rows that have keys of their own. "lanes" has another order of sums and serves what suits neither.
 */
export type AttentionKernel = "lanes" | "tiles" | "rows";

/** A tile of 64 keys a workgroup, then the tiles of a row are joined. */
function attendRows(
  tape: Tape,
  tensors: Record<string, Tensor>,
  params: Record<"N" | "H" | "K" | "tiles", number>,
): void {
  const { N, H, K, tiles } = params;
  const D = tensors.q!.shape[2]!;
  const sizes = decodeSizes(D, H / K);
  tape.scratch("attention.parts", [N, tiles, H, D], (parts) =>
    tape.scratch("attention.part_stats", [N, tiles, H, 2], (part_stats) => {
      const dispatch = (entry: string, groups: readonly [number, number?, number?]) =>
        tape.plan.dispatch({
          shader: decode(tensors.k!),
          entry,
          tensors: { ...tensors, parts, part_stats },
          params,
          groups,
          sizes,
        });
      dispatch("attend", [N, H / sizes.HEADS, tiles]);
      dispatch("join", grid(N * H * D, 64));
    }),
  );
}

/** Whether tiles suit the device and heads of D. */
const suitsTiles = ({ gpu }: Tape, D: number): boolean => !gpu.plain && inTiles(gpu) && D % 4 === 0 && D <= 256;

function kernelFor(tape: Tape, D: number, heads: number, { mostKeys }: Spans): AttentionKernel {
  if (!suitsTiles(tape, D) || heads > pairsPerTile) return "lanes";
  return mostKeys ? "rows" : "tiles";
}

/** Whether the gradients are computed in tiles. Nine storage buffers are two more than the plain kernels need. */
const canTile = (tape: Tape, D: number): boolean =>
  suitsTiles(tape, D) && tape.gpu.device.limits.maxStorageBuffersPerShaderStage >= 9;

/** Who attends whom. In buffers, so that a replay may see other spans. */
export interface Spans {
  /** u32 (N, 4): row n attends the keys [x, y) and then [z, w); either may be empty, they may not overlap. */
  query: Tensor;
  /** u32 (S, 4): no rows but [x, y) and [z, w) attend key j; only the way back reads it. */
  key?: Tensor;
  /** Where each row has keys of its own, as in decoding: the most keys that a row may come to attend. */
  mostKeys?: number;
}

/**
 * Softmax attention over two spans of keys a row: vision, text, decoding, and training with a shared prefix.
 *
 * @param q      (N, H, D)
 * @param k      (S, K, D), K divides H: head h reads key head floor(h / (H / K)); in f32, or with v in bf16 from a cache
 * @param v      (S, K, D)
 * @param scale  of the scores, usually 1 / sqrt(D)
 * @param tiled  whether gradients may be computed in tiles; a test insists on either
 * @param kernel of the forward pass; a test insists on one
 * @returns      (N, H, D); 0 for a row with no keys
 */
export function attention(
  tape: Tape,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  spans: Spans,
  scale: number,
  tiled = canTile(tape, q.shape.at(-1)!),
  kernel?: AttentionKernel,
): Tensor {
  expectShape(q, -1, -1, -1);
  const [N, H, D] = q.shape as [number, number, number];
  expectShape(k, -1, -1, D);
  const [S, K] = k.shape as [number, number, number];
  expectShape(v, S, K, D);
  if (H % K !== 0)
    throw new RangeError(`${q.name} has ${H} heads, expected a multiple of the ${K} key heads of ${k.name}`);
  expectShape(spans.query, N, 4);
  if (k.dtype !== v.dtype)
    throw new TypeError(`${k.name} is of ${k.dtype}, ${v.name} of ${v.dtype}; expected one dtype`);
  if (k.dtype !== "f32" && [q, k, v].some((t) => tape.tracks(t)))
    throw new TypeError(`${k.name} is of ${k.dtype}, which attention that is to be trained cannot read`);
  if (spans.key) expectShape(spans.key, S, 4);
  else if ([q, k, v].some((t) => tape.tracks(t)))
    throw new TypeError(
      `attention of ${q.name} is to be trained, which needs spans.key (${S}, 4): the rows that attend each key`,
    );

  const readsVec4 = D % 4 === 0 && !tape.gpu.plain;
  const shader = (readsVec4 ? vec4Shader : scalarShader)(k);
  const WIDTH = readsVec4 ? 4 : 1;
  const sizes = { ELEMENTS: D / WIDTH, WIDTH };
  const params = { N, S, H, K, scale };
  const out = tape.empty("attention.out", [N, H, D]);
  const stats = tape.empty("attention.stats", [N, H, 2]);
  const inputs = { q, ...cacheTensors(k, v), query_spans: spans.query };
  const attend = (by: Pick<Dispatch, "shader" | "groups" | "sizes">) =>
    tape.plan.dispatch({ ...by, entry: "attend", tensors: { ...inputs, out, stats }, params });
  switch (kernel ?? kernelFor(tape, D, H / K, spans)) {
    case "tiles":
      attend({
        shader: forward(k),
        groups: [Math.ceil(N / Math.floor(pairsPerTile / (H / K))), K],
        sizes: tileSizes(D),
      });
      break;
    case "rows":
      attendRows(tape, { ...inputs, out, stats }, { ...params, tiles: Math.ceil((spans.mostKeys ?? S) / keysPerTile) });
      break;
    default:
      attend({ shader, groups: grid(N * H, pairsPerGroup), sizes });
  }

  tape.record(out, [q, k, v], () => {
    const dout = tape.gradient(out);
    tape.plan.dispatch({
      shader,
      entry: "project",
      tensors: { dout, out, stats },
      params,
      groups: grid(N * H, 64),
      sizes,
    });
    const tensors = { ...inputs, key_spans: spans.key!, dout, stats };
    const backprop = (entry: string, name: string, input: Tensor, pairs: number) => {
      const into = tape.into(input);
      if (into)
        tape.plan.dispatch({
          shader,
          entry,
          tensors: { ...tensors, [name]: into.d },
          params,
          groups: grid(pairs, pairsPerGroup),
          constants: into.constants,
          sizes,
        });
    };
    if (!tiled) {
      backprop("backprop_q", "dq", q, N * H);
      backprop("backprop_k", "dk", k, S * K);
      backprop("backprop_v", "dv", v, S * K);
      return;
    }
    const backpropInTiles = (
      own: Pick<Dispatch, "entry" | "groups" | "constants"> & { tensors: Dispatch["tensors"] },
    ) =>
      tape.plan.dispatch({
        shader: backward,
        params,
        sizes: tileSizes(D),
        ...own,
        tensors: { ...tensors, ...own.tensors },
      });
    const [intoQ, intoK, intoV] = [tape.into(q), tape.into(k), tape.into(v)];
    const G = H / K;
    if (intoQ)
      backpropInTiles({
        entry: "backprop_q",
        tensors: { dq: intoQ.d },
        groups: [Math.ceil((N * G) / owned), K],
        constants: intoQ.constants,
      });
    if (!intoK && !intoV) return;
    // Keys and values come from the same rows: where one is tracked, so is the other, but a caller may differ.
    const backpropKeys = (dk: Tensor, dv: Tensor, constants: { ADD: 0 | 1; ADD_V: 0 | 1 }) =>
      backpropInTiles({ entry: "backprop_kv", tensors: { dk, dv }, groups: [Math.ceil(S / owned), K, G], constants });
    if (G === 1 && intoK && intoV) {
      backpropKeys(intoK.d, intoV.d, { ADD: intoK.constants.ADD, ADD_V: intoV.constants.ADD });
      return;
    }
    tape.scratch("attention.dk", [G, S, K, D], (dk) =>
      tape.scratch("attention.dv", [G, S, K, D], (dv) => {
        backpropKeys(dk, dv, { ADD: 0, ADD_V: 0 });
        for (const [parts, into] of [
          [dk, intoK],
          [dv, intoV],
        ] as const)
          if (into)
            backpropInTiles({
              entry: "sum_parts",
              tensors: { parts, dk: into.d },
              groups: grid((S * K * D) / 4, 64),
              constants: into.constants,
            });
      }),
    );
  });
  return out;
}
