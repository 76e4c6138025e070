import type { Dispatch, KernelTime } from "../gpu/plan.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

/** What a dispatch has to do at least, whatever its kernel is like. */
export interface Work {
  /** Floating point operations of its products; 0 where memory is what it waits for. */
  flops: number;
  /** Bytes to read and write, each number once. */
  bytes: number;
  /** Whether this is the most that it may be: what says how much there is to do could not be read. */
  isMost?: boolean;
}

/** Bytes of a tensor's numbers. */
const bytesOf = ({ shape }: Pick<Tensor, "shape">): number => size(shape) * 4;

/**
 * What a dispatch has to do; null for a kernel that is not in the table.
 *
 * @param spans  contents of `query_spans`, for attention
 */
export function workOf(dispatch: Dispatch, spans?: Uint32Array): Work | null {
  const { shader, entry } = dispatch;
  if (/^(product|linear)/.test(shader.name) && /^(multiply|backprop_x|backprop_weight)/.test(entry))
    return productWork(dispatch);
  if (shader.name.startsWith("attention") && partsOfAttention[entry] !== undefined)
    return attentionWork(dispatch, spans);
  const { table, dtable, keys, values } = dispatch.tensors;
  switch (shader.name) {
    case "gather":
      // Of a table only the rows that are named; on the way back all of it, of which most rows are only set.
      return { flops: 0, bytes: streamed(dispatch, entry === "pick" ? [table] : []) + pickedBytes(dispatch, dtable) };
    case "cache":
      // Keys and values come once and go once into a few rows of the cache.
      return { flops: 0, bytes: 2 * streamed(dispatch, [keys, values]) };
    case "rope":
      // Its angles are few, and stay in a cache.
      return { flops: 0, bytes: streamed(dispatch, [table]) };
    default:
      return streaming.has(shader.name) || entry === "project" ? { flops: 0, bytes: streamed(dispatch, []) } : null;
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
  "patchify",
  "policy_loss",
  "random",
  "rmsnorm",
  "sample",
  "swiglu",
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

/** A table's rows that `pick` reads; nothing more for the way back, whose table is bound whole. */
const pickedBytes = ({ params }: Dispatch, dtable: Tensor | undefined): number =>
  dtable ? 0 : params!.N! * params!.E! * params!.C! * 4;

function productWork({ entry, params, tensors, constants }: Dispatch): Work {
  const { N, I, O, splits = 1 } = params as { N: number; I: number; O: number; splits?: number };
  const weight = tensors.weight_data ?? tensors.weight4 ?? tensors.weight;
  // Of a packed weight only this layer's rows.
  const weightBytes = weight ? (bytesOf(weight) * O) / weight.shape[0]! : 0;
  const flops = 2 * N * I * O;
  if (entry.startsWith("multiply"))
    return { flops, bytes: weightBytes + 4 * (N * I + N * O * (constants?.RESIDUAL === 1 ? 2 : 1)) };
  if (entry.startsWith("backprop_x"))
    return { flops, bytes: weightBytes + 4 * (N * O + N * I * (constants?.ADD === 1 ? 2 : 1)) };
  return { flops, bytes: 4 * (N * I + N * O + splits * O * I) };
}

/** Products of D numbers for each pair of query and key, and which of q, k, v and their like a kernel reads and writes. */
const partsOfAttention: Readonly<Record<string, { products: number; ofRows: number; ofKeys: number }>> = {
  // q kT and p v.
  attend: { products: 2, ofRows: 2, ofKeys: 2 },
  // q kT and dout vT again, and ds k.
  backprop_q: { products: 3, ofRows: 3, ofKeys: 2 },
  // The two again, dsT q and pT dout.
  backprop_kv: { products: 4, ofRows: 2, ofKeys: 4 },
  backprop_k: { products: 3, ofRows: 2, ofKeys: 3 },
  backprop_v: { products: 2, ofRows: 2, ofKeys: 2 },
};

function attentionWork({ entry, params, tensors }: Dispatch, spans?: Uint32Array): Work {
  const { N, S, H, K } = params as { N: number; S: number; H: number; K: number };
  const D = size(tensors.q!.shape) / (N * H);
  const { products, ofRows, ofKeys } = partsOfAttention[entry]!;
  const { pairs, keys } = spans ? attended(spans) : { pairs: N * S, keys: S };
  return {
    flops: products * 2 * pairs * H * D,
    bytes: 4 * (ofRows * N * H * D + ofKeys * keys * K * D),
    ...(spans ? {} : { isMost: true }),
  };
}

interface Attended {
  pairs: number;
  keys: number;
}

/** All layers of a walk have the same spans. */
const known = new WeakMap<Uint32Array, Attended>();

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
