import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { TextRows } from "../model/text_rows.ts";
import { gather } from "../ops/gather.ts";
import { linear } from "../ops/linear.ts";
import type { UpdateSettings } from "./learner.ts";
import { type PackedGroup, pack } from "./pack.ts";

/** A token and its probability at one place. */
export interface Likelihood {
  token: number;
  probability: number;
}

/**
 * What the model as it is would write at each target of a group: the `count` likeliest tokens, likeliest first, and the
 * target itself behind them where it is not among them. One pass, recorded for this group and freed.
 */
export async function likelihoods(
  gpu: Gpu,
  model: Model,
  group: PackedGroup,
  { count, ...settings }: Pick<UpdateSettings, "temperature" | "suppressed"> & { count: number },
): Promise<Likelihood[][]> {
  const { imageTokenId, vision: visionConfig, text } = model.config;
  const merge = visionConfig.spatialMergeSize;
  const packed = pack([group], imageTokenId, merge);
  if (packed.targets.length === 0) return [];
  const patches = packed.images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0);
  const targetRows = new Uint32Array(bucket(packed.targets.length, 8)).fill(noIndex);
  targetRows.set(packed.targetRows);

  const plan = new Plan(gpu, "inspect", { reuse: true });
  try {
    const tape = new Tape(plan, false);
    const vision =
      patches > 0 ? model.visionRows(plan, { capacity: bucket(patches, merge ** 2), trained: false }) : null;
    const rows = new TextRows(plan, {
      capacity: bucket(packed.rows.tokens.length, 8),
      vocabSize: text.vocabSize,
      imageTokens: vision?.tokens ?? 0,
      trained: false,
    });
    const index = plan.empty("inspect.rows", [targetRows.length, 1], "u32");
    const hidden = model.text(tape, { rows, vision: vision && model.vision(tape, vision) });
    const logits = linear(tape, gather(tape, hidden, { index }), model.head);
    vision?.fill(packed.images);
    rows.fill(packed.rows);
    gpu.write(index, targetRows);
    plan.keep(logits);
    plan.run();
    const values = await gpu.read(logits);
    return packed.targets.map(({ token }, i) =>
      likeliest(values.subarray(i * text.vocabSize, (i + 1) * text.vocabSize), token, settings, count),
    );
  } finally {
    plan.free();
  }
}

/** The softmax of one row of logits, of which only the top and one token are wanted. */
export function likeliest(
  logits: Float32Array,
  token: number,
  { temperature, suppressed }: Pick<UpdateSettings, "temperature" | "suppressed">,
  count: number,
): Likelihood[] {
  const scaled = Float64Array.from(logits, (logit) => logit / temperature);
  for (const id of suppressed) scaled[id] = Number.NEGATIVE_INFINITY;
  const highest = scaled.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const sum = scaled.reduce((total, value) => total + Math.exp(value - highest), 0);
  const likelihood = (id: number): Likelihood => ({ token: id, probability: Math.exp(scaled[id]! - highest) / sum });
  const order = Array.from(scaled.keys()).sort((a, b) => scaled[b]! - scaled[a]! || a - b);
  const top = order.slice(0, count).filter((id) => scaled[id]! > Number.NEGATIVE_INFINITY);
  return (top.includes(token) ? top : [...top, token]).map(likelihood);
}
