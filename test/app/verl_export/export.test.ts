import { parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import { chooseTools } from "../../../src/agent/tools/table.ts";
import { openSource } from "../../../src/app/data/sources.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { openExport } from "../../../src/app/verl_export/opened_export.ts";
import { scenesToRender } from "../../../src/app/verl_export/rows_of_source.ts";
import { convert, decode } from "../../../src/image/decode.ts";
import { readVerlCommand } from "../../../src/interop/verl/command.ts";
import { pythonFiles } from "../../../src/interop/verl/export/python_files.ts";
import { rewardNote } from "../../../src/interop/verl/export/run_settings.ts";
import { openChat } from "../../../src/policy/chats.ts";
import { functionOf } from "../../../src/policy/offered_tool.ts";
import { pythonValue } from "../../../src/policy/python_json.ts";
import { renderTemplate } from "../../../src/policy/template.ts";
import { Tokenizer } from "../../../src/policy/tokenizer.ts";
import { rewards } from "../../../src/reward/rewards/table.ts";
import { scenePictures, sceneTask } from "../../../src/tasks/sources/scenes.ts";
import { sourceOf, worldNamed } from "../../../src/tasks/worlds/table.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { exported, goldenVerl, unpacked } from "../../support/verl_export.ts";

const small: Partial<RunConfig> = { preset: "needle", evalTasks: 1, toolErrors: "answer", maxToolCalls: 2 };
const data = new URL("../../golden/data/", import.meta.url).pathname;

interface Row {
  prompt: { role: string; content: string; tools: boolean | null }[];
  images: { bytes: Uint8Array }[];
  agent_name: string;
  data_source: string;
  reward_model: { ground_truth: string; style: string };
  extra_info: Record<string, unknown>;
}
const rowsIn = async (bytes: Uint8Array): Promise<Row[]> =>
  (await parquetReadObjects({ file: bytes.slice().buffer, utf8: false })) as unknown as Row[];

describe("scenes", () => {
  test("rows have verl's columns, and their pictures are the scenes' pixels", async () => {
    const { files, text } = await exported(small, { rows: 3 });
    const rows = await rowsIn(files.get("data/train.parquet")!);
    expect(rows).toHaveLength(3);
    const [row] = rows;
    expect(row).toMatchObject({
      agent_name: "tool_agent",
      data_source: "needle",
      reward_model: { style: "rule" },
      extra_info: { split: "train", index: 0n, id: "needle/0/train/0/0", source: "needle", offers_tools: true },
    });
    expect(row!.prompt).toEqual([
      { role: "user", content: expect.stringMatching(/^<image>What digit is on /), tools: null },
    ]);
    expect(row!.extra_info.tool_selection ?? null).toBe(null);
    const [scene] = scenePictures("needle/0/train/0/0", resolveConfig(small));
    const { data: levels } = convert(await decode(row!.images[0]!.bytes), "paste");
    expect(equal(levels, scene!.data)).toBe(true);
    expect(JSON.parse(text("settings.json")).model).toMatchObject({ folder: "model", adapter: false });
    expect(files.get("model/model.safetensors")!.length).toBeGreaterThan(2_000_000);
    expect(text("requirements.txt")).toContain("verl==0.9.1");
  }, 30_000);

  test("settings that run.sh gives are those of the run, as our own reader of such scripts reads them", async () => {
    const { text } = await exported({ ...small, learningRate: 3e-4, clipRatioHigh: 0.28 }, { rows: 1 });
    // The shell's own names of places are not known before it runs.
    const command = text("run.sh")
      .split("\n")
      .filter((line) => !/QUOTED|HERE|\$\{|"\$@"/.test(line) && !line.startsWith("set "))
      .join("\n")
      .replace(/\\\s*$/, "");
    const { config } = readVerlCommand(command);
    expect(config).toMatchObject({ learningRate: 3e-4, clipRatioHigh: 0.28, tasksPerStep: 16, maxToolCalls: 2 });
  }, 30_000);
});

describe("worlds of several zooms", () => {
  test.each(["hunt", "relate", "read", "count"])(
    "%s: rows ask its question, and turns are as many as it may call",
    async (preset) => {
      const { files, text } = await exported({ preset, evalTasks: 1, tasksPerStep: 1 }, { rows: 1 });
      const [row] = await rowsIn(files.get("data/train.parquet")!);
      const task = sceneTask(resolveConfig({ preset }), { seed: 0, split: "train", step: 0, index: 0 });
      expect(row).toMatchObject({
        agent_name: "tool_agent",
        data_source: sourceOf(worldNamed(preset)),
        reward_model: { style: "rule", ground_truth: task.answer },
        extra_info: { id: `${preset}/0/train/0/0`, source: task.source, offers_tools: true },
      });
      expect(row!.prompt).toEqual([{ role: "user", content: `<image>${task.question}`, tools: null }]);
      const { width, height } = await decode(row!.images[0]!.bytes);
      expect([{ width, height }]).toEqual(task.imageSizesPx);
      expect(text("overrides.txt")).toContain("multi_turn.max_assistant_turns=5\n");
      expect(JSON.parse(text("settings.json"))).toMatchObject({
        max_tool_calls: 4,
        first_turn_tokens: 18,
        next_turn_tokens: 18,
        family: "qwen3_vl",
      });
      const lines = text("rollouts/rollouts.jsonl").trim().split("\n");
      const rollouts = lines.map((line) => JSON.parse(line));
      // The longest script cuts from the scene, then from what that showed, then from the scene again.
      const longest = rollouts.find(({ outcomes }) => outcomes.length === 3);
      expect(longest).toMatchObject({ num_turns: 8, end: "answer", outcomes: ["ok", "ok", "ok"] });
      const [scene, crop, again] = await Promise.all(
        longest.pictures.map(async (path: string) => (await decode(files.get(path)!)).width),
      );
      expect(crop).toBeLessThan(scene);
      expect(again).toBe(scene);
      expect(rollouts.flatMap(({ outcomes }) => outcomes)).toContain("image_index");
    },
    60_000,
  );
});

describe.each([
  ["compact", {}],
  ["verl", { prompt: "verl", tool: "verl", reward: "verl" }],
  ["deepeyes", { prompt: "deepeyes", tool: "deepeyes", reward: "deepeyes" }],
] as const)("beside verl itself: %s", (name, changes) => {
  test("scripted rollouts come out as they did in verl 0.9.1, and its template makes their prompts", async () => {
    const config = resolveConfig({ ...small, ...changes });
    const { files, text } = await exported({ ...small, ...changes }, { rows: 1 });
    const ours = text("rollouts/rollouts.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const theirs = await goldenVerl(name);
    expect(ours).toHaveLength(theirs.length);
    let prompt: number[] = [];
    for (const [i, verl] of theirs.entries()) {
      const one = ours[i];
      if (verl.prompt) prompt = unpacked(verl.prompt);
      expect(unpacked(one.prompt_ids)).toEqual(prompt);
      expect(unpacked(one.response_ids)).toEqual(unpacked(verl.response));
      expect(unpacked(one.response_mask)).toEqual(unpacked(verl.mask));
      expect(one.num_turns).toBe(verl.turns);
      expect(one.reward).toBeCloseTo(verl.score, 6);
      expect(one.advantage).toBeCloseTo(verl.advantage, 4);
    }
    // What the environment can do was done.
    expect(new Set(ours.flatMap(({ outcomes }) => outcomes)).size).toBeGreaterThan(2);
    const [row] = await rowsIn(files.get("data/check.parquet")!);
    const tools = chooseTools(config);
    const messages = row!.prompt.map(({ role, content, tools: told }) =>
      pythonValue({ role, content: partsOf(content), ...(told && { tools: told }) }),
    );
    const rendered = renderTemplate(text("chat_template.jinja"), messages, pythonValue(tools.map(functionOf)), {
      add_generation_prompt: true,
    });
    const tokenizer = new Tokenizer(JSON.parse(text("model/tokenizer.json")));
    const pad = tokenizer.id("<|image_pad|>");
    const expanded = tokenizer.encode(rendered).flatMap((id) => (id === pad ? new Array<number>(16).fill(pad) : [id]));
    expect(expanded).toEqual(prompt);
    expect(openChat(config.prompt, tokenizer, tools)).toBeDefined();
  }, 60_000);
});

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** As verl's dataset hands them over. */
const partsOf = (content: string) =>
  content
    .split(/(<image>)/)
    .filter((part) => part !== "")
    .map((part) => (part === "<image>" ? { type: "image" } : { type: "text", text: part }));

test("scenes to render are known beforehand: those of all steps, or as many as were asked for; rows of files are not", async () => {
  const open = async (config: Partial<RunConfig>) =>
    openExport(resolveConfig(config), await openDenoPlatform(false), {});
  const scenes = await open({ ...small, steps: 3, tasksPerStep: 5 });
  expect([scenesToRender(scenes), scenesToRender(scenes, 4), scenesToRender(scenes, 40)]).toEqual([15, 4, 15]);
  const files = await open({ preset: "needle", data: `${data}thinklite.parquet`, heldOutRows: 2 });
  expect(scenesToRender(files, 4)).toBe(null);
});

test("rows of a file keep pictures that Pillow reads alike, others become PNG; rows without a tool name none", async () => {
  const { files, notes, text } = await exported({
    preset: "needle",
    prompt: "deepeyes",
    tool: "deepeyes",
    data: `${data}thinklite.parquet`,
    heldOutRows: 2,
  });
  const source = await openSource(`${data}thinklite.parquet`, await openDenoPlatform(false));
  const rows = await rowsIn(files.get("data/train.parquet")!);
  expect(rows.length + (await rowsIn(files.get("data/heldout.parquet")!)).length).toBeLessThanOrEqual(source.rows);
  for (const row of rows) {
    const index = Number(/\/(\d+)$/.exec(row.extra_info.id as string)![1]);
    const read = await source.row(index);
    expect(row.reward_model.ground_truth).toBe(read.answer);
    const originals = await read.pictures();
    expect(row.images).toHaveLength(originals.length);
    expect(
      row.prompt
        .map(({ content }) => content)
        .join("")
        .split("<image>"),
    ).toHaveLength(originals.length + 1);
    expect(row.extra_info.tool_selection ?? null).toEqual(
      read.envName === "" && "env_name" in read.columns ? ["none"] : null,
    );
  }
  expect(rows.some(({ images }) => images.length === 0)).toBe(true);
  expect(notes.every((note) => note.length < 300)).toBe(true);
  expect(text("README.md")).not.toContain(data);
}, 60_000);

test("every reward is written in Python or refused, its parts in their order", () => {
  const python = pythonFiles["saccade_verl/rewards.py"]!;
  for (const { name, parts } of rewards) {
    const written = new RegExp(`"${name}": \\(\\w+, (\\[.*\\])\\)`).exec(python)?.[1];
    if (written === undefined) expect(() => rewardNote({ reward: name }), name).toThrow(/cannot be exported to verl/);
    else expect([name, JSON.parse(written)]).toEqual([name, parts.map((part) => part.name)]);
  }
});

test("what cannot be written for verl is refused in one sentence, and no key is written", async () => {
  for (const [changes, sentence] of [
    [{ reward: "pixel-reasoner" }, /pixel-reasoner cannot be exported to verl: it pays by the whole group/],
    [{ reward: "thyme", judge: "hardened", judgeUrl: "http://127.0.0.1:1/v1" }, /thyme cannot be exported/],
    [{ reward: "tools-rl" }, /tools-rl cannot be exported to verl: what it pays depends on the step/],
    [{ reward: "./mine.ts" }, /mine.ts is a module in TypeScript/],
    [{ tools: "./mine.ts" }, /The tool .\/mine.ts is a module in TypeScript/],
    [{ data: "/no/such/file.parquet" }, /Expected a file \/no\/such\/file.parquet, found none/],
  ] as const)
    await expect(exported(changes as Partial<RunConfig>)).rejects.toThrow(sentence);
  const { text, files } = await exported(
    { ...small, judge: "verl", judgeUrl: "http://127.0.0.1:9/v1", judgeModel: "m" },
    { rows: 1 },
  );
  expect(JSON.parse(text("settings.json")).judge).toMatchObject({
    url_env: "SACCADE_JUDGE_URL",
    key_env: "SACCADE_JUDGE_KEY",
  });
  expect([...files.keys()].filter((name) => name.endsWith(".py")).length).toBeGreaterThan(20);
}, 30_000);
