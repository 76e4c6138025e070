import { expect, test } from "vitest";
import { csvLog } from "../../../src/interop/logs/csv_log.ts";
import type { Logged } from "../../../src/interop/logs/logged_steps.ts";
import { quantityRows, settingColumns } from "../../../src/interop/logs/quantity_rows.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { filesOf, givenLog, loggedStep, textOf } from "../../support/logged_run.ts";

const config = resolveConfig({ steps: 2, seed: 7, data: 'a,"b".csv' });
const log: Logged[] = [
  { ...loggedStep, config, step: 1, metrics: { reward: 0.5, 'counts, of "a"': 2 } },
  { ...loggedStep, config: { ...config, learningRate: 0.5 }, step: 2, metrics: { reward: Number.NaN, iou: 1e-7 } },
  { kind: "evaluation", run: "first", config, step: 2, endedAtMs: 0, greedy: false, metrics: { accuracy: 0.25 } },
  { kind: "evaluation", run: "first", config, step: 2, endedAtMs: 0, greedy: true, metrics: { accuracy: 0.75 } },
];

test("a line a step, a column a metric; evaluations stand in the line of their step", async () => {
  const files = await filesOf(csvLog(givenLog(...log)));
  expect(Object.keys(files)).toEqual(["quantities.csv", "metrics.csv"]);
  expect(textOf(files["metrics.csv"])).toBe(
    [
      'step,reward,"counts, of ""a""",iou,heldout/sampled/accuracy,heldout/greedy/accuracy',
      "1,0.5,2,,,",
      "2,NaN,,1e-7,0.25,0.75",
      "",
    ].join("\n"),
  );
});

/** A table's rows as objects; the fields of this test hold no commas but the quoted ones. */
function rowsOf(text: string): Record<string, string>[] {
  const fields = (line: string) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, a, b]) => a?.replaceAll('""', '"') ?? b ?? "");
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const names = fields(head);
  return lines.map((line) => Object.fromEntries(fields(line).map((field, i) => [names[i], field])));
}

test("a line a quantity, with the run, its seed, and the settings that held then", async () => {
  const rows = rowsOf(textOf((await filesOf(csvLog(givenLog(...log))))["quantities.csv"]));
  expect(rows.map(({ step, quantity, value }) => [step, quantity, value])).toEqual([
    ["1", "reward", "0.5"],
    ["1", 'counts, of "a"', "2"],
    ["2", "reward", "NaN"],
    ["2", "iou", "1e-7"],
    ["2", "heldout/sampled/accuracy", "0.25"],
    ["2", "heldout/greedy/accuracy", "0.75"],
  ]);
  for (const row of rows) expect(row).toMatchObject({ run: "first", preset: "needle", seed: "7", data: 'a,"b".csv' });
  expect(rows.map(({ learningRate }) => learningRate)).toEqual([
    ...Array(2).fill(String(config.learningRate)),
    ...["0.5", "0.5"],
    ...Array(2).fill(String(config.learningRate)),
  ]);
  // What no run may change, and is at its default, is no column.
  expect(rows[0]).not.toHaveProperty("rolloutsPerTask");
});

test("settings by which several runs differ are columns of all of them", async () => {
  const other = resolveConfig({ rolloutsPerTask: 4 });
  const columns = settingColumns([config, other]);
  expect(columns).toEqual(expect.arrayContaining(["preset", "model", "seed", "rolloutsPerTask", "data"]));
  const lines: string[] = [];
  for await (const some of quantityRows(givenLog(log[0]!, { ...log[0]!, run: "b", config: other }), columns))
    lines.push(...some);
  const rows = rowsOf(lines.join("\n"));
  expect(rows.map((row) => [row.run, row.seed, row.rolloutsPerTask])).toEqual([
    ...Array(2).fill(["first", "7", "8"]),
    ...Array(2).fill(["b", "0", "4"]),
  ]);
});

test("a log without steps is a head without rows", async () => {
  const files = await filesOf(csvLog(givenLog()));
  expect(textOf(files["quantities.csv"])).toMatch(/^run,preset,model,seed,.*step,quantity,value\n$/);
  expect(textOf(files["metrics.csv"])).toBe("step\n");
});
