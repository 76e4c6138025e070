import source from "../../shaders/decode.wgsl" with { type: "text" };
import conversation from "../../shaders/shared/conversation.wgsl" with { type: "text" };
import attention from "../../shaders/shared/decode_attention.wgsl" with { type: "text" };
import sampling from "../../shaders/shared/decode_sampling.wgsl" with { type: "text" };
import spans from "../../shaders/shared/spans.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/gpu.ts";
import { wordsOf } from "../gpu/params.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { inTiles } from "./product.ts";
import { type SampleState, sampleWordCount } from "./sample.ts";

const shader = new Shader("decode", [source, attention, sampling].join("\n"), [spans, conversation].join("\n"));

/** Threads of a workgroup. */
const threads = 256;
/** Storage buffers that `decode` binds: one more than every device has. */
const bindings = 9;
/** Heads up to this size have the order of sums that the kernel knows where they are normalized. */
const shortHead = 64;
/** Keys in a tile, and tiles that are attended side by side. */
const keysPerTile = 64;
const mostTiles = 4;
/** vec4 of weights that a thread has under way. */
const vec4sUnderWay = 16;
/** Query heads that a thread sums for a key. */
const mostHeadsOfKey = 8;

/** A decoder as src/model/text_decoder.ts computes it, whose layers all have full attention. */
export interface DecoderSizes {
  layers: number;
  /** Width of the residual stream. */
  C: number;
  H: number;
  K: number;
  D: number;
  /** Width of the feed-forward layers. */
  F: number;
  V: number;
  /** Whether heads of queries and keys are normalized. */
  headNorm: boolean;
  /** Whether queries, keys and values have a bias. */
  bias: boolean;
  /** Whether the embedding is the head as well. */
  tied: boolean;
}

/** A weight, (O, I), or a vector or table that stays as it is: (count). */
export interface DecoderWeight {
  /** First number in the buffer of all. */
  begin: number;
  shape: readonly [number] | readonly [number, number];
}

