import { describe, expect, test } from "vitest";
import { thinned } from "../../../../src/app/web/curves/thinned.ts";
import type { Point } from "../../../../src/app/web/run/run_state.ts";

const point = (step: number, metrics: Record<string, number>): Point => ({ step, metrics, durationMs: 1 });

describe("points that are drawn", () => {
  const many = Array.from({ length: 20_000 }, (_, i) =>
    point(i + 1, { reward: Math.sin(i / 500) + (i === 7777 ? 5 : 0), loss: i === 12_345 ? -9 : i % 7 }),
  );

  test("are few, in order, with the first, the last and every extreme of each metric", () => {
    const drawn = thinned(many, ["reward", "loss"], 250);
    expect(drawn.length).toBeLessThanOrEqual(2 + 250 * 4);
    const steps = drawn.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect([steps[0], steps.at(-1)]).toEqual([1, 20_000]);
    expect(steps).toContain(7778);
    expect(steps).toContain(12_346);
    // Each is one of the points themselves.
    for (const one of drawn) expect(many[one.step - 1]).toBe(one);
  });

  test("are all of them where there are few", () => {
    const few = many.slice(0, 400);
    expect(thinned(few, ["reward"], 250)).toBe(few);
    expect(thinned([], ["reward"], 250)).toEqual([]);
  });

  test("do without values that a step lacks", () => {
    const gaps = many.map(({ step, metrics }) => point(step, step % 2 === 0 ? metrics : { reward: Number.NaN }));
    const drawn = thinned(gaps, ["loss"], 100);
    expect(drawn.length).toBeLessThan(300);
    expect(drawn.map(({ step }) => step)).toContain(12_346);
  });
});
