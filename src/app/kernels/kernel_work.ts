import type { Dispatch } from "../../gpu/dispatch.ts";
import type { KernelTime } from "../../gpu/kernel_times.ts";
import { bytesOf, size, type Tensor } from "../../gpu/tensor.ts";

/** What a dispatch has to do at least, whatever its kernel is like. */
export interface Work {
  /** Floating point operations of its products; 0 where memory is what it waits for. */
  flops: number;
  /** Bytes to read and write, each number once. */
  bytes: number;
  /** Whether this is the most that it may be: what says how much there is to do could not be read. */
  isMost?: boolean;
}

/** Bytes of a tensor's numbers, and of its scales. */
const bytesWith = (tensor: Tensor): number => bytesOf(tensor) + (tensor.scales ? bytesOf(tensor.scales) : 0);

/**
 * What a dispatch has to do; null for a kernel that is not in the table.
 *
 * @param spans  contents of `query_spans`, for attention
 */
export function workOf(dispatch: Dispatch, spans?: Uint32Array): Work | null {
  const { shader, entry } = dispatch;
  // A kernel that reads weights has a shader for each dtype.
  const name = shader.name.replace(/_(bf16|f16|i8|i4|nf4)$/, "").replace(/_unshared$/, "");
  if (/^(product|linear)/.test(name) && /^(multiply|backprop)/.test(entry)) return productWork(dispatch);
  if (name === "attention_map") return mapWork(dispatch);
  if (name.startsWith("attention")) return attentionWork(dispatch, spans);
  const { table, weight_data, weight_scales, k, v, out, dout, dx } = dispatch.tensors;
  const bytes = (without: readonly (Tensor | undefined)[] = []) => streamed(dispatch, without);
  switch (name) {
    case "decode":
      return entry === "arrange" ? { flops: 0, bytes: 2 * bytesOf(dispatch.tensors.arranged!) } : decodeWork(dispatch);
    case "gather":
    case "gather_vec4":
      // Of a table only the rows that are named; in the backward pass all of it, of which most rows are only set.
      if (entry !== "pick") return { flops: 0, bytes: bytes() };
      return { flops: 0, bytes: bytes([table, weight_data, weight_scales]) + pickedBytes(dispatch) };
    case "heads":
      // A few rows of it are written into a cache: as much is read as is written.
      if (dispatch.constants?.CACHE !== 1) return { flops: 0, bytes: bytes() };
      return { flops: 0, bytes: bytes([k, v]) + spreadBytes(dispatch) };
    case "join":
      // Some columns of what is bound whole.
      return { flops: 0, bytes: entry === "put" ? 2 * bytes([out]) : bytes([dout]) + bytesOf(dx!) };
    case "low_rank":
      return lowRankWork(dispatch);
    case "rope":
      // Its angles are few, and stay in a cache.
      return { flops: 0, bytes: bytes([table]) };
    case "swiglu":
      // Gate and up are read where their gradients are written.
      return { flops: 0, bytes: bytes() + (entry === "backprop_over" ? bytesOf(dispatch.tensors.dpacked!) : 0) };
    default:
      return streaming.has(name) ? { flops: 0, bytes: bytes() } : null;
  }
}

/** Kernels that pass once over everything that is bound. */
const streaming = new Set([
  "adamw",
  "add",
  "gelu",
  "layernorm",
  "linear",
  "logprob",
  "partials",
  "patchify",
  "policy_loss",
  "product_matrix_halves",
  "random",
  "resize",
  "rmsnorm",
  "round",
  "sample",
  "scene",
  "sequence_ratio",
  "weight_range",
]);

