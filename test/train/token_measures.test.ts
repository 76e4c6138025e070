import { expect, test } from "vitest";
import { likeliest, logSoftmax, measuresOf } from "../../src/train/token_measures.ts";

const logits = Float32Array.of(Math.log(1), Math.log(4), Math.log(2), Math.log(3));
const plain = { temperature: 1, suppressed: [] as number[] };

test("a row of logits by hand: order, temperature, what may not be sampled, the written token behind the top", () => {
  const top = (token: number, settings = plain) =>
    likeliest(logSoftmax(logits, settings), token, 2).map(({ token, probability }) => [
      token,
      Number(probability.toFixed(6)),
    ]);
  expect(top(3)).toEqual([
    [1, 0.4],
    [3, 0.3],
  ]);
  expect(top(0)).toEqual([
    [1, 0.4],
    [3, 0.3],
    [0, 0.1],
  ]);
  // Temperature 1/2 squares the odds: 1, 16, 4, 9.
  expect(top(1, { temperature: 0.5, suppressed: [] })).toEqual([
    [1, 0.533333],
    [3, 0.3],
  ]);
  expect(top(2, { temperature: 1, suppressed: [1] })).toEqual([
    [3, 0.5],
    [2, 0.333333],
  ]);
  expect(top(1, { temperature: 1, suppressed: [1] }).at(-1)).toEqual([1, 0]);
});

test("equal logits come by their ids, and a short vocabulary as a whole", () => {
  const logs = logSoftmax(Float32Array.of(2, 5, 2, 5, 2), plain);
  expect(likeliest(logs, 1, 3).map(({ token }) => token)).toEqual([1, 3, 0]);
  expect(likeliest(logs, 4, 9).map(({ token }) => token)).toEqual([1, 3, 0, 2, 4]);
});

test("spread and KL by hand, over all of the vocabulary and nothing that may not be sampled", () => {
  const settings = { temperature: 1, suppressed: [2] };
  // 1/8, 4/8, none, 3/8 and 2/6, 1/6, none, 3/6
  const logs = logSoftmax(logits, settings);
  const others = logSoftmax(Float32Array.of(Math.log(2), 0, 7, Math.log(3)), settings);
  const { spread, kl } = measuresOf(logs, 1, others);
  expect(spread).toBeCloseTo(Math.hypot(1 / 8, 1 / 2, 3 / 8), 6);
  expect(kl).toBeCloseTo((1 / 8) * Math.log(3 / 8) + (1 / 2) * Math.log(3) + (3 / 8) * Math.log(3 / 4), 6);
  expect(measuresOf(logs, 1, logs).kl).toBe(0);
  expect(measuresOf(logs, 1, null).kl).toBe(0);
});
