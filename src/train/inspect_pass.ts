import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import type { TextInput } from "../model/passes.ts";
import { TextRows } from "../model/text_rows.ts";
import { gather } from "../ops/gather.ts";
import { type Packed, type PackedGroup, pack } from "./pack.ts";

/** A forward pass over one group, recorded for it and filled with it. */
export interface InspectPass {
  plan: Plan;
  tape: Tape;
  packed: Packed;
  /** The last hidden states that the targets are read from, (R, C) with R at least the number of targets. */
  picked: Tensor;
}

/** Rows of hidden states begin where a kernel can bind them. */
export const pickedStep = 64;

/** Records the pass of a group that only a question is about; the caller runs it and frees its plan. */
export function inspectPass(gpu: Gpu, model: Model, group: PackedGroup, attended?: TextInput["attended"]): InspectPass {
  const { imageTokenId, vision: visionConfig, text } = model.config;
  const merge = visionConfig.spatialMergeSize;
  const packed = pack([group], imageTokenId, merge);
  const patches = packed.images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0);
  const targetRows = new Uint32Array(bucket(packed.targets.length, pickedStep)).fill(noIndex);
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
    const index = plan.upload("inspect.rows", targetRows, [targetRows.length, 1]);
    const hidden = model.text(tape, { rows, vision: vision && model.vision(tape, vision), attended });
    const picked = gather(tape, hidden, { index });
    vision?.fill(packed.images);
    rows.fill(packed.rows);
    return { plan, tape, packed, picked };
  } catch (error) {
    plan.free();
    throw error;
  }
}
