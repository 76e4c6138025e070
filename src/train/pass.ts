import { Plan } from "../gpu/plan.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import { activationBytes, maxPassBytes } from "../model/activation_size.ts";
import type { Model } from "../model/model.ts";
import { visionPrefix } from "../model/names.ts";
import { TextRows } from "../model/text_rows.ts";
import type { VisionRows } from "../model/vision_rows.ts";
import { type GatherMap, gather, inverseOf } from "../ops/gather.ts";
import { logprob } from "../ops/logprob.ts";
import { nll, policyLoss } from "../ops/policy_loss.ts";
import { sharedOldLogprob } from "../ops/sequence_ratio.ts";
import type { RatioLevel } from "./loss_terms.ts";
import type { Packed, Target } from "./pack.ts";

/** A recorded pass of fixed capacity: forward, and backward where it trains. */
export interface Pass {
  plan: Plan;
  vision: VisionRows | null;
  rows: TextRows;
  pickRows: GatherMap & Required<Pick<GatherMap, "inverse">>;
  targets: Tensor;
  batch: { oldLogprob: Tensor; refLogprob: Tensor; advantage: Tensor; weight: Tensor };
  /** u32 (targets, 2): where each sequence's targets begin and end; null where ratios are the tokens' own. */
  sequenceSpans: Tensor | null;
  logprob: Tensor;
  entropy: Tensor;
  /** Of the loss, a row for each target; null where nothing is trained. */
  terms: Tensor | null;
}

/** What a pass is for; the backward pass of an entropy is recorded only where it is in the loss. */
export type PassKind = "forward" | "training" | "training with entropy";

export type LossKind = "policy" | "nll";

/** When layers store only their outputs and are computed again in the backward pass; gradients have the same bits either way. */
export const checkpointingChoices = ["auto", "on", "off"] as const;
export type Checkpointing = (typeof checkpointingChoices)[number];

/** Capacity of a pass: rows of text, patches and targets. */
export interface PassSize {
  rows: number;
  patches: number;
  targets: number;
}

/** Buffers that all passes of a learner read: u32 (V) of 0 and 1, f32 (1), `lossWords`. */
export interface LossState {
  allowed: Tensor;
  temperature: Tensor;
  lossSettings: Tensor;
}

export interface PassOptions {
  kind: PassKind;
  loss: LossKind;
  /** "token" by default. */
  ratioLevel?: RatioLevel;
  state: LossState;
}

/** Records a pass, with gradient checkpointing where that is asked for or the pass needs it. */
export function recordPass(
  model: Model,
  size: PassSize,
  { gradientCheckpointing, ...options }: PassOptions & { gradientCheckpointing: Checkpointing },
): Pass {
  const choice = options.kind === "forward" ? "off" : gradientCheckpointing;
  const trainsVision = model.trained.trainedShapes.some(({ name }) => name.startsWith(visionPrefix));
  // Recording takes a while where a pass is large; then it is clear without.
  const isClear = activationBytes(model.config, size.rows, trainsVision ? size.patches : 0) > 2 * maxPassBytes;
  const pass = recordOnce(model, size, options, choice === "on" || (choice === "auto" && isClear));
  if (choice !== "auto" || isClear || pass.plan.activationBytes <= maxPassBytes) return pass;
  pass.plan.free();
  return recordOnce(model, size, options, true);
}

function recordOnce(
  model: Model,
  { rows: N, patches: P, targets: R }: PassSize,
  { kind, loss, ratioLevel, state: { allowed, temperature, lossSettings } }: PassOptions,
  checkpointing: boolean,
): Pass {
  const training = kind !== "forward";
  const entropyGradient = kind === "training with entropy";
  const plan = new Plan(model.parameters.gpu, `${training ? "update" : "forward"} ${N} ${P} ${R}`, { reuse: true });
  const tape = new Tape(plan, training, checkpointing);
  if (training) model.trained.train(tape);
  const vision = P > 0 ? model.visionRows(plan, { capacity: P, trained: true }) : null;
  const rows = new TextRows(plan, {
    capacity: N,
    vocabSize: model.config.text.vocabSize,
    imageTokens: vision?.tokens ?? 0,
    trained: true,
  });
  const pickRows = {
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
  // At most a sequence for each target.
  const sequenceSpans =
    training && loss === "policy" && ratioLevel === "sequence" ? plan.empty("sequence_spans", [R, 2], "u32") : null;
  let terms: Tensor | null = null;
  if (training) {
    const oldLogprob = sequenceSpans
      ? sharedOldLogprob(tape, result.logprob, batch.oldLogprob, sequenceSpans)
      : batch.oldLogprob;
    terms =
      loss === "nll"
        ? nll(tape, result.logprob, batch.weight).terms
        : policyLoss(tape, {
            logprob: result.logprob,
            batch: { ...batch, oldLogprob },
            settings: lossSettings,
            entropy: entropyGradient ? result.entropy : undefined,
          }).terms;
    tape.backward();
  }
  for (const tensor of [result.logprob, result.entropy, terms]) if (tensor) plan.keep(tensor);
  return { plan, vision, rows, pickRows, targets, batch, sequenceSpans, ...result, terms };
}

/** Writes a batch into a pass's buffers; what is not used of its capacity becomes padding. */
export function fillPass(pass: Pass, packed: Packed, refLogprobs?: Float32Array): void {
  const { gpu } = pass.plan;
  const R = pass.targets.shape[0]!;
  pass.vision?.fill(packed.images);
  pass.rows.fill(packed.rows);
  const { targets } = packed;
  const words = new Uint32Array(R).fill(noIndex);
  words.set(packed.targetRows);
  const { start, entry } = inverseOf(words, pass.rows.capacity, R);
  gpu.write(pass.pickRows.index, words);
  gpu.write(pass.pickRows.inverse.start, start);
  gpu.write(pass.pickRows.inverse.entry, entry);
  for (let t = 0; t < targets.length; t++) words[t] = targets[t]!.token;
  gpu.write(pass.targets, words);
  const { weight, oldLogprob, advantage, refLogprob } = pass.batch;
  const column = new Float32Array(R);
  const write = (tensor: Tensor, of: (target: Target) => number) => {
    for (let t = 0; t < targets.length; t++) column[t] = of(targets[t]!);
    gpu.write(tensor, column);
  };
  write(weight, (target) => target.weight);
  write(oldLogprob, (target) => target.oldLogprob ?? 0);
  write(advantage, (target) => target.advantage ?? 0);
  column.fill(0);
  if (refLogprobs) column.set(refLogprobs.subarray(0, targets.length));
  gpu.write(refLogprob, column);
  if (pass.sequenceSpans) {
    const spans = new Uint32Array(2 * R);
    spans.set(packed.sequenceSpans);
    gpu.write(pass.sequenceSpans, spans);
  }
}