/** All weights of a decoder in one buffer. */
export interface DecoderWeights {
  source: Tensor;
  /**
   * Of each layer the norm, queries and keys and values, their bias, norms of heads, output, second norm, gate and up, down; then
   * the last norm, the head, and the embedding where it is not tied.
   */
  parts: readonly DecoderWeight[];
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Constants of decode.wgsl. @param rows  conversations in a workgroup */
export function decodeConstants({ layers, C, H, K, D, F, V, headNorm, bias, tied }: DecoderSizes, rows = 1) {
  const spread = (H + 2 * K) * D;
  // A quarter of each product's length in vec4.
  const AHEAD = [C, H * D, F].map((width) => width / 16).reduce(divisor, 8);
  const SIDE = vec4sUnderWay / AHEAD;
  const ofProducts = 4 * Math.max(spread, 2 * F, C, V);
  const ofSampling = 6 * threads;
  // As many tiles as the products' memory holds: however many keys there are, the kernel is compiled once.
  const ofTile = H * (keysPerTile + 8 + D);
  const TILES = Math.max(1, Math.min(mostTiles, Math.floor(Math.max(ofProducts, ofSampling) / ofTile)));
  return {
    ROWS: rows,
    LAYERS: layers,
    WIDTH: C / 4,
    HEADS: H,
    KEY_HEADS: K,
    GROUP: H / K,
    HEAD: D / 4,
    FEED: F / 4,
    VOCABULARY: V,
    NORMS: headNorm ? 1 : 0,
    BIAS: bias ? 1 : 0,
    TIED: tied ? 1 : 0,
    TILES,
    AHEAD,
    SIDE,
    KEY_AHEAD: divisor(D / 4, 8),
    LOADS: AHEAD * SIDE,
    SUMS: SIDE * rows,
    LONGEST: Math.max(C, H * D, F) / 4,
    JOINS: Math.ceil((rows * H * D) / 4 / threads),
    SCRATCH: rows * Math.max(ofProducts, ofTile * TILES, ofSampling),
  };
}

/** Bytes of workgroup memory that the kernel takes, at most. */
export function decodeWorkgroupBytes(sizes: DecoderSizes, rows = 1): number {
  const { ROWS, WIDTH, HEADS, KEY_HEADS, HEAD, VOCABULARY, LONGEST, SCRATCH } = decodeConstants(sizes, rows);
  const heads = 4 * HEAD * (HEADS + (HEADS + 2 * KEY_HEADS));
  // 64 lanes, and what is known of a row, with room for alignment.
  const perRow = 4 * WIDTH + 4 * LONGEST + heads + VOCABULARY + 64 + 16;
  return 4 * (ROWS * perRow + SCRATCH) + 64;
}

/**
 * Whether the kernel takes a decoder of these sizes on a device, with the bits of the ops that it stands for: their own kernels must be
 * those in tiles, and no matrix units may be among them.
 */
export function takesDecode(gpu: Gpu, sizes: DecoderSizes, rows = 1): boolean {
  const { C, H, K, D, F, V, headNorm } = sizes;
  const { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage } = gpu.device.limits;
  return (
    !gpu.plain &&
    inTiles(gpu) &&
    gpu.matrixUnits === null &&
    maxStorageBuffersPerShaderStage >= bindings &&
    [C, H * D, F].every((width) => width % 16 === 0) &&
    D % 8 === 0 &&
    D <= (headNorm ? shortHead : 256) &&
    V % 4 === 0 &&
    H % K === 0 &&
    H / K <= mostHeadsOfKey &&
    decodeWorkgroupBytes(sizes, rows) <= maxComputeWorkgroupStorageSize
  );
}

/** vec4 in a weight. */
const vec4sOf = ({ shape: [rows, columns = 1] }: DecoderWeight): number => (rows * columns) / 4;

/** How many numbers `arranged` of `decode` has. */
export const arrangedNumbers = ({ parts }: DecoderWeights): number =>
  4 * parts.reduce((sum, part) => sum + vec4sOf(part), 0);

/** Words of the orders of a run. @param slots  conversations, or `noIndex` */
export function decodeOrders(slots: Uint32Array, tokens: number): Uint32Array {
  const words = new Uint32Array(1 + slots.length);
  words[0] = tokens;
  words.set(slots, 1);
  return words;
}

export interface DecodeRun {
  sizes: DecoderSizes;
  weights: DecoderWeights;
  /** Keys and values of all layers, one after another, and numbers from keys to values and to the next layer's keys. */
  cache: { whole: Tensor; apart: number };
  /** (positions, D / 2, 2), from `ropeTable` */
  angles: Tensor;
  eps: number;
  /** u32 (1 + B), from `decodeOrders`. */
  orders: Tensor;
  sample: SampleState;
  /** Conversations in a workgroup. */
  rows?: number;
}

/** Samples as many tokens as `orders` says for each of B conversations, in two dispatches: the first arranges the weights. */
export function decode(plan: Plan, { sizes, weights, cache, angles, eps, orders, sample, rows }: DecodeRun): void {
  const B = lengthOf(orders) - 1;
  const { C, D, V } = sizes;
  const { conversations, places, sampling, allowed, samples } = sample;
  expectShape(angles, -1, D / 2, 2);
  expectShape(allowed, V);
  expectShape(samples, -1, -1, sampleWordCount);
  const constants = decodeConstants(sizes, rows);
  const arranged = plan.activation("decode.weights", [arrangedNumbers(weights)]);
  const words: number[] = [];
  let to = 0;
  let groups = 1;
  for (const part of weights.parts) {
    const [first, second] = part.shape;
    const [height, width] = second === undefined ? [1, first / 4] : [first, second / 4];
    words.push(...wordsOf(shader, "Move", { begin: part.begin / 4, to, rows: height, width }));
    to += height * width;
    groups = Math.max(
      groups,
      height === 1 ? Math.ceil(width / threads) : Math.ceil(height / 64) * Math.ceil(width / 4),
    );
  }
  const moves = plan.upload("decode.moves", new Uint32Array(words), [weights.parts.length, 4]);
  const params = { B, C, D, capacity: samples.shape[1]!, apart: cache.apart / 4, eps, scale: D ** -0.5 };
  plan.dispatch({
    shader,
    entry: "arrange",
    tensors: { source: weights.source, moves, arranged },
    params,
    groups: [groups, weights.parts.length],
    sizes: constants,
  });
  plan.dispatch({
    shader,
    entry: "decode",
    tensors: {
      weights: arranged,
      cache: cache.whole,
      angles,
      orders,
      conversations,
      places,
      sampling,
      allowed,
      samples,
    },
    params,
    groups: [Math.ceil(B / constants.ROWS)],
    sizes: constants,
  });
}
