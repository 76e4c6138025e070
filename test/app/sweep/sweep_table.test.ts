import { expect, test } from "vitest";
import { makeSweep, readAxis } from "../../../src/app/sweep/sweep_plan.ts";
import {
  madeOn,
  type SweepRun,
  spreadOf,
  spreadText,
  sweepColumns,
  sweepCsv,
  sweepRows,
} from "../../../src/app/sweep/sweep_table.ts";

const run = (accuracy: number, state: SweepRun["state"] = "done"): SweepRun => ({
  name: `a${accuracy}`,
  state,
  step: 4,
  steps: 4,
  result: {
    accuracy,
    best: { step: 2, accuracy: accuracy + 0.1 },
    zoomRate: 1,
    calls: 1.5,
    gain: null,
    harm: null,
    reward: null,
    seconds: 12.5,
    device: "Fake",
    isHeldOut: false,
  },
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

test("gain and harm have a column where a run measured them; seconds stand beside their card", () => {
  const sweep = makeSweep({ steps: 4 }, [readAxis("seed", "0..1")]);
  const measured = (gain: number): SweepRun => {
    const { result, ...rest } = run(0.5);
    return { ...rest, result: { ...result!, gain, harm: 0.01 } };
  };
  const labels = (runs: SweepRun[]) => sweepColumns(sweepRows(sweep, runs)).map(({ label }) => label);
  expect(labels([run(0.5), waiting])).toEqual(["accuracy", "best accuracy", "zoom rate", "calls", "reward", "seconds"]);
  const rows = sweepRows(sweep, [measured(0.5), measured(0.7)]);
  const cells = Object.fromEntries(sweepColumns(rows).map(({ label, cell }) => [label, cell(rows[0]!)]));
  expect(cells).toMatchObject({
    gain: "0.600 ± 0.141",
    harm: "0.010 ± 0.000",
    calls: "1.50 ± 0.00",
    seconds: "12.5 ± 0.0",
  });
  expect(madeOn([measured(0.5), waiting])).toBe("seconds of all steps, on Fake");
  expect(madeOn([waiting])).toBe("");
});

test("the CSV has a line for each run, and quotes what needs it", () => {
  const sweep = makeSweep({ steps: 4, preset: "story" }, [readAxis("tools", "a,b|c"), readAxis("seed", "5")]);
  expect(sweepCsv(sweep, [run(0.5), waiting])).toBe(
    [
      "run,tools,preset,seed,state,step,steps,accuracy,best_accuracy,best_step,zoom_rate,reward,held_out,calls,gain,harm,seconds,device",
      'a0.5,"a,b",story,5,done,4,4,0.5,0.6,2,1,,false,1.5,,,12.5,Fake',
      ",c,story,5,waiting,0,4,,,,,,,,,,,",
      "",
    ].join("\n"),
  );
});
