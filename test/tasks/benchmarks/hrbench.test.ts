import { expect, test } from "vitest";
import { hrBench } from "../../../src/tasks/benchmarks/hrbench.ts";
import { folderOf, hrBenchParquet, hrBenchRows, hrBenchTsv, plainPng } from "../../support/benchmark_files.ts";

test("parquet and TSV give the same questions, each with its four rotations", async () => {
  const rows = await hrBenchRows(4);
  const layouts: Record<string, Uint8Array<ArrayBuffer>>[] = [
    { "hr_bench_4k.parquet": hrBenchParquet(rows) },
    { "hr_bench_4k.tsv": hrBenchTsv(rows) },
    { "hr_bench_4k.tsv": hrBenchTsv(rows, "\r\n") },
  ];
  const opened = await Promise.all(layouts.map((files) => hrBench.open(folderOf(files))));
  for (const { questions, all, notes } of opened) {
    expect(all).toBe(4);
    expect(questions.map(({ id, set, category }) => [id, set, category])).toEqual([
      ["hr_bench_4k/single/0", "hr_bench_4k", "single"],
      ["hr_bench_4k/cross/4", "hr_bench_4k", "cross"],
      ["hr_bench_4k/single/8", "hr_bench_4k", "single"],
      ["hr_bench_4k/cross/12", "hr_bench_4k", "cross"],
    ]);
    expect(questions[1]!.question).toBe("How many\nare there?");
    expect(questions[1]!.given.map(({ options, right }) => [options[0], right])).toEqual([
      ["one", 0],
      ['two "and" a half', 3],
      ["three\tor four", 2],
      ["1 lines", 1],
    ]);
    expect(notes).toEqual(["HR-Bench has 800 rows in hr_bench_4k, found 16"]);
    expect(await questions[2]!.picture()).toEqual(await plainPng(66, 64));
  }
});

test("rows of other questions with the same words are not their rotations", async () => {
  const rows = await hrBenchRows(1);
  const twice: typeof rows = [...rows, ...rows.map((row) => ({ ...row, index: Number(row.index) + 4 }))];
  // All first cycles, then all second ones: as sorted by cycle.
  twice.sort((a, b) => (String(a.cycle_category) < String(b.cycle_category) ? -1 : 1));
  const { questions } = await hrBench.open(folderOf({ "hr_bench_8k.parquet": hrBenchParquet(twice) }));
  expect(questions.map(({ given }) => given.length)).toEqual([4, 4]);
});

test("both resolutions are distinguished; parquet comes before TSV, one file before shards elsewhere", async () => {
  const small = hrBenchParquet(await hrBenchRows(1));
  const files = {
    "hr_bench_4k.parquet": small,
    "hr_bench_4k.tsv": hrBenchTsv(await hrBenchRows(9)),
    "split/hrbench_4k-00000-of-00002.parquet": small,
    "split/hrbench_8k-00000-of-00002.parquet": small,
    "split/hrbench_8k-00001-of-00002.parquet": hrBenchParquet(await hrBenchRows(2)),
  };
  const { questions } = await hrBench.open(folderOf(files));
  expect(questions.map(({ set }) => set)).toEqual(["hr_bench_4k", "hr_bench_8k", "hr_bench_8k", "hr_bench_8k"]);
  const limited = await hrBench.open(folderOf(files), 2);
  expect(limited.questions.map(({ set }) => set)).toEqual(["hr_bench_4k", "hr_bench_8k"]);
  const one = await hrBench.open({
    ...folderOf(files),
    list: async () => ["split/hrbench_4k-00000-of-00002.parquet"],
  });
  expect(one.questions.length).toBe(1);
});

test("what is missing or wrong is one sentence", async () => {
  await expect(hrBench.open(folderOf({}))).rejects.toThrow(
    "Expected HR-Bench in folder: hr_bench_4k or hr_bench_8k as .parquet or .tsv; found no such folder",
  );
  const rows = await hrBenchRows(1);
  const file = (changed: Record<string, string | number>[]) =>
    hrBench.open(folderOf({ "hr_bench_4k.tsv": hrBenchTsv(changed) }));
  await expect(file(rows.map((row) => ({ ...row, answer: "E" })))).rejects.toThrow(
    'hr_bench_4k.tsv, row 0: expected as answer the letter of one of its 4 options, found "E"',
  );
  await expect(file(rows.map(({ question: _, ...row }) => row as Record<string, string>))).rejects.toThrow(
    "row 0: expected the columns question, answer, A to D and category of HR-Bench, found no question among index, answer",
  );
  const { questions } = await file(rows.map((row) => ({ ...row, image: "§§" })));
  await expect(questions[0]!.picture()).rejects.toThrow('row 0: expected a picture in base64, found "§§"');
  await expect(hrBench.open(folderOf({ "hr_bench_4k.parquet": hrBenchParquet(rows).slice(0, 900) }))).rejects.toThrow(
    "hr_bench_4k.parquet: expected a whole parquet file",
  );
});
