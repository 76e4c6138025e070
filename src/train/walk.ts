import { Plan } from "../gpu/plan.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import { activationBytes, maxPassBytes } from "../model/activation_size.ts";
import type { Model } from "../model/model.ts";
import { TextRows } from "../model/text_rows.ts";
import type { VisionRows } from "../model/vision_rows.ts";
import { type GatherMap, gather, inverseOf } from "../ops/gather.ts";
import { logprob } from "../ops/logprob.ts";
import { nll, policyLoss } from "../ops/policy_loss.ts";
import type { Packed } from "./pack.ts";

const visionPrefix = "model.visual.";

/** A recorded walk of fixed capacity: forward, and for training the way back. */
export interface Walk {
  plan: Plan;
  vision: VisionRows | null;
  rows: TextRows;
  pickRows: GatherMap;
  targets: Tensor;
  batch: { oldLogprob: Tensor; refLogprob: Tensor; advantage: Tensor; weight: Tensor };
  logprob: Tensor;
  entropy: Tensor;
  terms: Tensor | null;
}

/** What a walk is for; the way back of an entropy is recorded only where it is in the loss. */
export type WalkKind = "forward" | "training" | "training with entropy";

export type LossKind = "policy" | "nll";

/** When layers keep only what they hand on, and are made again on the way back; gradients have the same bits either way. */
export const checkpointingChoices = ["auto", "on", "off"] as const;

/** What a walk is recorded for: rows of text, patches and targets, at most. */
export interface WalkSize {
  rows: number;
  patches: number;
  targets: number;
}

/** Buffers that all walks of a learner read: u32 (V) of 0 and 1, f32 (1), f32 (8). */
export interface LossState {
  allowed: Tensor;
  temperature: Tensor;
  lossSettings: Tensor;
}

/** Records a walk of a size, with checkpointing where that is asked for or the walk needs it. */
export function recordWalk(
  model: Model,
  loss: LossKind,
  state: LossState,
  size: WalkSize,
  kind: WalkKind,
  gradientCheckpointing: (typeof checkpointingChoices)[number],
): Walk {
  const choice = kind === "forward" ? "off" : gradientCheckpointing;
  const trainsVision = model.trained.shapes.some(({ name }) => name.startsWith(visionPrefix));
  // Recording takes a while where a walk is large; then it is clear without.
  const isClear = activationBytes(model.config, size.rows, trainsVision ? size.patches : 0) > 2 * maxPassBytes;
  const record = (checkpointing: boolean) => recordOnce(model, loss, state, size, kind, checkpointing);
  const walk = record(choice === "on" || (choice === "auto" && isClear));
  if (choice !== "auto" || isClear || walk.plan.activationBytes <= maxPassBytes) return walk;
  walk.plan.free();
  return record(true);
}

function recordOnce(
  model: Model,
  loss: LossKind,
  { allowed, temperature, lossSettings }: LossState,
  { rows: N, patches: P, targets: R }: WalkSize,
  kind: WalkKind,
  checkpointing: boolean,
): Walk {
  const training = kind !== "forward";
  const entropyGradient = kind === "training with entropy";
  const plan = new Plan(model.parameters.gpu, `walk ${N} ${P} ${R}`, { reuse: true });
  const tape = new Tape(plan, training, checkpointing);
  if (training) model.trained.train(tape);
  const vision = P > 0 ? model.visionRows(plan, { capacity: P, trained: true }) : null;
  const rows = new TextRows(plan, {
    capacity: N,
    vocabSize: model.config.text.vocabSize,
    imageTokens: vision?.tokens ?? 0,
    trained: true,
  });
  const pickRows: GatherMap = {
    index: plan.empty("targets.rows", [R, 1], "u32"),
    inverse: { start: plan.empty("targets.start", [N + 1], "u32"), entry: plan.empty("targets.entry", [R], "u32") },
  };
  const targets = plan.empty("targets.tokens", [R], "u32");
  const column = (name: string) => plan.empty(name, [R]);
  const batch = {
    oldLogprob: column("old_logprob"),
    refLogprob: column("ref_logprob"),
    advantage: column("advantage"),
    weight: column("weight"),
  };

  const hidden = model.text(tape, { rows, vision: vision && model.vision(tape, vision) });
  const picked = gather(tape, hidden, pickRows);
  const result = logprob(tape, { h: picked, weight: model.head, targets, allowed, temperature }, { entropyGradient });
  let terms: Tensor | null = null;
  if (training) {
    terms =
      loss === "nll"
        ? nll(tape, result.logprob, batch.weight).terms
        : policyLoss(tape, {
            logprob: result.logprob,
            batch,
            settings: lossSettings,
            entropy: entropyGradient ? result.entropy : undefined,
          }).terms;
    tape.backward();
  }
  for (const tensor of [result.logprob, result.entropy, terms]) if (tensor) plan.keep(tensor);
  return { plan, vision, rows, pickRows, targets, batch, ...result, terms };
}

/** Writes a batch into a walk's buffers; what is not used of its size becomes padding. */
export function fillWalk(walk: Walk, packed: Packed, refLogprobs?: Float32Array): void {
  const { gpu } = walk.plan;
  const R = walk.targets.shape[0]!;
  walk.vision?.fill(packed.images);
  walk.rows.fill(packed.rows);
  const rows = new Uint32Array(R).fill(noIndex);
  rows.set(packed.targetRows);
  const { start, entry } = inverseOf(rows, walk.rows.capacity, R);
  gpu.write(walk.pickRows.index, rows);
  gpu.write(walk.pickRows.inverse!.start, start);
  gpu.write(walk.pickRows.inverse!.entry, entry);
  const tokens = new Uint32Array(R).fill(noIndex);
  tokens.set(packed.targets.map((t) => t.token));
  gpu.write(walk.targets, tokens);
  const column = (tensor: Tensor, value: (index: number) => number) => {
    const array = new Float32Array(R);
    packed.targets.forEach((_, i) => {
      array[i] = value(i);
    });
    gpu.write(tensor, array);
  };
  column(walk.batch.weight, (i) => packed.targets[i]!.weight);
  column(walk.batch.oldLogprob, (i) => packed.targets[i]!.oldLogprob ?? 0);
  column(walk.batch.advantage, (i) => packed.targets[i]!.advantage ?? 0);
  column(walk.batch.refLogprob, (i) => refLogprobs?.[i] ?? 0);
}