/** Bytes of all bindings but some; what is added to is read and written. */
function streamed({ shader, entry, tensors, constants }: Dispatch, without: readonly (Tensor | undefined)[]): number {
  // A binding that a constant switches off is given some other tensor, which then counts once.
  const bound = new Map<Tensor, number>();
  for (const name of shader.uses(entry)) {
    const tensor = tensors[name];
    if (name === "params" || !tensor || without.includes(tensor)) continue;
    const isAdded = shader.bindings.get(name)!.kind === "read_write" && constants?.ADD === 1;
    bound.set(tensor, Math.max(bound.get(tensor) ?? 0, isAdded ? 2 : 1));
  }
  return [...bound].reduce((sum, [tensor, times]) => sum + times * bytesOf(tensor), 0);
}

/** Of one token, which is what a trace has, of all conversations: products with every weight, which is read once. */
function decodeWork({ params, tensors }: Dispatch): Work {
  const { weights, samples } = tensors;
  const { B } = params as { B: number };
  const ofSamples = (bytesOf(samples!) / size(samples!.shape.slice(0, 2))) * B;
  return { flops: 2 * B * size(weights!.shape), bytes: bytesOf(weights!) + ofSamples, isMost: true };
}

/** Of one row, or at most of all pairs of rows: not all of them attend to each other. */
function mapWork(dispatch: Dispatch): Work {
  const { N, S, H, D } = dispatch.params as Record<"N" | "S" | "H" | "D", number>;
  const isOne = dispatch.entry === "map_row";
  return { flops: 2 * (isOne ? 1 : N) * S * H * D, bytes: streamed(dispatch, []), isMost: true };
}

/** A table's rows that `pick` reads. */
function pickedBytes({ params, tensors }: Dispatch): number {
  const { N, E } = params as { N: number; E: number };
  const table = (tensors.table ?? tensors.weight_data)!;
  return (bytesWith(table) * N * E) / table.shape[0]!;
}

/** Keys and values of the rows that `heads` writes into a cache. */
function spreadBytes({ params, tensors }: Dispatch): number {
  const { N, K, half } = params as { N: number; K: number; half: number };
  return 2 * bytesOf({ shape: [N, K, 2 * half], dtype: tensors.k!.dtype });
}

function productWork({ entry, params, tensors, constants }: Dispatch): Work {
  const { N, I, O, splits = 1 } = params as { N: number; I: number; O: number; splits?: number };
  const weight = tensors.weight_data ?? tensors.weight;
  // Of a packed weight only this layer's rows.
  const weightBytes = weight ? (bytesWith(weight) * O) / weight.shape[0]! : 0;
  const flops = 2 * N * I * O;
  if (entry.startsWith("multiply")) {
    const columns = constants?.GATED === 1 ? O / 2 : O;
    // What an adapter adds when the product is done.
    const term = constants?.LOW === 1 ? { R: params!.R!, P: params!.P! } : { R: 0, P: 0 };
    const numbers = N * I + N * columns * (constants?.RESIDUAL === 1 ? 2 : 1) + (N * term.P + O) * term.R;
    return { flops: flops + 2 * N * O * term.R, bytes: weightBytes + 4 * numbers };
  }
  if (entry.startsWith("backprop_x"))
    return { flops, bytes: weightBytes + 4 * (N * O + N * I * (constants?.ADD === 1 ? 2 : 1)) };
  const partials = 4 * splits * O * I;
  // Gradients of x and weight in one: dout is read once.
  if (entry === "backprop")
    return {
      flops: 2 * flops,
      bytes: weightBytes + 4 * (N * O + N * I * (constants?.ADD === 1 ? 3 : 2)) + partials,
    };
  return { flops, bytes: 4 * (N * I + N * O) + partials };
}

/** Two operations for each row, column and rank; of rows that are bound whole only the adapter's columns. */
function lowRankWork({ entry, params, tensors }: Dispatch): Work {
  const { N, count, R, P, splits } = params as Record<"N" | "count" | "R" | "P" | "splits", number>;
  const [low, up, columns] = [N * P * R, count * R, N * count];
  const numbers = entry === "add" ? low + up + 2 * columns : columns + (tensors.low ? low : up);
  const partial = entry === "add" ? 0 : splits * (tensors.low ? up : low);
  return { flops: 2 * N * count * R, bytes: 4 * (numbers + partial) };
}

