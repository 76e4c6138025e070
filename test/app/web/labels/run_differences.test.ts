import { expect, test } from "vitest";
import {
  differenceNames,
  differingKnobs,
  experimentKey,
  knobText,
} from "../../../../src/app/web/labels/run_differences.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import type { RunConfig } from "../../../../src/train/knobs.ts";

const run = (name: string, changes: Partial<RunConfig>) => ({
  name,
  startedAt: "2026-11-28T20:00:00Z",
  config: resolveConfig(changes),
});

test("runs are named by what differs, the seed last", () => {
  const runs = [run("a", { bonus: "none", seed: 1 }), run("b", { seed: 2 }), run("c", { seed: 1, steps: 7 })];
  expect(differenceNames(runs)).toEqual([
    "bonus none, seed 1",
    "bonus conditional, seed 2",
    "bonus conditional, seed 1",
  ]);
  expect(differingKnobs(runs.map(({ config }) => config))).toEqual(["bonus", "seed", "steps"]);
});

test("runs of the same settings by their own names, and one alone by its name", () => {
  expect(differenceNames([run("a", {}), run("a (2)", {})])).toEqual(["a", "a (2)"]);
  expect(differenceNames([run("a", {}), run("a (2)", {}), run("b", { seed: 3 })])).toEqual([
    "seed 0 (a)",
    "seed 0 (a (2))",
    "seed 3",
  ]);
  expect(differenceNames([run("only", {})])).toEqual(["only"]);
  expect(differenceNames([run("short", { steps: 5 }), run("long", { steps: 50 })])).toEqual(["steps 5", "steps 50"]);
  expect(differenceNames([])).toEqual([]);
});

test("an experiment is the same with another seed or length, and another with another knob", () => {
  const [plain, seeded, changed] = [{}, { seed: 9, steps: 3 }, { learningRate: 1e-3 }].map((changes) =>
    experimentKey(resolveConfig(changes)),
  );
  expect(seeded).toBe(plain);
  expect(changed).not.toBe(plain);
});

test("a setting is written as someone would type it", () => {
  expect(knobText(resolveConfig({ learningRate: 2e-4 }), "learningRate")).toBe("learningRate 2e-4");
  expect(knobText(resolveConfig({}), "data")).toBe("data empty");
});
