import { describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { klKinds, type LossSettings, lossWordCount, lossWords, policyLoss } from "../../src/ops/policy_loss.ts";
import { lossTerms, sequenceLogRatio, type TokenOfLoss } from "../../src/train/loss_terms.ts";
import { gpu } from "../support/device.ts";

const usual: LossSettings = {
  clipRatioLow: 0.2,
  clipRatioHigh: 0.28,
  clipRatioC: 3,
  klLossCoef: 0,
  klLossType: "low_var_kl",
  entropyCoef: 0,
};

/** Terms and gradients of the kernel that training uses. */
async function kernel(tokens: readonly TokenOfLoss[], settings: LossSettings) {
  const plan = new Plan(gpu, "policy_loss");
  const tape = new Tape(plan);
  const N = tokens.length;
  const up = (name: string, of: (token: TokenOfLoss) => number) =>
    plan.upload(name, Float32Array.from(tokens, of), [N]);
  const logprob = up("logprob", (token) => token.logprob);
  const d = plan.upload("dlogprob", new Float32Array(N), [N]);
  tape.train(logprob, d);
  const { terms } = policyLoss(tape, {
    logprob,
    batch: {
      oldLogprob: up("old", (token) => token.oldLogprob),
      refLogprob: up("ref", (token) => token.refLogprob ?? token.logprob),
      advantage: up("advantage", (token) => token.advantage),
      weight: up("weight", (token) => token.weight),
    },
    settings: plan.upload("settings", lossWords(settings), [lossWordCount]),
  });
  plan.run();
  const [values, gradients] = await gpu.read(terms, d);
  plan.free();
  return tokens.map((_, n) => ({ terms: Array.from(values!.subarray(n * 6, n * 6 + 6)), gradient: gradients![n]! }));
}

/** Changes on both sides of each bound, and far away; both signs of the advantage, and none; padding. */
const tokens: TokenOfLoss[] = [-25, -2, -0.25, -0.125, 0, 0.125, 0.2, 0.5, 1.5, 25].flatMap((change, i) =>
  [0.75, -1.5, 0].map((advantage) => ({
    logprob: -3 + change,
    oldLogprob: -3,
    refLogprob: -3.5 + i * 0.25,
    advantage,
    weight: i === 4 && advantage === 0 ? 0 : 0.125 * (1 + (i % 3)),
  })),
);

describe("the loss of a token", () => {
  test.each(klKinds.flatMap((klLossType) => [0, 0.3].map((klLossCoef) => ({ ...usual, klLossType, klLossCoef }))))(
    "is the kernel's, term by term, with $klLossType weighed $klLossCoef",
    async (settings) => {
      const found = await kernel(tokens, settings);
      for (const [n, token] of tokens.entries()) {
        const own = lossTerms(token, settings);
        const { terms, gradient } = found[n]!;
        const [pg, kl, clipped, bounded, ratio] = terms as [number, number, number, number, number];
        const near = (value: number, expected: number) =>
          expect(Math.abs(value - expected), `token ${n}`).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected)));
        near(own.policyLoss, pg);
        near(own.kl, kl);
        near(own.ratio, ratio);
        near(own.slope, gradient);
        expect([own.isClipped, own.isBounded]).toEqual([clipped === 1, bounded === 1]);
        near(own.loss, token.weight === 0 ? 0 : token.weight * (pg + settings.klLossCoef * kl));
      }
    },
  );

  interface Case {
    suite: string;
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
    log_prob: number;
    ref_log_prob: number;
    low_var_kl: number;
  }

  test("is verl's, on its own cases", async () => {
    const text = await (await fetch(new URL("../golden/cases/losses.jsonl", import.meta.url))).text();
    const cases = text.split("\n").flatMap((line) => (line === "" ? [] : (JSON.parse(line) as Case)));
    const clips = cases.filter(({ suite }) => suite === "policy_loss_token");
    expect(clips.length).toBe(7);
    for (const one of clips) {
      const settings = { ...usual, clipRatioLow: one.clip_low, clipRatioHigh: one.clip_high, clipRatioC: one.clip_c };
      const token = { logprob: one.log_prob_minus_old, oldLogprob: 0, advantage: one.advantage, weight: 1 };
      const own = lossTerms(token, settings);
      expect(own.loss).toBeCloseTo(one.loss, 6);
      expect(own.slope).toBeCloseTo(one.d_loss_d_log_prob, 6);
      expect(own.ratio / one.ratio).toBeCloseTo(1, 6);
      expect([own.isClipped, own.isBounded]).toEqual([one.counts_in_clipfrac, one.counts_in_clipfrac_lower]);
    }
    const kls = cases.filter(({ suite }) => suite === "low_var_kl_token");
    expect(kls.length).toBeGreaterThan(0);
    for (const { log_prob: logprob, ref_log_prob: refLogprob, low_var_kl } of kls) {
      const token = { logprob, oldLogprob: logprob, refLogprob, advantage: 0, weight: 1 };
      expect(lossTerms(token, { ...usual, klLossCoef: 1 }).kl).toBeCloseTo(low_var_kl, 6);
    }
  });
});

describe("GSPO", () => {
  const settings = { ...usual, clipRatioLow: 3e-4, clipRatioHigh: 4e-4, clipRatioC: 0 };
  const old = [-1, -2, -0.5];

  /** The loss of a sequence by the paper's eq. 5 and 7: -min(A s, A clip s), s the geometric mean of the ratios. */
  const byPaper = (logprobs: readonly number[], advantage: number) => {
    const s = Math.exp(logprobs.reduce((sum, logprob, i) => sum + logprob - old[i]!, 0) / logprobs.length);
    const clipped = Math.min(1 + settings.clipRatioHigh, Math.max(1 - settings.clipRatioLow, s));
    return -Math.min(advantage * s, advantage * clipped);
  };
  const own = (logprobs: readonly number[], advantage: number) => {
    const logRatio = sequenceLogRatio(logprobs, old);
    return logprobs.map((logprob, i) =>
      lossTerms({ logprob, oldLogprob: old[i]!, advantage, weight: 1 / logprobs.length, logRatio }, settings),
    );
  };

  test.each([
    // The mean change is 1e-4, within the bounds, 0.1 above and 0.1 below them.
    { by: [0.1, -0.2, 0.1003], advantage: 1.5, clipped: false },
    { by: [0.1, 0.2, 0], advantage: 1.5, clipped: true },
    { by: [0.1, 0.2, 0], advantage: -1.5, clipped: false },
    { by: [-0.1, -0.2, 0], advantage: -1.5, clipped: true },
    { by: [-0.1, -0.2, 0], advantage: 1.5, clipped: false },
  ])("changes $by, advantage $advantage: the paper's loss and its slope", ({ by, advantage, clipped }) => {
    const logprobs = by.map((change, i) => old[i]! + change);
    const terms = own(logprobs, advantage);
    expect(terms.reduce((sum, { loss }) => sum + loss, 0)).toBeCloseTo(byPaper(logprobs, advantage), 10);
    for (const [i, { slope, isClipped }] of terms.entries()) {
      expect(isClipped).toBe(clipped);
      const moved = (shift: number) => logprobs.map((logprob, at) => logprob + (at === i ? shift : 0));
      const measured = (byPaper(moved(1e-6), advantage) - byPaper(moved(-1e-6), advantage)) / 2e-6;
      expect(slope).toBeCloseTo(measured, 6);
    }
  });

  test("a sequence's ratio stays below e^10, as in verl", () => {
    expect(sequenceLogRatio([0, 0], [-30, -10])).toBe(10);
    expect(sequenceLogRatio([], [])).toBe(0);
  });
});