/** Products of D numbers for each pair of query and key, and which of q, k, v and their like a kernel reads and writes. */
const partsOfAttention: Readonly<Record<string, { products: number; ofRows: number; ofKeys: number }>> = {
  // q kT and p v.
  attend: { products: 2, ofRows: 2, ofKeys: 2 },
  attend_whole: { products: 2, ofRows: 2, ofKeys: 2 },
  // q kT and dout vT again, and ds k.
  backprop_q: { products: 3, ofRows: 3, ofKeys: 2 },
  // The two again, dsT q and pT dout.
  // Both of the last two.
  backprop: { products: 7, ofRows: 5, ofKeys: 6 },
  backprop_kv: { products: 4, ofRows: 2, ofKeys: 4 },
  backprop_k: { products: 3, ofRows: 2, ofKeys: 3 },
  backprop_v: { products: 2, ofRows: 2, ofKeys: 2 },
};

function attentionWork(dispatch: Dispatch, spans?: Uint32Array): Work | null {
  const { entry, params, tensors } = dispatch;
  const parts = partsOfAttention[entry];
  if (entry === "project" || entry.startsWith("sum_")) return { flops: 0, bytes: streamed(dispatch, []) };
  if (entry === "join") return joinWork(dispatch, spans);
  if (!parts) return null;
  const { N, S, H, K } = params as { N: number; S: number; H: number; K: number };
  const D = size(tensors.q!.shape) / (N * H);
  const { products, ofRows, ofKeys } = parts;
  const { pairs, keys } = spans ? attended(spans) : { pairs: N * S, keys: S };
  return {
    flops: products * 2 * pairs * H * D,
    bytes: ofRows * bytesOf(tensors.q!) + ofKeys * bytesOf({ shape: [keys, K, D], dtype: tensors.k!.dtype }),
    ...(spans ? {} : { isMost: true }),
  };
}

interface Attended {
  pairs: number;
  keys: number;
}

/** All layers of a pass have the same spans. */
const known = new WeakMap<Uint32Array, Attended>();

/** A row has capacity for a number of key tiles; those that it uses are read. */
function joinWork({ tensors }: Dispatch, spans?: Uint32Array): Work {
  const [out, parts] = [tensors.out!, tensors.parts!];
  if (!spans) return { flops: 0, bytes: bytesOf(parts) + bytesOf(out), isMost: true };
  const tiles = attended(spans).pairs / keysOfTile;
  const N = spans.length / 4;
  return { flops: 0, bytes: (bytesOf(out) / N) * (tiles + N) };
}

/** Keys that attention_decode.wgsl takes at one time. */
const keysOfTile = 64;

/** Pairs of a row and a key that it attends, and how many keys anybody attends. */
export function attended(spans: Uint32Array): Attended {
  const found = known.get(spans) ?? countAttended(spans);
  known.set(spans, found);
  return found;
}

function countAttended(spans: Uint32Array): Attended {
  const ranges: [from: number, to: number][] = [];
  let pairs = 0;
  for (let at = 0; at + 1 < spans.length; at += 2) {
    const [from, to] = [spans[at]!, spans[at + 1]!];
    if (to <= from) continue;
    pairs += to - from;
    ranges.push([from, to]);
  }
  ranges.sort(([a], [b]) => a - b);
  let keys = 0;
  let end = 0;
  for (const [from, to] of ranges) {
    keys += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return { pairs, keys };
}

/** Work of several kernels together; null where none of them is in the table. */
export function workOfAll(kernels: readonly Pick<KernelTime, "dispatch" | "spans">[]): Work | null {
  const works = kernels.flatMap(({ dispatch, spans }) => workOf(dispatch, spans) ?? []);
  if (works.length === 0) return null;
  return {
    flops: works.reduce((sum, { flops }) => sum + flops, 0),
    bytes: works.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(works.some(({ isMost }) => isMost) ? { isMost: true } : {}),
  };
}
