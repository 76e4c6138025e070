import { expect, test } from "vitest";
import { compareRows, type ExpectedRow } from "../../src/app/data/expected.ts";
import { jsonLines, type Outcome } from "../../src/app/outcome.ts";
import { dataBytes, dataFiles, openRows } from "../support/data_files.ts";

test("the page reads parquet files as pyarrow, Pillow and qwen-vl-utils do, WebP included", async () => {
  const lines = jsonLines<ExpectedRow>(await dataBytes("expected.jsonl"), "expected.jsonl");
  const outcomes: Outcome[] = [];
  for (const name of dataFiles)
    for await (const outcome of compareRows(await openRows(name), lines)) outcomes.push(outcome);
  expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
  expect(outcomes).toHaveLength(208);
  // Only WebP with transparency is not the same to the last level: here it comes through a canvas, already multiplied.
  const inexact = outcomes.filter(({ error = 0 }) => error > 0.001).map(({ name }) => name);
  expect(inexact).toEqual(["vstar.parquet, row 9, picture 0"]);
});
