import { afterEach, beforeEach, expect, test } from "vitest";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { inspectCommand } from "../../../src/app/deno/commands/inspect_command.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { createSweepFolder } from "../../../src/app/deno/storage/sweep_folder.ts";
import { configText } from "../../../src/app/run/record.ts";
import { makeSweep, readAxis } from "../../../src/app/sweep/sweep_plan.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import tokenizer from "../../golden/tokenizer-needle.json" with { type: "json" };
import { fakeEvents } from "../../support/fake_run.ts";
import { tinyQwenFiles } from "../../support/tiny_qwen.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function inspect(...names: string[]) {
  const lines: string[] = [];
  const context = {
    terminal: { print: (text: string) => lines.push(text.replaceAll(folder, "FOLDER")), progress: () => {} },
    openPlatform: openDenoPlatform,
    stopping: () => false,
  } as unknown as CommandContext;
  const code = await inspectCommand({ folders: names.map((name) => `${folder}/${name}`) }, context);
  return { code, lines };
}

test("a run's folder: its settings, what it reached, its log; and its log by itself", async () => {
  const config = resolveConfig({ seed: 7, steps: 3, tasksPerStep: 2, rolloutsPerTask: 2 });
  await Deno.mkdir(`${folder}/run`);
  await Deno.writeTextFile(`${folder}/run/config.json`, configText(config));
  const log = [...fakeEvents(config)].map((event) => `${JSON.stringify(event)}\n`).join("");
  await Deno.writeTextFile(`${folder}/run/events.jsonl`, log);
  const { code, lines } = await inspect("run", "run/events.jsonl");
  expect(code).toBe(0);
  expect(lines[0]).toBe("FOLDER/run: the folder of a run");
  expect(lines[1]).toBe("  settings     preset needle, seed 7, steps 3, tasksPerStep 2, rolloutsPerTask 2");
  expect(lines).toContain("  tasks        generated scenes");
  expect(lines.find((line) => line.startsWith("  made"))).toMatch(/^ {2}made {9}step 3 of 3, done; /);
  expect(lines.find((line) => line.startsWith("  log"))).toMatch(/ 12 rollouts of 3 steps, /);
  expect(lines).toContain("  checkpoint   none; it is written every --save-every steps and when a run ends");
  const second = lines.indexOf("FOLDER/run/events.jsonl: the log of a run");
  expect(lines.slice(second + 1)).toContain(lines[1]);
});

test("a model's folder and one of its files, without loading; a sweep", async () => {
  await Deno.mkdir(`${folder}/model`);
  for (const { name, bytes } of tinyQwenFiles(tokenizer)) await Deno.writeFile(`${folder}/model/${name}`, bytes);
  await createSweepFolder(`${folder}/sweep`, makeSweep({ steps: 3 }, [readAxis("seed", "0..1")]));
  const { lines } = await inspect("model", "model/model.safetensors", "sweep");
  expect(lines.slice(0, 2)).toEqual(["FOLDER/model: a model, qwen2_5_vl", "  parameters   64,624"]);
  expect(lines).toContain("  weights      56 tensors, F32 56");
  expect(lines).toContain("  tokenizer    can be read");
  expect(lines.find((line) => line.startsWith("FOLDER/model/model.safetensors"))).toMatch(
    /: 56 tensors, 64,624 numbers, /,
  );
  expect(lines.at(-3)).toBe("FOLDER/sweep: a sweep of 2 runs, 2 seeds");
  expect(lines.at(-1)).toMatch(/: waiting, step 0 of 3$/);
});

test("what is none of these is said in one sentence; beside others it costs the exit code", async () => {
  await Deno.writeTextFile(`${folder}/notes.txt`, "");
  await expect(inspect("nothing")).rejects.toThrow(/^Expected a run, a model, .* at .*nothing, found none/);
  await expect(inspect("notes.txt")).rejects.toThrow(
    /^Expected a \.safetensors file, a run file .* found .*notes\.txt/,
  );
  await expect(inspect(".")).rejects.toThrow(/found notes\.txt; data is described by: saccade data inspect/);
  await Deno.writeFile(`${folder}/cut.safetensors`, new Uint8Array(4));
  const { code, lines } = await inspect("cut.safetensors", "nothing");
  expect(code).toBe(1);
  expect(lines.filter((line) => line.startsWith("Expected") || line.includes("expected"))).toHaveLength(2);
});
