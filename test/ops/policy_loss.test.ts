import { describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { klKinds, lossWordCount, lossWords, nll, policyLoss } from "../../src/ops/policy_loss.ts";
import { gpu } from "../support/device.ts";

interface PolicyCase {
  suite: "policy_loss_token";
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

interface KlCase {
  suite: "low_var_kl_token";
  log_prob: number;
  ref_log_prob: number;
  low_var_kl: number;
}

interface AggregationCase {
  suite: "loss_aggregation";
  loss_matrix: number[][];
  response_mask: number[][];
  "token-mean": number;
  "seq-mean-token-mean": number;
}

const cases = (await (await fetch(new URL("../golden/cases/losses.jsonl", import.meta.url))).text())
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as PolicyCase | KlCase | AggregationCase);

interface Rows {
  logprob: number[];
  old?: number[];
  ref?: number[];
  advantage?: number[];
  weight?: number[];
}

/** Clip low, clip high and c of the dual clip, the KL's coefficient and its kind, and the entropy's coefficient. */
const wordsFor = ([low = 0, high = 0, c = 0, kl = 0, kind = 0, entropyCoef = 0]: readonly number[]) =>
  lossWords({
    clipRatioLow: low,
    clipRatioHigh: high,
    clipRatioC: c,
    klLossCoef: kl,
    klLossType: klKinds[kind]!,
    entropyCoef,
  });

/** Terms, row by row, and the gradient; what was in the gradient before stays under it. */
async function run(rows: Rows, settings: number[], loss: "policy" | "nll" = "policy", before?: number[]) {
  const N = rows.logprob.length;
  const plan = new Plan(gpu, "policy_loss");
  const tape = new Tape(plan);
  const up = (name: string, values: number[]) => plan.upload(name, new Float32Array(values), [values.length]);
  const logprob = up("logprob", rows.logprob);
  const trained = up("trained", [0]);
  const d = up("dlogprob", before ?? Array(N).fill(0));
  // Either as a weight, whose gradient is added to, or as an activation, whose gradient is assigned.
  let arrived: Tensor = d;
  if (before) tape.train(logprob, d);
  else {
    tape.train(trained, up("dtrained", [0]));
    tape.record(logprob, [trained], () => {
      arrived = tape.gradient(logprob);
    });
  }
  const weight = up("weight", rows.weight ?? Array(N).fill(1));
  const batch = {
    oldLogprob: up("old", rows.old ?? rows.logprob),
    refLogprob: rows.ref && up("ref", rows.ref),
    advantage: up("advantage", rows.advantage ?? Array(N).fill(0)),
    weight,
  };
  const { terms } =
    loss === "nll"
      ? nll(tape, logprob, weight)
      : policyLoss(tape, {
          logprob,
          batch,
          settings: plan.upload("settings", wordsFor(settings), [lossWordCount]),
        });
  tape.backward();
  plan.run();
  plan.run();
  const [t, g] = await gpu.read(terms, arrived);
  plan.free();
  return { terms: t!, gradient: g! };
}

describe("policyLoss() agrees with verl's compute_policy_loss_vanilla", () => {
  const policy = cases.filter((c) => c.suite === "policy_loss_token");
  test("on seven tokens", () => {
    expect(policy.length).toBe(7);
  });
  test.each(policy)("$id: change $log_prob_minus_old, advantage $advantage", async (c) => {
    const rows = { logprob: [c.log_prob_minus_old - 1], old: [-1], advantage: [c.advantage] };
    const { terms, gradient } = await run(rows, [c.clip_low, c.clip_high, c.clip_c]);
    const [pg, kl, clipped, lower, ratio, k1] = Array.from(terms);
    expect(pg).toBeCloseTo(c.loss, 5);
    expect(kl).toBe(0);
    expect(clipped).toBe(c.counts_in_clipfrac ? 1 : 0);
    expect(lower).toBe(c.counts_in_clipfrac_lower ? 1 : 0);
    expect(Math.abs(ratio! / c.ratio - 1)).toBeLessThan(1e-5);
    expect(k1).toBeCloseTo(-c.log_prob_minus_old, 5);
    expect(gradient[0]).toBeCloseTo(c.d_loss_d_log_prob, 5);
  });

  test("in ppo_kl, the mean of old - new over the mask", async () => {
    const { terms } = await run({ logprob: [-1, -2, -3], old: [-1.5, -2, -2.75], advantage: [1, 1, 1] }, [0.2, 0.2, 3]);
    expect((terms[5]! + terms[11]! + terms[17]!) / 3).toBeCloseTo((-0.5 + 0 + 0.25) / 3, 6);
  });

  test.each(cases.filter((c) => c.suite === "low_var_kl_token"))("$id: KL of $log_prob to $ref_log_prob", async (c) => {
    const { terms } = await run({ logprob: [c.log_prob], ref: [c.ref_log_prob] }, [0.2, 0.2, 3, 1]);
    expect(terms[1]).toBeCloseTo(c.low_var_kl, 5);
  });
});

test("policyLoss() at ratio 1 has the gradient -A exactly, weighted", async () => {
  const { terms, gradient } = await run(
    { logprob: [-0.3, -7.7], advantage: [0.75, -1.5], weight: [0.25, 0.5] },
    [0.2, 0.28, 3],
  );
  expect(Array.from(gradient)).toEqual([-0.1875, 0.75]);
  expect([terms[4], terms[10]]).toEqual([1, 1]);
});

test("policyLoss() has the slope of its terms away from the corners", async () => {
  const changes = [-2, -0.5, -0.1, 0.05, 0.3, 0.9, 1.4];
  const base = { old: changes.map(() => -3), ref: changes.map((_, i) => -3.5 + i * 0.3) };
  for (const sign of [1, -1]) {
    const advantage = changes.map(() => sign * 0.8);
    const at = (shift: number) =>
      run({ ...base, advantage, logprob: changes.map((x) => x - 3 + shift) }, [0.2, 0.3, 2.5, 0.1]);
    const [below, here, above] = [await at(-1e-2), await at(0), await at(1e-2)];
    changes.forEach((_, n) => {
      const loss = (r: { terms: Float32Array }) => r.terms[n * 6]! + 0.1 * r.terms[n * 6 + 1]!;
      expect(here.gradient[n]).toBeCloseTo((loss(above) - loss(below)) / 2e-2, 2);
    });
  }
});

test("policyLoss() stops gradients outside the clamps of 20 and 10, as autograd does", async () => {
  const rows = { logprob: [-1, -30, -1, -6], old: [-30, -1, -1, -6], ref: [-1, -1, -30, -1], advantage: [-1, 1, 0, 0] };
  const { gradient, terms } = await run(rows, [1e9, 1, 1e9, 1]);
  expect(terms[4]! / Math.exp(20)).toBeCloseTo(1, 4);
  expect(Array.from(gradient, (x) => x + 0)).toEqual([0, 0, 0, 0]);
  // Just inside, it flows.
  const inside = await run({ logprob: [-3], ref: [-1], advantage: [0] }, [0.2, 0.2, 3, 1]);
  expect(inside.gradient[0]).toBeCloseTo(1 - Math.exp(2), 4);
});

describe("policyLoss() estimates the KL as verl's kl_penalty", () => {
  // By hand, of log-probability minus reference: k3 = exp(-x) + x - 1, k1 = x, |x|, x^2 / 2, and their slopes.
  const apart = [1, 0.25, 0, -0.5, -2, 60, -60];
  const inside = (x: number) => Math.abs(x) <= 20 && Math.exp(-x) + x - 1 <= 10;
  const formulas = {
    low_var_kl: [
      (x: number) => Math.min(10, Math.exp(-Math.max(-20, Math.min(20, x))) + Math.max(-20, Math.min(20, x)) - 1),
      (x: number) => (inside(x) ? 1 - Math.exp(-x) : 0),
    ],
    kl: [(x: number) => x, () => 1],
    abs: [Math.abs, Math.sign],
    mse: [(x: number) => x ** 2 / 2, (x: number) => x],
  } as const;
  test.each(klKinds)("%s", async (kind) => {
    const rows = { logprob: apart.map((x) => x - 70), ref: apart.map(() => -70), weight: apart.map((_, n) => n + 1) };
    const { terms, gradient } = await run(rows, [0.2, 0.2, 3, 0.5, klKinds.indexOf(kind)]);
    const [value, slope] = formulas[kind];
    apart.forEach((x, n) => {
      expect(terms[n * 6 + 1], `value at ${x}`).toBeCloseTo(value(x), 4);
      expect(gradient[n]! / (0.5 * (n + 1)), `slope at ${x}`).toBeCloseTo(slope(x), 4);
    });
  });

  test.each(klKinds)("%s, with the slope of its own values", async (kind) => {
    const changes = [-1.5, -0.4, 0.3, 1.1];
    const at = (shift: number) =>
      run({ logprob: changes.map((x) => x - 3 + shift), ref: changes.map(() => -3) }, [
        0.2,
        0.2,
        3,
        0.1,
        klKinds.indexOf(kind),
      ]);
    const [below, here, above] = [await at(-1e-2), await at(0), await at(1e-2)];
    changes.forEach((_, n) => {
      const difference = (above.terms[n * 6 + 1]! - below.terms[n * 6 + 1]!) / 2e-2;
      expect(here.gradient[n]).toBeCloseTo(0.1 * difference, 4);
    });
  });
});

test("policyLoss() hands minus the entropy's coefficient times the weight on to the entropy, and nothing else", async () => {
  const plan = new Plan(gpu, "policy_loss");
  const tape = new Tape(plan);
  const up = (name: string, values: number[]) => plan.upload(name, new Float32Array(values), [values.length]);
  const logprob = up("logprob", [-1, -2, -3]);
  const entropy = up("entropy", [0.5, 0.25, 0]);
  const [dlogprob, dentropy] = [up("dlogprob", [0, 0, 0]), up("dentropy", [1, 1, 1])];
  tape.train(logprob, dlogprob);
  tape.train(entropy, dentropy);
  const batch = { oldLogprob: logprob, advantage: up("advantage", [2, 2, 2]), weight: up("weight", [0.5, 0.25, 0]) };
  const settings = plan.upload("settings", wordsFor([0.2, 0.2, 3, 0, 0, 0.5]), [lossWordCount]);
  policyLoss(tape, { logprob, batch, settings, entropy });
  tape.backward();
  plan.run();
  const [ofLogprob, ofEntropy] = await gpu.read(dlogprob, dentropy);
  plan.free();
  expect(Array.from(ofLogprob!)).toEqual([-1, -0.5, 0]);
  expect(Array.from(ofEntropy!)).toEqual([0.75, 0.875, 1]);
});

test("policyLoss() adds to what is there, and padding adds nothing", async () => {
  const { gradient } = await run(
    { logprob: [-1, -2], advantage: [1, 1], weight: [1, 0] },
    [0.2, 0.2, 3],
    "policy",
    [10, 20],
  );
  // Replayed twice.
  expect(Array.from(gradient)).toEqual([8, 20]);
});

test("nll() is -logprob with gradient -weight", async () => {
  const { terms, gradient } = await run({ logprob: [-1, -2.5, 0], weight: [0.5, 0.25, 0] }, [], "nll");
  expect(Array.from(terms, (x) => x + 0)).toEqual([1, 2.5, 0]);
  expect(Array.from(gradient, (x) => x + 0)).toEqual([-0.5, -0.25, 0]);
});

test("the weights express the ways of aggregation", async () => {
  const c = cases.find((x) => x.suite === "loss_aggregation")!;
  const mask = c.response_mask.flat();
  const tokens = mask.reduce((a, b) => a + b, 0);
  const ofSequence = c.response_mask.flatMap((row) => row.map(() => row.reduce((a, b) => a + b, 0)));
  const logprob = c.loss_matrix.flat().map((x) => -x);
  const { terms } = await run({ logprob }, [], "nll");
  const loss = (weight: number[]) => weight.reduce((sum, w, n) => sum + w * terms[n]!, 0);
  expect(loss(mask.map((x) => x / tokens))).toBeCloseTo(c["token-mean"], 5);
  expect(loss(mask.map((x, n) => x / (c.response_mask.length * ofSequence[n]!)))).toBeCloseTo(
    c["seq-mean-token-mean"],
    5,
  );
});

test("policyLoss() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "policy_loss"));
  const [n2, n3] = [gpu.empty("logprob", [2]), gpu.empty("advantage", [3])];
  const batch = { oldLogprob: n2, advantage: n3, weight: n2 };
  expect(() => policyLoss(tape, { logprob: n2, batch, settings: gpu.empty("settings", [lossWordCount]) })).toThrow(
    "advantage has shape (3), expected (2)",
  );
});
