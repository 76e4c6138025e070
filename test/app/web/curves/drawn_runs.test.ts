import { describe, expect, test } from "vitest";
import { drawnRuns, haveSeeds, valueAt } from "../../../../src/app/web/curves/drawn_runs.ts";
import type { RunPoints } from "../../../../src/app/web/curves/run_points.ts";
import { columnsFor } from "../../../../src/app/web/curves/use_width.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import type { RunConfig } from "../../../../src/train/knobs.ts";

const points = { updates: [], heldOut: [] };
const run = (name: string, changes: Partial<RunConfig>, shown = false) => ({
  name,
  startedAt: "",
  config: resolveConfig(changes),
  points,
  shown,
});
const runs = [
  run("this run", { seed: 1 }, true),
  run("b", { seed: 2, steps: 30 }),
  run("c", { seed: 1, bonus: "none" }),
  run("d", { seed: 2, bonus: "none" }),
];

describe("a legend", () => {
  test("says in what each run differs, and has a colour and a stroke for each", () => {
    const drawn = drawnRuns(runs, "each");
    expect(drawn.map(({ name }) => name)).toEqual([
      "this run: bonus conditional, seed 1",
      "bonus conditional, seed 2",
      "bonus none, seed 1",
      "bonus none, seed 2",
    ]);
    expect(new Set(drawn.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(4);
    expect(drawn.map(({ removable }) => removable)).toEqual([[], ["b"], ["c"], ["d"]]);
  });

  test("has one line for the seeds of one setting", () => {
    const drawn = drawnRuns(runs, "deviation");
    expect(drawn.map(({ name, runs }) => [name, runs.length])).toEqual([
      ["bonus conditional, 2 seeds", 2],
      ["bonus none, 2 seeds", 2],
    ]);
    expect(drawn[0]!.removable).toEqual(["b"]);
    expect(drawnRuns(runs.slice(0, 2), "range").map(({ name }) => name)).toEqual(["2 seeds"]);
    expect(haveSeeds(runs)).toBe(true);
    expect(haveSeeds([runs[0]!, runs[2]!])).toBe(false);
  });

  test("many runs have colours and strokes of their own", () => {
    const many = Array.from({ length: 32 }, (_, seed) => run(`run ${seed}`, { seed }));
    const looks = drawnRuns(many, "each").map(({ colour, dash }) => `${colour} ${dash}`);
    expect(new Set(looks.slice(0, 9)).size).toBe(9);
  });
});

test("a number at a step is that of the step, or of the last one before it that has one", () => {
  const none: Record<string, number> = {};
  const made: RunPoints = {
    updates: [1, 2, 5].map((step) => ({ step, durationMs: 1, metrics: step === 2 ? none : { a: step } })),
    heldOut: [],
  };
  expect(valueAt(made, "a", 5)).toEqual({ step: 5, value: 5 });
  expect(valueAt(made, "a", 4)).toEqual({ step: 1, value: 1 });
  expect(valueAt(made, "a", null)).toEqual({ step: 5, value: 5 });
  expect(valueAt(made, "a", 0)).toBeNull();
  expect(valueAt(made, "b", null)).toBeNull();
});

test.each([
  [6, 700, 3],
  [5, 700, 3],
  [4, 700, 2],
  [3, 500, 2],
  [1, 700, 1],
  [7, 300, 1],
  [7, 366, 2],
  [6, 0, 1],
  [0, 700, 1],
])("%s charts on %s px stand in %s columns", (charts, width, columns) => {
  expect(columnsFor(charts, width)).toBe(columns);
});
