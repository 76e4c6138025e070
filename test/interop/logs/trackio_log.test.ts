import { expect, test } from "vitest";
import { trackioLog } from "../../../src/interop/logs/trackio_log.ts";
import { filesOf, givenLog, loggedStep, textOf } from "../../support/logged_run.ts";

test("a line a step for the script, a table with step and timestamp for import_csv", async () => {
  const files = await filesOf(
    trackioLog(
      givenLog(
        { ...loggedStep, step: 1, metrics: { reward: 0.5 } },
        { ...loggedStep, step: 2, metrics: { reward: Number.NaN } },
        {
          kind: "evaluation",
          run: "first",
          config: {},
          step: 2,
          endedAtMs: 0,
          greedy: true,
          metrics: { accuracy: 0.75 },
        },
      ),
    ),
  );
  expect(Object.keys(files)).toEqual(["metrics.jsonl", "metrics.csv", "import.py"]);
  const time = "2020-09-13T12:26:40.250Z";
  expect(textOf(files["metrics.jsonl"])).toBe(
    `{"step":1,"timestamp":"${time}","metrics":{"reward":0.5}}\n{"step":2,"timestamp":"${time}","metrics":{"reward":null,"heldout/greedy/accuracy":0.75}}\n`,
  );
  expect(textOf(files["metrics.csv"])).toBe(
    `step,timestamp,reward,heldout/greedy/accuracy\n1,${time},0.5,\n2,${time},NaN,0.75\n`,
  );
  expect(textOf(files["import.py"])).toContain("trackio.log(metrics, step=one");
});
