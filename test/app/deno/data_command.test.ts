import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jsonLines, type Outcome } from "../../../src/app/conformance/outcome.ts";
import { compareRows, type ExpectedRow } from "../../../src/app/data/expected.ts";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { dataBytes, dataFiles, openRows } from "../../support/data_files.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
  for (const name of dataFiles) await Deno.writeFile(`${folder}/${name}.parquet`, await dataBytes(`${name}.parquet`));
  await Deno.writeFile(`${folder}/expected`, await dataBytes("expected.jsonl"));
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function run(...words: string[]): Promise<{ code: number; text: string }> {
  const parsed = parseArguments(["data", ...words]);
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const code = await runCommand(parsed, {
    terminal: { print: (line: string) => lines.push(line), progress: () => {} },
    openPlatform: () => openDenoPlatform(false),
    stopping: () => false,
  } as unknown as CommandContext);
  return { code, text: lines.join("\n") };
}

describe("data inspect", () => {
  test("of a folder: what there is, what is left out and changed, and why", async () => {
    const { code, text } = await run("inspect", folder);
    expect(code).toBe(0);
    expect(text).toContain("chart.parquet: DeepEyes parquet (zstd, 2 row groups), 3 rows");
    expect(text).toMatch(/data_source +thinklite_eureka 7/);
    expect(text).toMatch(/pictures a row +1: 4, 0: 2, 2: 1/);
    expect(text).toMatch(/long side, px +64 to 161, median 96/);
    expect(text).toMatch(/kept +0 of 3 rows\n +left out +3 rows\n +chart: 3\n +row 0: rows of data_source chart/);
    expect(text).toContain("short side enlarged to the model's least: 3");
    expect(text).toMatch(/prompt tokens +not counted; --tokenizer DIR counts them/);
  });

  test("with charts, inside a pixel budget, with a tokenizer", async () => {
    const tokenizer = decodeURIComponent(new URL("../../../public/needle/", import.meta.url).pathname);
    const flags = ["--charts", "--max-pixels", "100000", "--tokenizer", tokenizer, "--max-prompt-tokens", "900"];
    const { text } = await run("inspect", `${folder}/chart.parquet`, ...flags);
    expect(text).toMatch(/image tokens +112 to 114, median 112/);
    expect(text).toMatch(/prompt tokens +\d+ to \d+/);
    expect(text).toMatch(/shown within the pixel budget: 3/);
  });

  test("--show prints one row's prompt with its tokens", async () => {
    const tokenizer = decodeURIComponent(new URL("../../../public/needle/", import.meta.url).pathname);
    const { text } = await run("inspect", `${folder}/vstar.parquet`, "--show", "1", "--tokenizer", tokenizer);
    expect(text).toMatch(
      /^vstar\.parquet, row 1 of 11: \d+ tokens\n<\|im_start\|>system\nYou are a helpful assistant\./,
    );
    expect(text).toContain("<|vision_start|><|image_pad|>...<|vision_end|>");
    expect(text).toMatch(/\d+ {2}"<\|image_pad\|>" {2}x \d+\n/);
    const verl = await run(
      "inspect",
      `${folder}/vstar.parquet`,
      "--show",
      "1",
      "--tokenizer",
      tokenizer,
      "--prompt",
      "verl",
    );
    expect(verl.text).toContain("You must call only one function at a time.");
    await expect(run("inspect", folder, "--show", "1")).rejects.toThrow("--show needs --tokenizer");
    await expect(run("inspect", folder, "--show", "99", "--tokenizer", tokenizer)).rejects.toThrow(
      "Expected a row from 1 to 3 of chart.parquet, found 99",
    );
  });

  test("--expect compares every field and counts", async () => {
    const { code, text } = await run("inspect", folder, "--expect", `${folder}/expected`);
    expect(text.split("\n").at(-1)).toBe("208 passed, 0 failed");
    expect(code).toBe(0);
    const wrong = new TextDecoder()
      .decode(await dataBytes("expected.jsonl"))
      .replace('"mode": "CMYK"', '"mode": "RGB"');
    await Deno.writeTextFile(`${folder}/wrong`, wrong);
    const failed = await run("inspect", folder, "--expect", `${folder}/wrong`);
    expect(failed.code).toBe(1);
    expect(failed.text).toContain('FAIL  mode: vstar.parquet, row 3, picture 0: expected "RGB", found "CMYK"');
    expect(failed.text.split("\n").at(-1)).toBe("207 passed, 1 failed");
  });

  test("a file that is not whole costs its sentence; the others are shown", async () => {
    await Deno.writeFile(`${folder}/cut.parquet`, (await dataBytes("vstar.parquet")).slice(0, 20_000));
    await Deno.writeTextFile(`${folder}/list.csv`, "image,question,answer\nmissing.png,\u001b[31mQ,A\n");
    const { code, text } = await run("inspect", `${folder}/cut.parquet`, `${folder}/none.parquet`, folder);
    expect(code).toBe(1);
    expect(text).toContain("cut.parquet: expected a whole parquet file, found one that cannot be read");
    expect(text).toContain(`Expected a file ${folder}/none.parquet, found none`);
    expect(text).toContain("row 0: Expected a picture missing.png beside list.csv, found no such file");
    expect(text).toMatch(/vstar\.parquet: DeepEyes parquet \(snappy, 3 row groups\), 11 rows/);
    expect(text).not.toContain("\u001b");
  });

  test("what was handed as faults: every row is kept as meant, or counted with its reason", async () => {
    const faults = decodeURIComponent(new URL("../../golden/faults/", import.meta.url).pathname);
    const tokenizer = decodeURIComponent(new URL("../../../public/needle/", import.meta.url).pathname);
    const inspected = async (name: string, ...flags: string[]) =>
      (await run("inspect", `${faults}${name}`, ...flags)).text;
    const nulls = await inspected("image-null-images-list");
    expect(nulls).toMatch(/pictures a row +1: 3\n/);
    expect(nulls).toMatch(/kept +3 of 3 rows/);
    const encodings = await inspected("csv-encoding");
    expect(encodings.match(/row unreadable: 1/g)).toHaveLength(2);
    expect(encodings).not.toContain("\uFFFD");
    expect(encodings).toMatch(/utf16\.csv.+1 rows[\s\S]+kept +1 of 1 rows/);
    for (const prompt of ["compact", "verl", "deepeyes"]) {
      const pad = await inspected("question-image-pad", "--prompt", prompt, "--tokenizer", tokenizer);
      expect(pad).toMatch(
        /kept +2 of 3 rows\n +left out +1 rows\n +control token: 1\n +row 0: its question holds <\|image_pad\|>/,
      );
    }
    expect(await inspected("parquet-lz4-null-column")).toMatch(/kept +2 of 2 rows/);
    expect(await inspected("parquet-path-images/images_data_url.parquet")).toMatch(/kept +6 of 6 rows/);
    expect(await inspected("parquet-path-images/images_path_strings.parquet")).toMatch(
      /left out +6 rows\n +picture unreadable: 6\n +row 0: Expected a picture p0\.png beside images_path_strings\.parquet/,
    );
  });

  test("asks for what it needs", async () => {
    await expect(run("look", folder)).rejects.toThrow('saccade data needs "inspect" and files or folders, found "look');
    await expect(run("inspect")).rejects.toThrow("saccade data needs");
    const empty = await Deno.makeTempDir();
    await expect(run("inspect", empty)).rejects.toThrow(
      /Expected a \.parquet, \.jsonl or \.csv file in .+, found none/,
    );
    await Deno.remove(empty);
  });
});

test("rows that are missing, or too many, or unreadable fail", async () => {
  const lines = jsonLines<ExpectedRow>(await dataBytes("expected.jsonl"), "expected.jsonl");
  const outcomes: Outcome[] = [];
  const beyond = { ...lines.find(({ file }) => file === "chart")!, row: 9 };
  for await (const outcome of compareRows(await openRows("chart"), [beyond])) outcomes.push(outcome);
  expect(outcomes.map(({ quantity, passed }) => [quantity, passed])).toEqual([
    ["rows", false],
    ["readable", false],
  ]);
});
