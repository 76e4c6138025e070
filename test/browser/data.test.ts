import { expect, test } from "vitest";
import { jsonLines, type Outcome } from "../../src/app/conformance/outcome.ts";
import { compareRows, type ExpectedRow } from "../../src/app/data/expected.ts";
import { ParquetTable } from "../../src/tasks/parquet/table.ts";
import { counted, dataBytes, dataFiles, openRows } from "../support/data_files.ts";
import { readBytes } from "../support/png.ts";

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

const faults = new URL("/test/golden/faults/", location.origin);
const openTable = async (path: string) =>
  ParquetTable.open(counted("t.parquet", await readBytes(new URL(path, faults))));

test.each(["gzip", "zstd", "brotli", "lz4", "snappy"])("the page unpacks %s", async (codec) => {
  const table = await openTable(`parquet-codecs/ok_${codec}.parquet`);
  expect(await table.row(499)).toMatchObject({ x: null, y: 499, f: 499 / 3, b: false, l: [499, null] });
});

test.each(["bomb90_zstd", "bomb90_brotli", "messages"])(
  "and no more than a file of its size may hold: %s",
  async (name) => {
    const table = await openTable(`parquet-expansion/${name}.parquet`);
    await expect(table.row(0)).rejects.toThrow("that a file of this size may");
  },
);
