import { describe, expect, test } from "vitest";
import { columnOf, within } from "../../../../src/app/web/curves/columns.ts";
import { thinned } from "../../../../src/app/web/curves/thinned.ts";
import type { Point } from "../../../../src/app/web/run/run_state.ts";

const column = (values: number[]) => ({
  steps: Float64Array.from(values, (_, i) => i + 1),
  values: Float64Array.from(values),
});
const point = (step: number, metrics: Record<string, number>): Point => ({ step, metrics, durationMs: 1 });

describe("points that are drawn", () => {
  const many = column(
    Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 500) + (i === 7777 ? 5 : i === 12_345 ? -9 : 0)),
  );

  test("are few, in order, with the first, the last and every extreme", () => {
    const { steps, values } = thinned(many, 250);
    expect(steps.length).toBeLessThanOrEqual(2 + 250 * 2);
    expect([...steps]).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect([steps[0], steps.at(-1)]).toEqual([1, 20_000]);
    expect(steps).toContain(7778);
    expect(steps).toContain(12_346);
    // Each is one of the points themselves.
    for (const [i, step] of steps.entries()) expect(values[i]).toBe(many.values[step - 1]);
  });

  test("are all of them where there are few", () => {
    const few = column([1, 2, 3]);
    expect(thinned(few, 250)).toEqual(few);
    expect(thinned(column([]), 250)).toEqual(column([]));
  });

  test("do without values that a step lacks", () => {
    const gaps = { steps: many.steps, values: many.values.map((value, i) => (i % 2 === 1 ? value : Number.NaN)) };
    expect(thinned(gaps, 100).steps).toContain(12_346);
    expect(thinned({ ...gaps, values: gaps.values.fill(Number.NaN) }, 100).steps.length).toBe(2);
  });
});

describe("a metric as an array", () => {
  test("grows with its list", () => {
    const list = [point(1, { a: 1 }), point(2, {})];
    expect(columnOf(list, "a")).toEqual({ steps: Float64Array.of(1, 2), values: Float64Array.of(1, Number.NaN) });
    const longer = [...list, ...Array.from({ length: 100 }, (_, i) => point(i + 3, { a: i, b: -i }))];
    expect([...columnOf(longer, "a").values.slice(-2)]).toEqual([98, 99]);
    expect(columnOf(longer, "b").values).toHaveLength(102);
    expect(columnOf(list, "a").steps).toHaveLength(2);
  });

  test("is made anew where a run went back to its checkpoint", () => {
    const list = [point(1, { a: 1 }), point(2, { a: 2 }), point(3, { a: 3 })];
    columnOf(list, "a");
    const back = [list[0]!, point(2, { a: 20 })];
    expect([...columnOf(back, "a").values]).toEqual([1, 20]);
    expect([...columnOf([...back, point(3, { a: 30 })], "a").values]).toEqual([1, 20, 30]);
    expect([...columnOf([], "a").values]).toEqual([]);
  });

  test("has what is within some steps", () => {
    const some = within(
      columnOf(
        [2, 4, 6, 8].map((step) => point(step, { a: step })),
        "a",
      ),
      [3, 6],
    );
    expect([...some.steps]).toEqual([4, 6]);
  });
});
