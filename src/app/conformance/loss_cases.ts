import type { Gpu } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import { Tape } from "../../gpu/tape.ts";
import { lossWordCount, lossWords, policyLoss } from "../../ops/policy_loss.ts";
import { advantages } from "../../train/advantage.ts";
import { type Aggregation, tokenWeights } from "../../train/aggregation.ts";
import { close, type Outcome, same } from "./outcome.ts";

export interface AdvantageCase {
  id: string;
  rewards: number[];
  advantages: number[];
  advantages_without_std_norm: number[];
}

export interface PolicyCase {
  id: string;
  log_prob_minus_old: number;
  advantage: number;
  clip_low: number;
  clip_high: number;
  clip_c: number;
  ratio: number;
  loss: number;
  counts_in_clipfrac: boolean;
  counts_in_clipfrac_lower: boolean;
  d_loss_d_log_prob: number;
}

export interface KlCase {
  id: string;
  log_prob: number;
  ref_log_prob: number;
  low_var_kl: number;
}

export interface AggregationCase {
  id: string;
  loss_matrix: number[][];
  response_mask: number[][];
  [mode: string]: unknown;
}

const tolerance = 1e-5;

export function* groupAdvantages({ id, rewards, ...want }: AdvantageCase): Generator<Outcome> {
  const of = (normAdvByStd: boolean) => advantages(rewards, { normAdvByStd }).map((value) => value ?? Number.NaN);
  yield close("advantages", id, { got: of(true), want: want.advantages, tolerance });
  yield close("advantages without deviation", id, {
    got: of(false),
    want: want.advantages_without_std_norm,
    tolerance,
  });
}

const modes: Record<string, Aggregation> = {
  "token-mean": "token-mean",
  "seq-mean-token-mean": "seq-mean-token-mean",
  "seq-mean-token-sum": "seq-mean-token-sum",
  "seq-mean-token-sum-norm_merge_commit": "seq-mean-token-sum-norm",
};

export function* aggregation(one: AggregationCase): Generator<Outcome> {
  const { id, loss_matrix, response_mask } = one;
  const lengths = response_mask.map((row) => row.reduce((sum, bit) => sum + bit, 0));
  for (const [field, mode] of Object.entries(modes)) {
    const want = one[field];
    if (typeof want !== "number") continue;
    const weights = tokenWeights(lengths, mode, response_mask[0]!.length);
    let loss = 0;
    for (const [i, row] of loss_matrix.entries())
      for (const [t, value] of row.entries()) if (response_mask[i]![t]) loss += weights[i]! * value;
    yield close(`aggregation, ${mode}`, id, { got: [loss], want: [want], tolerance });
  }
}

/** The terms of one token's loss on the GPU, and the gradient by its log-probability. */
async function onGpu(
  gpu: Gpu,
  token: { logprob: number; old: number; ref: number; advantage: number },
  clip: readonly [low: number, high: number, c: number],
) {
  const plan = new Plan(gpu, "conformance");
  try {
    const tape = new Tape(plan);
    const up = (name: string, ...values: number[]) => plan.upload(name, new Float32Array(values), [values.length]);
    const logprob = up("logprob", token.logprob);
    const d = up("dlogprob", 0);
    tape.train(logprob, d);
    const batch = {
      oldLogprob: up("old", token.old),
      refLogprob: up("ref", token.ref),
      advantage: up("advantage", token.advantage),
      weight: up("weight", 1),
    };
    const [clipRatioLow, clipRatioHigh, clipRatioC] = clip;
    const noPenalty = { klLossCoef: 0, klLossType: "low_var_kl", entropyCoef: 0 } as const;
    const settings = plan.upload("settings", lossWords({ clipRatioLow, clipRatioHigh, clipRatioC, ...noPenalty }), [
      lossWordCount,
    ]);
    const { terms } = policyLoss(tape, { logprob, batch, settings });
    tape.backward();
    plan.run();
    const [read, gradient] = await gpu.read(terms, d);
    const [loss, kl, clipped, clippedLower, ratio] = read as unknown as [number, number, number, number, number];
    return { loss, kl, clipped: clipped === 1, clippedLower: clippedLower === 1, ratio, gradient: gradient![0]! };
  } finally {
    plan.free();
  }
}

export async function* policy(gpu: Gpu, one: PolicyCase): AsyncGenerator<Outcome> {
  const token = { logprob: one.log_prob_minus_old, old: 0, ref: one.log_prob_minus_old, advantage: one.advantage };
  const got = await onGpu(gpu, token, [one.clip_low, one.clip_high, one.clip_c]);
  const { id } = one;
  yield close("policy loss", id, {
    got: [got.loss, got.ratio, got.gradient],
    want: [one.loss, one.ratio, one.d_loss_d_log_prob],
    tolerance,
  });
  yield same(
    "policy loss, clipped",
    id,
    [got.clipped, got.clippedLower],
    [one.counts_in_clipfrac, one.counts_in_clipfrac_lower],
  );
}

export async function* kl(gpu: Gpu, one: KlCase): AsyncGenerator<Outcome> {
  const token = { logprob: one.log_prob, old: one.log_prob, ref: one.ref_log_prob, advantage: 0 };
  const got = await onGpu(gpu, token, [0.2, 0.2, 3]);
  yield close("low-variance KL", one.id, { got: [got.kl], want: [one.low_var_kl], tolerance });
}
