import { expect, test } from "vitest";
import { makeSweep, readAxis } from "../../../src/app/sweep/sweep_plan.ts";
import { type SweepRun, spreadOf, spreadText, sweepCsv, sweepRows } from "../../../src/app/sweep/sweep_table.ts";

const run = (accuracy: number, state: SweepRun["state"] = "done"): SweepRun => ({
  name: `a${accuracy}`,
  state,
  step: 4,
  steps: 4,
  result: { accuracy, best: { step: 2, accuracy: accuracy + 0.1 }, zoomRate: 1, reward: null, isHeldOut: false },
});
const waiting: SweepRun = { name: null, state: "waiting", step: 0, steps: 4, result: null };

test("spread is the mean and the deviation of the sample", () => {
  expect(spreadOf([1, 2, 3, null])).toEqual({ mean: 2, deviation: 1, least: 1, most: 3, count: 3 });
  expect(spreadText(spreadOf([0.5, 0.7]))).toBe("0.600 ± 0.141");
  expect(spreadText(spreadOf([0.5]))).toBe("0.500");
  expect(spreadText(spreadOf([null, Number.NaN]))).toBe("–");
});

test("a row for each setting has the seeds that were made to the end", () => {
  const sweep = makeSweep({ steps: 4 }, [readAxis("learning-rate", "1e-4,1e-3"), readAxis("seed", "0..2")]);
  const runs = [run(0.2), run(0.4), run(0.9, "stopped"), run(0.6), waiting, waiting];
  const rows = sweepRows(sweep, runs);
  expect(rows.map(({ setting, done, runs: of }) => [setting, done, of.length])).toEqual([
    ["learningRate 1e-4", 2, 3],
    ["learningRate 0.001", 1, 3],
  ]);
  expect(spreadText(rows[0]!.accuracy)).toBe("0.300 ± 0.141");
  expect(spreadText(rows[0]!.best)).toBe("0.400 ± 0.141");
  expect(rows[0]!.reward).toBeNull();
  expect(spreadText(rows[1]!.accuracy)).toBe("0.600");
});

test("the CSV has a line for each run, and quotes what needs it", () => {
  const sweep = makeSweep({ steps: 4, preset: "story" }, [readAxis("tools", "a,b|c"), readAxis("seed", "5")]);
  expect(sweepCsv(sweep, [run(0.5), waiting])).toBe(
    [
      "run,tools,preset,seed,state,step,steps,accuracy,best_accuracy,best_step,zoom_rate,reward,held_out",
      'a0.5,"a,b",story,5,done,4,4,0.5,0.6,2,1,,false',
      ",c,story,5,waiting,0,4,,,,,,",
      "",
    ].join("\n"),
  );
});
