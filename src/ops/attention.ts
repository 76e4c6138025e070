import source from "../../shaders/attention.wgsl" with { type: "text" };
import tilesSource from "../../shaders/attention_tiles.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { inTiles } from "./product.ts";

const tiles = new Shader("attention_tiles", tilesSource);
/** What attention.wgsl computes with, by the end of the shader's name. */
export const elementParts = { "": "alias Element = vec4f;", ones: "alias Element = f32;" };
const fours = new Shader("attention", source, elementParts[""]);
const ones = new Shader("attention_ones", source, elementParts.ones);

/** (row, head) pairs of a workgroup of 64: eight lanes each, as in the shader. */
const pairsPerGroup = 8;

/** Keys, or (row, head) pairs of a key head, that a workgroup of attention_tiles.wgsl owns. */
const owned = 32;

/** Sizes of attention_tiles.wgsl for heads of D, within 32 KiB of workgroup memory; null where D does not suit. */
export function tileSizes(D: number): { ELEMENTS: number; TILE: number } | null {
  return D % 32 === 0 && D <= 256 ? { ELEMENTS: D / 32, TILE: D <= 128 ? 8 : 4 } : null;
}

/** Whether the gradients are computed in tiles. Nine storage buffers are two more than the plain kernels need. */
const canTile = ({ gpu }: Tape): boolean =>
  !gpu.plain && inTiles(gpu) && gpu.device.limits.maxStorageBuffersPerShaderStage >= 9;

/** Who attends whom. In buffers, so that a replay may see other spans. */
export interface Spans {
  /** u32 (N, 4): row n attends the keys [x, y) and then [z, w); either may be empty, they may not overlap. */
  query: Tensor;
  /** u32 (S, 4): no rows but [x, y) and [z, w) attend key j; only the way back reads it. */
  key?: Tensor;
}

/**
 * Softmax attention over two spans of keys a row: vision, text, decoding, and training with a shared prefix.
 *
 * @param q      (N, H, D)
 * @param k      (S, K, D), K divides H: head h reads key head floor(h / (H / K))
 * @param v      (S, K, D)
 * @param scale  of the scores, usually 1 / sqrt(D)
 * @param tiled  whether gradients may be computed in tiles; a test insists on either
 * @returns      (N, H, D); 0 for a row with no keys
 */
export function attention(
  tape: Tape,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  spans: Spans,
  scale: number,
  tiled = canTile(tape),
): Tensor {
  expectShape(q, -1, -1, -1);
  const [N, H, D] = q.shape as [number, number, number];
  expectShape(k, -1, -1, D);
  const [S, K] = k.shape as [number, number, number];
  expectShape(v, S, K, D);
  if (H % K !== 0)
    throw new RangeError(`${q.name} has ${H} heads, expected a multiple of the ${K} key heads of ${k.name}`);
  expectShape(spans.query, N, 4);
  if (spans.key) expectShape(spans.key, S, 4);
  else if ([q, k, v].some((t) => tape.tracks(t)))
    throw new TypeError(
      `attention of ${q.name} is to be trained, which needs spans.key (${S}, 4): the rows that attend each key`,
    );

  const byFours = D % 4 === 0 && !tape.gpu.plain;
  const shader = byFours ? fours : ones;
  const WIDTH = byFours ? 4 : 1;
  const sizes = { ELEMENTS: D / WIDTH, WIDTH };
  const params = { N, S, H, K, scale };
  const out = tape.empty("attention.out", [N, H, D]);
  const stats = tape.empty("attention.stats", [N, H, 2]);
  const inputs = { q, k, v, query_spans: spans.query };
  tape.plan.dispatch({
    shader,
    entry: "attend",
    tensors: { ...inputs, out, stats },
    params,
    groups: grid(N * H, pairsPerGroup),
    sizes,
  });

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
    const tile = tiled ? tileSizes(D) : null;
    if (!tile) {
      backprop("backprop_q", "dq", q, N * H);
      backprop("backprop_k", "dk", k, S * K);
      backprop("backprop_v", "dv", v, S * K);
      return;
    }
    const tiledBackprop = (entry: string, own: Record<string, Tensor>, count: number, constants: object) =>
      tape.plan.dispatch({
        shader: tiles,
        entry,
        tensors: { ...tensors, ...own },
        params,
        groups: [Math.ceil(count / owned), K],
        constants: { ...constants },
        sizes: tile,
      });
    const [intoQ, intoK, intoV] = [tape.into(q), tape.into(k), tape.into(v)];
    if (intoQ) tiledBackprop("backprop_q", { dq: intoQ.d }, N * (H / K), intoQ.constants);
    // Keys and values come from the same rows: where one is tracked, so is the other, but a caller may differ.
    const dk = intoK?.d ?? tape.empty("attention.dk", [S, K, D]);
    const dv = intoV?.d ?? tape.empty("attention.dv", [S, K, D]);
    const constants = { ADD: intoK?.constants.ADD ?? 0, ADD_V: intoV?.constants.ADD ?? 0 };
    if (intoK || intoV) tiledBackprop("backprop_kv", { dk, dv }, S, constants);
  });
  return out;
}
