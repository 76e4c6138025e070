import { afterEach, beforeEach, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { settingsAs } from "../../../src/app/deno/commands/settings_command.ts";
import { readConfigFile } from "../../../src/app/run/config_file.ts";
import { resolveConfig } from "../../../src/train/config.ts";

let file: string;
beforeEach(async () => {
  file = `${await Deno.makeTempDir()}/config.json`;
});
afterEach(() => Deno.remove(file.slice(0, -"/config.json".length), { recursive: true }));

const parsed = (line: string) => {
  const found = parseArguments(line.replaceAll("FILE", file).split(" "));
  if (found.help) throw new Error("not a command to run");
  return found;
};

test("a run's config.json is read back: the same settings, and flags come before them", async () => {
  const config = resolveConfig({ preset: "story", steps: 7, learningRate: 2e-5, seed: 3 });
  await Deno.writeTextFile(file, settingsAs("json", config));
  expect(resolveConfig(parsed("train --config FILE").changes)).toEqual(config);
  expect(resolveConfig(parsed("train --config FILE --steps 9").changes)).toEqual({ ...config, steps: 9 });
  // Another trainer's name over the file's value
  expect(resolveConfig(parsed("train --config FILE num_generations=2").changes).rolloutsPerTask).toBe(2);
  // What a command does not read stays out of it
  expect(parsed("eval --config FILE").changes).not.toHaveProperty("steps");
});

test("some settings will do, and fingerprints beside them change nothing", async () => {
  await Deno.writeTextFile(file, '{"preset":"story","seed":5,"sources":[{"knob":"data"}]}');
  expect(parsed("train --config FILE").changes).toEqual({ preset: "story", seed: 5 });
});

test.each([
  ["", "train --config FILE", "is not valid JSON"],
  ["[1]", "train --config FILE", "expected an object of settings, found a list"],
  ['{"stepz":3}', "train --config FILE", 'There is no knob "stepz"; did you mean "steps"?'],
  ['{"steps":"many"}', "train --config FILE", "steps must be a number from"],
  ['{"steps":{"a":1}}', "train --config FILE", "steps must be a number, a text, true or false, found an object"],
  ['{"preset":"nedle"}', "train --config FILE", 'did you mean "needle"?'],
  ['{"type":"run","format":2}', "train --config FILE", "found another kind of file"],
  ['{"__proto__":{"a":1}}', "train --config FILE", "__proto__ must be a number"],
  ["{}", "train --config FILE --preset story", "leave out --preset, or --config"],
  ["{}", "train --config FILE --resume runs/a", "leave one of them out"],
  ["{}", "eval --config FILE --from runs/a", "leave one of them out"],
  ['{"reward":"./mine.ts"}', "train --config FILE", "names the code ./mine.ts, which is run only where you name it"],
])("%s: %s", async (text, line, message) => {
  await Deno.writeTextFile(file, text);
  expect(() => parsed(line)).toThrow(message);
});

test("no file, and a folder", () => {
  expect(() => parsed("train --config /nowhere/c.json")).toThrow(
    "Expected a file of settings at /nowhere/c.json, found no such file",
  );
  const folder = file.slice(0, file.lastIndexOf("/"));
  expect(() => parsed(`train --config ${folder}`)).toThrow(`the file in a run's folder is ${folder}/config.json`);
});

test("a judge's key is not sent to an address that only a file names", async () => {
  await Deno.writeTextFile(file, '{"judgeUrl":"https://judge.example/v1"}');
  Deno.env.set("SACCADE_JUDGE_KEY", "secret");
  try {
    expect(() => parsed("train --config FILE")).toThrow("add --judge-url https://judge.example/v1");
    expect(parsed("train --config FILE --judge-url https://judge.example/v1").changes.judgeUrl).toBe(
      "https://judge.example/v1",
    );
  } finally {
    Deno.env.delete("SACCADE_JUDGE_KEY");
  }
  expect(parsed("train --config FILE").changes.judgeUrl).toBe("https://judge.example/v1");
});

test("of what a file has in place of a name or number, as much is shown as a sentence bears", () => {
  const long = "k".repeat(100_000);
  for (const text of [`{"${long}":1}`, `{"steps":"${long}"}`, `{"preset":"${long}"}`]) {
    let said = "";
    try {
      readConfigFile(text, "config.json");
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain(`"${"k".repeat(60)}…"`);
    expect(said.length).toBeLessThan(300);
  }
});
