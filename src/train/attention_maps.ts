import type { Gpu } from "../gpu/gpu.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { type Attended, attentionOfRow, carryAttention } from "../ops/attention_map.ts";
import { inspectPass } from "./inspect_pass.ts";
import type { Packed, PackedGroup } from "./pack.ts";

/** What one token that the model wrote was read from: the attention of the row before it, to the tokens of pictures. */
export interface AttentionMaps {
  /** Text layers with attention, and heads of each. */
  layers: number;
  heads: number;
  /** Image tokens of the pictures before the token, in the order of the text. */
  pictures: { across: number; down: number }[];
  /** (layers, heads, M), M all image tokens, picture by picture and row by row. The rest of each softmax is on text. */
  weights: Float32Array<ArrayBuffer>;
  /** (M), rolled out over the layers; null where that would take too much memory. */
  rolled: Float32Array<ArrayBuffer> | null;
  /** (layers, heads): what each softmax sums to over all keys; 1 but for rounding. */
  sums: Float32Array<ArrayBuffer>;
}

/** Rolling out holds the queries and keys of all layers; a run beside it needs the rest of the card. */
const mostHeldBytes = 2 ** 29;

/** Attention of the row from which a target was read. One pass, recorded for this group and freed. */
export async function attentionMaps(
  gpu: Gpu,
  model: Model,
  group: PackedGroup,
  target: number,
): Promise<AttentionMaps> {
  const layers: Attended[] = [];
  const maps: Tensor[] = [];
  const row = gpu.empty("attention_map.row", [1], "u32");
  let freePlan = () => {};
  try {
    const { plan, tape, packed } = inspectPass(gpu, model, group, (_, attended) => {
      layers.push(attended);
    });
    freePlan = () => plan.free();
    const from = packed.targetRows[target];
    if (from === undefined)
      throw new RangeError(`The rollout has ${packed.targets.length} tokens of the model, none has index ${target}`);
    for (const attended of layers) maps.push(attentionOfRow(tape, attended, row));
    const rolled = recordRollout(gpu, layers, (values) => plan.upload("attention_map.asked", values, [values.length]), {
      tape,
      from,
    });
    for (const tensor of [...maps, ...(rolled ? [rolled] : [])]) plan.keep(tensor);
    gpu.write(row, Uint32Array.of(from));
    plan.run();
    const values = await gpu.read(...maps, ...(rolled ? [rolled] : []));
    const all = Array.isArray(values) ? values : [values];
    return { ...gathered(packed, layers, all), pictures: picturesOf(packed, model) };
  } finally {
    freePlan();
    gpu.release(row.buffer);
  }
}

/** From the last layer down, what the row's output comes from; null where too much would be held for it. */
function recordRollout(
  gpu: Gpu,
  layers: readonly Attended[],
  upload: (values: Float32Array) => Tensor,
  { tape, from }: { tape: Parameters<typeof carryAttention>[0]; from: number },
): Tensor | null {
  const [first] = layers;
  if (!first) return null;
  const numbers = ({ shape }: Tensor) => shape.reduce((n, side) => n * side, 1);
  const held = layers.reduce((sum, { q, k }) => sum + 4 * (numbers(q) + numbers(k)), 0);
  if (held > Math.min(mostHeldBytes, gpu.device.limits.maxBufferSize)) return null;
  const asked = new Float32Array(first.q.shape[0]!);
  asked[from] = 1;
  return layers.reduceRight((carried, attended) => carryAttention(tape, attended, carried), upload(asked));
}

/** The image tokens' part of what was read: (H, S) of each layer, then (S) where it was rolled out. */
function gathered(
  { rows }: Packed,
  layers: readonly Attended[],
  values: readonly Float32Array[],
): Omit<AttentionMaps, "pictures"> {
  const keys = Array.from(rows.imageRows).flatMap((m, j) => (m === noIndex ? [] : [[m, j] as const]));
  const M = keys.length;
  const [H, S] = [layers[0]?.q.shape[1] ?? 0, layers[0]?.k.shape[0] ?? 0];
  const weights = new Float32Array(layers.length * H * M);
  const sums = new Float32Array(layers.length * H);
  for (let l = 0; l < layers.length; l++)
    for (let h = 0; h < H; h++) {
      const head = values[l]!.subarray(h * S, (h + 1) * S);
      sums[l * H + h] = head.reduce((sum, weight) => sum + weight, 0);
      for (const [m, j] of keys) weights[(l * H + h) * M + m] = head[j]!;
    }
  const carried = values[layers.length];
  const rolled = carried ? new Float32Array(M) : null;
  if (carried && rolled) for (const [m, j] of keys) rolled[m] = carried[j]!;
  return { layers: layers.length, heads: H, weights, rolled, sums };
}

function picturesOf({ images }: Packed, { config: { vision } }: Model): AttentionMaps["pictures"] {
  const { spatialMergeSize: side } = vision;
  return images.map(({ grid: { h, w } }) => ({ across: w / side, down: h / side }));
}
