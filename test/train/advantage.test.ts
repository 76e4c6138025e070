import { describe, expect, test } from "vitest";
import { advantages, hasVariance, standardDeviation } from "../../src/train/advantage.ts";

/** Groups with the advantages that verl's formula gives them, in float64. */
const cases = (await (await fetch(new URL("../golden/cases/advantages.jsonl", import.meta.url))).text())
  .trim()
  .split("\n")
  .map(
    (line) =>
      JSON.parse(line) as {
        name: string;
        rewards: number[];
        advantages: number[];
        advantages_without_std_norm: number[];
      },
  );

describe("advantages", () => {
  test("there are cases", () => expect(cases.map((one) => one.name)).toContain("group_of_one"));

  test.each(cases)(
    "$name agrees with verl",
    ({ rewards, advantages: expected, advantages_without_std_norm: unscaled }) => {
      const largest = (a: (number | null)[], b: number[]) => Math.max(...a.map((value, i) => Math.abs(value! - b[i]!)));
      expect(largest(advantages(rewards, { normAdvByStd: true }), expected)).toBeLessThan(1e-5);
      expect(largest(advantages(rewards, { normAdvByStd: false }), unscaled)).toBeLessThan(1e-5);
    },
  );

  test("an unknown reward stays unknown and changes nothing for the others", () => {
    const [a, b, c] = advantages([2, 0.8, 0], { normAdvByStd: true });
    expect(advantages([null, 2, 0.8, null, 0], { normAdvByStd: true })).toEqual([null, a, b, null, c]);
    expect(advantages([null, null], { normAdvByStd: true })).toEqual([null, null]);
    expect(advantages([null, 2], { normAdvByStd: false })).toEqual([null, 2]);
    expect(advantages([], { normAdvByStd: true })).toEqual([]);
  });

  test("equal rewards give exactly 0, however they round", () => {
    expect(new Set(advantages(Array(7).fill(0.1 + 0.7), { normAdvByStd: true }))).toEqual(new Set([0]));
  });
});

test("standardDeviation is the unbiased one", () => {
  expect(standardDeviation([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3), 12);
  expect(standardDeviation([0.8, 0.8, 0.8])).toBe(0);
});

test("hasVariance() tells groups from which something is learned", () => {
  const group = (...totals: (number | null)[]) =>
    totals.map((total) => ({ reward: total === null ? null : { parts: {}, total, right: true, verdict: "" } }));
  expect(hasVariance(group(0.8, 0.8, 2))).toBe(true);
  expect(hasVariance(group(0.8, 0.8, 0.8))).toBe(false);
  expect(hasVariance(group(0.1 + 0.2, 0.3))).toBe(false);
  expect(hasVariance(group(0.8, null, 0.8))).toBe(false);
  expect(hasVariance(group(null, 0.8, 2))).toBe(true);
  expect(hasVariance(group(0.8, null))).toBe(true);
  expect(hasVariance(group(null, null))).toBe(false);
  expect(hasVariance([])).toBe(false);
});

test("hasVariance() leaves the charge for the distance to the starting model aside", () => {
  const charged = (answer: number, kl: number) => ({
    reward: { parts: { answer, kl }, total: answer + kl, right: true, verdict: "" },
  });
  expect(hasVariance([charged(0.8, -0.02), charged(0.8, 0.03)])).toBe(false);
  expect(hasVariance([charged(0.8, -0.02), charged(0.78, 0)])).toBe(true);
});
