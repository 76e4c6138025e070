import { expect, test } from "vitest";
import { makeSweep, readAxis, runsOf, settingOf } from "../../../src/app/sweep/sweep_plan.ts";

test("values of a knob are read by its kind, by either spelling", () => {
  expect(readAxis("learning-rate", "1e-4, 3e-4")).toEqual({ knob: "learningRate", values: [1e-4, 3e-4] });
  expect(readAxis("seed", "0..3,7")).toEqual({ knob: "seed", values: [0, 1, 2, 3, 7] });
  expect(readAxis("zoom", "true,false").values).toEqual([true, false]);
  expect(readAxis("tools", "image_zoom_in_tool,mark|image_zoom_in_tool").values).toEqual([
    "image_zoom_in_tool,mark",
    "image_zoom_in_tool",
  ]);
});

test.each([
  ["learningrate", "1", 'There is no knob "learningrate"; did you mean "learningRate"?'],
  ["bonus", "none,sometimes", 'bonus must be one of conditional, unconditional, none, found "sometimes"'],
  ["seed", "", "seed needs values, such as seed=0,..., found none"],
  ["seed", "1,,2", 'seed must be a number from 0 to 4294967295, found ""'],
  ["seed", "4..2", "seed: expected a range that rises, such as 2..4, found 4..2"],
  ["seed", "0..5000000", "seed: 0..5000000 has 5000001 values; a sweep has at most 1000 runs"],
  ["seed", "1,2,1", "seed has the value 1 twice; leave one out"],
  ["learningRate", "0.1..0.4", 'learningRate must be a number from 0 to 1, found "0.1..0.4"'],
])("%s=%s is refused in one sentence", (name, text, sentence) => {
  expect(() => readAxis(name, text)).toThrow(sentence);
});

test("every combination is a run, seeds innermost", () => {
  const axes = [readAxis("seed", "0,1"), readAxis("bonus", "none,conditional")];
  const sweep = makeSweep({ steps: 5, seed: 9 }, axes);
  expect(runsOf(sweep)).toEqual([
    { steps: 5, bonus: "none", seed: 0 },
    { steps: 5, bonus: "none", seed: 1 },
    { steps: 5, bonus: "conditional", seed: 0 },
    { steps: 5, bonus: "conditional", seed: 1 },
  ]);
  expect(runsOf(sweep).map((run) => settingOf(sweep, run))).toEqual([
    "bonus none",
    "bonus none",
    "bonus conditional",
    "bonus conditional",
  ]);
});

test("what cannot be is refused before anything begins", () => {
  expect(() => makeSweep({}, [])).toThrow("A sweep needs a knob with several values, such as seed=0..2");
  expect(() => makeSweep({}, [readAxis("seed", "1"), readAxis("seed", "2")])).toThrow("seed is given twice");
  expect(() =>
    makeSweep({}, [readAxis("seed", "0..99"), readAxis("objects", "1..8"), readAxis("zoom", "true,false")]),
  ).toThrow("A sweep has at most 1000 runs, found 1600; leave values out");
  expect(() => makeSweep({}, [readAxis("shapeMinPx", "40,100")])).toThrow(
    "shapeMaxPx (64) must be at least shapeMinPx (100)",
  );
});
