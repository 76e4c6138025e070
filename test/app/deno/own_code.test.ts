import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { commandHelp } from "../../../src/app/deno/command_line/help_text.ts";
import { expectOwnCodeNamed, fileAddress, loadOwnCode } from "../../../src/app/deno/commands/own_code.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { checkSources, runSources } from "../../../src/app/run/run_sources.ts";
import { resolveConfig } from "../../../src/train/config.ts";

const changesOf = (line: string) => {
  const parsed = parseArguments(line.split(" "));
  return parsed.help ? {} : parsed.changes;
};

describe("flags", () => {
  test("a module stands for a reward, tasks and tools; other values are what they were", () => {
    expect(changesOf("train --reward ./a.ts --tasks ../b.js --tool /c.mts --tool=d.mjs")).toEqual({
      reward: "./a.ts",
      data: "../b.js",
      tools: "image_zoom_in_tool,/c.mts,d.mjs",
    });
    expect(changesOf("train --reward verl --tool verl")).toEqual({ reward: "verl", tool: "verl" });
    const asked = parseArguments("eval --tasks 5 --tasks ./mine.ts".split(" "));
    expect(asked).toMatchObject({ changes: { data: "./mine.ts" }, options: { tasks: 5 } });
    expect(changesOf("train --tools image_mark_tool --tool ./c.ts")).toEqual({ tools: "image_mark_tool,./c.ts" });
  });

  test("what is none is refused, and so it is where no such code is run", () => {
    expect(() => changesOf("train --reward ./a.py")).toThrow("or a module such as ./mine.ts");
    expect(() => changesOf("train --tool ./a")).toThrow("--tool must be one of saccade, verl, deepeyes");
    expect(() => changesOf("train --data a.jsonl --tasks ./mine.ts")).toThrow("--data is given twice");
    expect(() => changesOf("export --tool ./mine.ts --out x")).toThrow();
  });

  test("the help says that it is code which runs", () => {
    expect(commandHelp("train", "own-code")).toMatch(/Your own code, which runs .*\n +--tool \.\/mine\.ts/);
    expect(commandHelp("warmup", "all")).not.toContain("Your own code");
  });
});

describe("modules", () => {
  let folder = "";
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
  const reward = (path: string) => resolveConfig({ reward: `${folder}/${path}` });
  const load = (path: string) => loadOwnCode(reward(path), reward(path));
  beforeAll(async () => {
    folder = await Deno.makeTempDir();
    const fields = `name: "mine", label: "Mine", help: "1", source: "here", parts: [{ name: "all", label: "a", help: "b" }]`;
    await write(
      "mine.ts",
      `import { one } from "./one.ts"; export default { ${fields}, score: () => ({ all: one }) };`,
    );
    await write("one.ts", "export const one: number = 1;");
    await write("wrong.ts", `export default { ${fields}, name: "No!", score: () => ({ all: 1 }) };`);
    await write("none.ts", "export const reward = {};");
    await write("broken.ts", "export default {");
    await write("null.ts", "throw null;");
    await write("bare.ts", `import "nobody-has-this"; export default {};`);
  });
  afterAll(() => Deno.remove(folder, { recursive: true }));

  test("a plain object is checked as defineReward would", async () => {
    expect((await load("mine.ts")).reward).toMatchObject({ name: "mine" });
    expect(fileAddress("/c#1 100%?/../mine.ts").href).toBe("file:///mine.ts");
    expect(fileAddress("/c#1 100%?/mine.ts").href).toBe("file:///c%231%20100%25%3F/mine.ts");
    expect(fileAddress("C:\\own\\mine.ts").href).toBe("file:///C:/own/mine.ts");
    await expect(load("null.ts")).rejects.toThrow(/The module .*null\.ts cannot be loaded: null/);
    await expect(load("wrong.ts")).rejects.toThrow(/wrong\.ts: Expected a reward's name of small letters/);
    await expect(load("none.ts")).rejects.toThrow("write export default defineReward({ ... })");
    await expect(load("broken.ts")).rejects.toThrow(/The module .*broken\.ts cannot be loaded: /);
    await expect(load("bare.ts")).rejects.toThrow(/The module .*bare\.ts cannot be loaded: .*nobody-has-this/);
    await expect(load("nowhere.ts")).rejects.toThrow("found no such file");
  });

  test("code of a stored run is run only where the command line names it", () => {
    const stored = resolveConfig({ reward: "./theirs.ts", tools: "image_zoom_in_tool,./tool.ts" });
    expect(() => expectOwnCodeNamed(stored, {})).toThrow("add --reward ./theirs.ts");
    expect(() => expectOwnCodeNamed(stored, { reward: "./theirs.ts" })).toThrow("add --tool ./tool.ts");
    expectOwnCodeNamed(stored, { reward: "./theirs.ts", tools: "./tool.ts" });
    expectOwnCodeNamed(resolveConfig({}), {});
  });

  test("a run does not go on with other code, in the module or in what it imports", async () => {
    const platform = await openDenoPlatform(false);
    const config = resolveConfig({ reward: `${folder}/mine.ts`, model: `${folder}/no-model` });
    const stored = await runSources(config, platform);
    expect(stored).toMatchObject([{ knob: "reward", part: "code", files: 2, covers: "all bytes" }]);
    expect(stored[0]!.listed.map(({ name }) => name)).toEqual(["mine.ts", "one.ts"]);
    expect((await checkSources(config, stored, platform)).sources).toEqual(stored);
    await write("one.ts", "export const one: number = 2;");
    await expect(checkSources(config, stored, platform)).rejects.toThrow("one.ts has the same size and other content");
    await Deno.remove(`${folder}/mine.ts`);
    await expect(checkSources(config, stored, platform)).rejects.toThrow(
      "found nothing there; put the same files back",
    );
  });
});
