import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { learningRateAt } from "../../src/train/learning_rate.ts";

const golden = JSON.parse(readFileSync(new URL("../golden/rates/rates.json", import.meta.url), "utf8")) as {
  learningRate: number;
  cases: { name: string; knobs: Partial<RunConfig>; rates: number[] }[];
};
const ratesOf = (changes: Partial<RunConfig>, count: number): number[] =>
  Array.from({ length: count }, (_, step) => learningRateAt(resolveConfig(changes), step));

describe("learningRateAt", () => {
  test.each(golden.cases)("$name", ({ knobs, rates }) => {
    const ours = ratesOf({ learningRate: golden.learningRate, ...knobs }, rates.length);
    const warm = knobs.warmupSteps ?? 0;
    // Its warm-up is ours a step later: it begins with 0, where we begin with one part of the rate.
    for (let step = 0; step < warm; step++)
      expect(ours[step]).toBeCloseTo(golden.learningRate * ((step + 1) / warm), 18);
    expect(rates.slice(0, warm)).toEqual([0, ...ours.slice(0, warm - 1)].slice(0, warm));
    for (let step = warm; step < rates.length; step++)
      expect(Math.abs(ours[step]! - rates[step]!)).toBeLessThan(1e-12 * golden.learningRate);
  });

  test("the default stays after its warm-up, whatever the steps", () => {
    expect(ratesOf({ learningRate: 0.5, warmupSteps: 2 }, 5)).toEqual([0.25, 0.5, 0.5, 0.5, 0.5]);
    expect(ratesOf({ learningRate: 0.5, warmupSteps: 0, steps: 1 }, 3)).toEqual([0.5, 0.5, 0.5]);
  });

  test("a decay ends at the run's steps, or where it is told to, and stays there", () => {
    const linear = { learningRate: 1, warmupSteps: 0, lrSchedule: "linear" } as const;
    expect(ratesOf({ ...linear, steps: 4 }, 6)).toEqual([1, 0.75, 0.5, 0.25, 0, 0]);
    expect(ratesOf({ ...linear, steps: 100, lrDecaySteps: 2, minLrRatio: 0.5 }, 4)).toEqual([1, 0.75, 0.5, 0.5]);
    expect(ratesOf({ ...linear, steps: 2, warmupSteps: 5 }, 7)).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1, 0]);
  });

  test("the last step of a decay to nothing still trains", () => {
    for (const lrSchedule of ["linear", "cosine"] as const)
      expect(learningRateAt(resolveConfig({ lrSchedule, steps: 10 }), 9)).toBeGreaterThan(0);
  });
});
