import { expect, test } from "vitest";
import { csvLog } from "../../../src/interop/logs/csv_log.ts";
import { filesOf, givenLog, loggedStep, textOf } from "../../support/logged_run.ts";

test("a line a step, a column a metric; evaluations stand in the line of their step", async () => {
  const files = await filesOf(
    csvLog(
      givenLog(
        { ...loggedStep, step: 1, metrics: { reward: 0.5, 'counts, of "a"': 2 } },
        { ...loggedStep, step: 2, metrics: { reward: Number.NaN, iou: 1e-7 } },
        { kind: "evaluation", step: 2, endedAtMs: 0, greedy: false, metrics: { accuracy: 0.25 } },
        { kind: "evaluation", step: 2, endedAtMs: 0, greedy: true, metrics: { accuracy: 0.75 } },
      ),
    ),
  );
  expect(Object.keys(files)).toEqual(["metrics.csv"]);
  expect(textOf(files["metrics.csv"])).toBe(
    [
      'step,reward,"counts, of ""a""",iou,heldout/sampled/accuracy,heldout/greedy/accuracy',
      "1,0.5,2,,,",
      "2,NaN,,1e-7,0.25,0.75",
      "",
    ].join("\n"),
  );
});
