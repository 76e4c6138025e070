import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { lossWordCount, lossWords, policyLoss } from "../../src/ops/policy_loss.ts";
import { sharedOldLogprob } from "../../src/ops/sequence_ratio.ts";
import { lossTerms, sequenceLogRatio } from "../../src/train/loss_terms.ts";
import { gpu } from "../support/device.ts";

const settings = {
  clipRatioLow: 3e-4,
  clipRatioHigh: 4e-4,
  clipRatioC: 0,
  klLossCoef: 0.04,
  klLossType: "low_var_kl",
  entropyCoef: 0,
} as const;

/** Sequences by their tokens' log-probabilities, when they were sampled and now, with an advantage. */
const sequences = [
  { old: [-1, -2, -0.5], now: [-0.9, -2.2, -0.3997], advantage: 1.5 },
  { old: [-1, -2], now: [-0.7, -1.9], advantage: -0.5 },
  { old: [-0.25], now: [-0.25], advantage: 2 },
  // So far away that verl's bound on the mean holds.
  { old: [-30, -12, -40, -20], now: [-1, -1, -1, -1], advantage: -0.75 },
];

test("GSPO: terms and gradients of every token are those of its sequence's ratio", async () => {
  const plan = new Plan(gpu, "sequence ratio");
  const tape = new Tape(plan);
  const tokens = sequences.flatMap(({ old, now, advantage }) => {
    const logRatio = sequenceLogRatio(now, old);
    return now.map((logprob, i) => ({
      logprob,
      oldLogprob: old[i]!,
      refLogprob: logprob - 0.3,
      advantage,
      weight: 1 / now.length,
      logRatio,
    }));
  });
  // Behind them: padding, and room for sequences that are not there.
  const N = tokens.length + 2;
  const up = (name: string, values: readonly number[]) =>
    plan.upload(
      name,
      Float32Array.from({ length: N }, (_, n) => values[n] ?? 0),
      [N],
    );
  const spans = new Uint32Array(2 * N);
  let at = 0;
  for (const [i, { now }] of sequences.entries()) {
    spans.set([at, at + now.length], 2 * i);
    at += now.length;
  }
  const logprob = up(
    "logprob",
    tokens.map((token) => token.logprob),
  );
  const d = plan.upload("dlogprob", new Float32Array(N), [N]);
  tape.train(logprob, d);
  const oldLogprob = up(
    "old",
    tokens.map((token) => token.oldLogprob),
  );
  const { terms } = policyLoss(tape, {
    logprob,
    batch: {
      oldLogprob: sharedOldLogprob(tape, logprob, oldLogprob, plan.upload("spans", spans, [N, 2])),
      refLogprob: up(
        "ref",
        tokens.map((token) => token.refLogprob),
      ),
      advantage: up(
        "advantage",
        tokens.map((token) => token.advantage),
      ),
      weight: up(
        "weight",
        tokens.map((token) => token.weight),
      ),
    },
    settings: plan.upload("settings", lossWords(settings), [lossWordCount]),
  });
  plan.run();
  const [values, gradients] = await gpu.read(terms, d);
  plan.free();
  const near = (value: number, expected: number) =>
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(expected)));
  for (const [n, token] of tokens.entries()) {
    const own = lossTerms(token, settings);
    near(values![n * 6]!, own.policyLoss);
    near(values![n * 6 + 1]!, own.kl);
    expect(values![n * 6 + 2]).toBe(own.isClipped ? 1 : 0);
    near(values![n * 6 + 4]!, own.ratio);
    near(gradients![n]!, own.slope);
  }
  // One token alone has the bits of its own ratio, and where nothing has changed that is 1.
  expect(values![5 * 6 + 4]).toBe(1);
  expect(Array.from(gradients!.subarray(tokens.length))).toEqual([0, 0]);
});
