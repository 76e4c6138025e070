import { afterEach, beforeEach, expect, test } from "vitest";
import type { BenchmarkSession } from "../../../src/app/benchmarks/benchmark.ts";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import type { Session } from "../../../src/app/session/session.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { hrBenchParquet, hrBenchRows, plainPng, vstarFiles } from "../../support/benchmark_files.ts";
import { letterFor, type Prompted, scriptedSession } from "../../support/benchmark_session.ts";
import { openFakeHub } from "../../support/fake_hub.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function write(files: Record<string, Uint8Array<ArrayBuffer>>) {
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/data/${path.split("/").slice(0, -1).join("/")}`, { recursive: true });
    await Deno.writeFile(`${folder}/data/${path}`, bytes);
  }
}

const knows = ({ task }: Prompted) => ({ answer: letterFor(task, "red|on the left|one") });

async function run(
  words: string[],
  options: {
    generate?: Parameters<typeof scriptedSession>[0];
    stopping?: () => boolean;
    untilStopped?: () => Promise<void>;
    rollTasks?: BenchmarkSession["rollTasks"];
  } = {},
): Promise<{ code: number; lines: string[]; configs: RunConfig[] }> {
  const parsed = parseArguments(["benchmark", ...words]);
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const configs: RunConfig[] = [];
  const code = await runCommand(parsed, {
    terminal: { print: (line: string) => lines.push(line), progress: () => {} },
    openPlatform: async (needsGpu: boolean) => ({
      ...(await openDenoPlatform(false)),
      ...(needsGpu ? { gpu: {} as GPU } : {}),
    }),
    openSession: async (_: unknown, config: RunConfig) => {
      configs.push(config);
      const session = scriptedSession(options.generate ?? knows);
      const { rollTasks = session.rollTasks } = options;
      return { ...session, rollTasks, notices: [], profile: () => null, close: () => {} } as unknown as Session;
    },
    stopping: options.stopping ?? (() => false),
    untilStopped: options.untilStopped ?? (() => new Promise<void>(() => {})),
  } as unknown as CommandContext);
  return { code, lines, configs };
}

test("V* from a folder: a table, and every rollout in a file", async () => {
  await write(await vstarFiles(3, 2));
  const { code, lines, configs } = await run([
    "vstar",
    `${folder}/data`,
    "--model",
    "models/x",
    "--seed",
    "5",
    "--control",
    "all",
    "--avg-at=2",
    "--out",
    `${folder}/out`,
  ]);
  expect(code).toBe(0);
  const command = `npm run saccade -- benchmark vstar ${folder}/data --model models/x --seed 5 --control all --avg-at 2 --out ${folder}/out`;
  expect(lines.slice(0, 3)).toEqual(["# V*: models/x", "", `    ${command}`]);
  expect(lines[4]).toBe(
    `Questions from ${folder}/data; seed 5; options shuffled by the seed; prompt deepeyes, tool saccade, judge rules; Avg@2 at temperature 1; on Fake`,
  );
  expect(lines).toContain("Note: V* has 115 questions of direct_attributes, found 3");
  expect(lines.filter((line) => line.includes("| overall") && line.includes("1.000 ± 0.000")).length).toBe(10);
  expect(configs[0]).toMatchObject({
    data: "",
    judge: "rules",
    prompt: "deepeyes",
    maxToolCalls: 10,
    responseTokens: 20480,
  });
  expect(await Deno.readTextFile(`${folder}/out/table.md`)).toBe(`${lines.slice(0, -1).join("\n")}\n`);
  const written = (await Deno.readTextFile(`${folder}/out/results.jsonl`))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(written.length).toBe(5 * 5 * 3);
  expect(written[0]).toMatchObject({
    control: "none",
    greedy: true,
    item: "vstar/direct_attributes/sa_0",
    right: true,
  });
  // The command that is printed is read as the same.
  const again = parseArguments(command.split(" ").slice(4));
  expect(again).toMatchObject({ command: "benchmark", changes: { model: "models/x", seed: 5 }, options: { avgAt: 2 } });
  await expect(run(["vstar", `${folder}/data`, "--model", "x", "--out", `${folder}/out`])).rejects.toThrow(
    "Expected an empty or new folder",
  );
});

test("HR-Bench as JSON lines, every rotation, one file of the folder", async () => {
  await write({ "hr_bench_4k.parquet": hrBenchParquet(await hrBenchRows(4)) });
  const path = `${folder}/data/hr_bench_4k.parquet`;
  const { lines } = await run(["hrbench", path, "--model", "x", "--options", "circular", "--limit", "2", "--log-json"]);
  const all = lines.map((line) => JSON.parse(line));
  expect(all.map(({ type }) => type)).toEqual([...new Array(8).fill("rollout"), "table"]);
  expect(all.at(-1)).toMatchObject({
    command: `npm run saccade -- benchmark hrbench ${path} --model x --options circular --limit 2`,
    order: "circular",
    rows: [
      { category: "cross", items: 1, rollouts: 4 },
      { category: "single" },
      { category: "overall", accuracy: { value: 1 } },
    ],
  });
  expect(all.at(-1).notes).toContain("Only 2 of 4 questions, spread over the categories");
});

test("scenes with all controls, sampled and greedy", async () => {
  const generate = ({ zoom }: Prompted) => ({ reward: { parts: {}, total: 0, right: zoom, verdict: "exact" } });
  const { lines, configs } = await run(["needle", "--limit", "4"], { generate });
  expect(lines[0]).toBe("# Needle: needle");
  expect(lines[2]).toBe("    npm run saccade -- benchmark needle --limit 4");
  expect(lines.filter((line) => / (greedy|Avg@1) .*overall/.test(line) && line.includes("±")).length).toBe(8);
  expect(lines.find((line) => line.startsWith("| no-tool"))).toContain("0.000 ± 0.000");
  expect(configs[0]).toMatchObject({ prompt: "compact", data: "" });
});

test("several worlds: the model of several worlds, a table each", async () => {
  const generate = () => ({ reward: { parts: {}, total: 0, right: true, verdict: "exact" } });
  const words = ["relate,count", "--limit", "2", "--control", "none", "--avg-at", "2"];
  const { lines, configs } = await run(words, { generate });
  expect(lines[0]).toBe("# Relate, Count: worlds");
  expect(lines[2]).toBe("    npm run saccade -- benchmark relate,count --control none --avg-at 2 --limit 2");
  expect(lines.filter((line) => line.startsWith("## "))).toEqual(["## relate", "## count"]);
  expect(lines).toContainEqual(expect.stringMatching(/^Note: Guessing: "9", .* is right in 0\.(19|20)/));
  expect(lines).toContainEqual(expect.stringMatching(/^Note: No zoom is needed: .*controls take nothing away/));
  expect(configs[0]).toMatchObject({ model: "worlds", maxToolCalls: 4, firstTurnTokens: 18, data: "" });
  // What a run says of its own world holds; a preset that is named chooses the model.
  const story = await run(["needle", "--preset", "story", "--limit", "1", "--control", "none"], { generate });
  expect(story.lines[0]).toBe("# Needle: story");
  const all = await run(["worlds", "--limit", "1", "--control", "none", "--log-json"], { generate });
  const sets = JSON.parse(all.lines.at(-1)!).rows.map(({ set }: { set: string }) => set);
  expect(new Set(sets)).toEqual(new Set(["needle", "hunt", "relate", "count", "read", "order"]));
}, 20_000);

test("a person's own file of tasks, with the controls; other models than published ones with their own prompt", async () => {
  const rows = ["red", "red", "blue"].map((answer, i) => ({ image: `${i}.png`, question: "Which colour?", answer }));
  const files = Object.fromEntries(await Promise.all(rows.map(async ({ image }) => [image, await plainPng(64, 48)])));
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  await write({ ...files, "tasks.jsonl": new TextEncoder().encode(text) as Uint8Array<ArrayBuffer> });
  const generate = ({ zoom }: Prompted) => ({ reward: { parts: {}, total: 0, right: zoom, verdict: "exact" } });
  const data = `${folder}/data/tasks.jsonl`;
  const { lines, configs } = await run(["--data", data, "--model", "worlds"], { generate });
  expect(lines[0]).toBe("# Own tasks: worlds");
  expect(lines[2]).toBe(`    npm run saccade -- benchmark --data ${data} --model worlds`);
  expect(lines[4]).toMatch(new RegExp(`^Questions from rows of ${data}; .*prompt compact`));
  expect(lines).toContainEqual(expect.stringMatching(/^Note: A smoke test and no result: worlds /));
  expect(lines.find((line) => line.startsWith("| none  "))).toMatch(/\| 3 +\| 3 +\| 1\.000 ± 0\.000 +\| 0\.667/);
  expect(lines.find((line) => line.startsWith("| no-tool"))).toContain("0.000 ± 0.000");
  expect(configs[0]).toMatchObject({ data, model: "worlds", judge: "rules", heldOutRows: 256, maxToolCalls: 4 });
  const published = await run(["own", data, "--model", "models/x", "--limit", "2", "--control", "none"], { generate });
  expect(published.configs[0]).toMatchObject({ data, prompt: "deepeyes", maxToolCalls: 10, heldOutRows: 2 });
  expect(published.lines.some((line) => line.includes("smoke test"))).toBe(false);
  const same = `${JSON.stringify(rows[0])}\n`.repeat(4);
  await write({ "same.jsonl": new TextEncoder().encode(same) as Uint8Array<ArrayBuffer> });
  await expect(run(["own", `${folder}/data/same.jsonl`, "--model", "worlds", "--limit", "2"])).rejects.toThrow(
    "found nothing: 2 of 4 rows are set apart; 2 of them stand among the other rows as well, on which a run trains",
  );
});

test("V* with a shipped model: its own prompt and limits, and that this is no result", async () => {
  await write(await vstarFiles(2, 1));
  const { lines, configs } = await run(["vstar", `${folder}/data`, "--model", "worlds"]);
  expect(lines[5]).toMatch(/^Note: A smoke test and no result: worlds .* at the level of a guess or below$/);
  expect(configs[0]).toMatchObject({ model: "worlds", prompt: "compact", tool: "saccade", maxToolCalls: 4, data: "" });
  expect(lines.find((line) => line.includes("| overall"))).toMatch(/1\.000 ± 0\.000 +\| 0\.333/);
});

test("data sets of the Hub are read from there, pictures one by one", async () => {
  const hrBench = { "hr_bench_4k.parquet": hrBenchParquet(await hrBenchRows(2)), "hr_bench_4k.tsv": new Uint8Array(9) };
  const repositories = { "datasets/craigwu/vstar_bench": await vstarFiles(2, 1), "datasets/DreamMr/HR-Bench": hrBench };
  const hub = await openFakeHub({ repositories });
  const before = Deno.env.get("HF_ENDPOINT") ?? "";
  Deno.env.set("HF_ENDPOINT", hub.endpoint);
  try {
    const vstar = await run(["vstar", "craigwu/vstar_bench@main", "--model", "x", "--limit", "2"]);
    expect(vstar.lines[0]).toBe(
      `Reading from ${hub.endpoint}/api/datasets/craigwu/vstar_bench/tree/main?recursive=true`,
    );
    expect(vstar.lines.filter((line) => /overall.*1\.000/.test(line)).length).toBe(1);
    expect(new Set(hub.requests.filter(({ url }) => url.includes(".jpg")).map(({ url }) => url)).size).toBe(2);
    const hr = await run(["hrbench", "hf://datasets/DreamMr/HR-Bench", "--model", "x", "--options", "as-given"]);
    expect(hr.lines.find((line) => line.includes("overall (mean of halves)"))).toMatch(/ 2 +\| 8 +\| 1\.000/);
    expect(hub.requests.some(({ url }) => url.includes(".tsv"))).toBe(false);
  } finally {
    Deno.env.set("HF_ENDPOINT", before);
    await hub.close();
  }
});

test("stopped by a person: the table of what there is, and that it is not all", async () => {
  await write(await vstarFiles(5, 0));
  let asked = 0;
  const { code, lines } = await run(["vstar", `${folder}/data`, "--model", "x"], { stopping: () => ++asked >= 2 });
  expect(code).toBe(130);
  expect(lines).toContain("Note: Stopped before the end: 2 of 5 items");
});

test("what is missing is one sentence, before a model is loaded", async () => {
  await expect(run(["vstar", `${folder}/none`, "--model", "x"])).rejects.toThrow(
    `Expected V* in ${folder}/none: the folders direct_attributes and relative_position`,
  );
  await expect(run(["hrbench", `${folder}/none`, "--model", "x"])).rejects.toThrow("found no such folder");
  await expect(run(["hrbench", `${folder}/hr_bench_4k.tsv`, "--model", "x"])).rejects.toThrow(
    `Expected a file hr_bench_4k.tsv in ${folder}, found none`,
  );
  await expect(run(["vstar", `${folder}/data`])).rejects.toThrow("saccade benchmark vstar needs --model");
  await expect(run(["vstar", "--model", "x"])).rejects.toThrow("needs one folder, file, address or data set such as");
  await expect(run(["ocr", "x"])).rejects.toThrow(
    "or worlds out of needle, hunt, relate, count, read, order (several with commas; worlds: all)",
  );
  await expect(run(["ocr"])).rejects.toThrow('behind benchmark, found "ocr"');
  await expect(run(["needle,ocr"])).rejects.toThrow('found "ocr"');
  await expect(run(["needle", "here"])).rejects.toThrow('takes flags only, found "here"');
  // The table would name a judge that was asked nothing.
  await expect(run(["needle", "--judge-url", "http://127.0.0.1:9/v1"])).rejects.toThrow("judged by their one spelling");
  await expect(run(["needle", "--options", "circular"])).rejects.toThrow("have no options to order");
  await expect(run(["hunt", "--worlds", "read"])).rejects.toThrow("names its worlds; leave --worlds out");
  await expect(run(["hunt", "--data", "x.jsonl"])).rejects.toThrow("names tasks for saccade benchmark own");
  await expect(run([])).rejects.toThrow("saccade benchmark own needs tasks: a JSON Lines, CSV or parquet file");
  await expect(run(["own", "x.jsonl", "--data", "y.jsonl"])).rejects.toThrow("named twice, by x.jsonl and by --data");
  await expect(run(["own", "./mine.ts", "--model", "x"])).rejects.toThrow("reads files, found the module ./mine.ts");
  await expect(run(["own", "x.jsonl"])).rejects.toThrow("saccade benchmark own needs --model");
  await expect(run(["vstar", "x", "--model", "y", "--judge", "deepeyes"])).rejects.toThrow("needs --judge-url");
  await expect(run(["vstar", "x", "--control", "tool"])).rejects.toThrow("--control must be one of none, no-tool");
});

test("stopped while a judge never answers: ends at once, with the code of a stop", async () => {
  // biome-ignore lint/correctness/useYield: it never comes so far
  async function* silent() {
    await new Promise(() => {});
  }
  const { code } = await run(["needle", "--limit", "2"], {
    rollTasks: silent as unknown as BenchmarkSession["rollTasks"],
    stopping: () => true,
    untilStopped: async () => {},
  });
  expect(code).toBe(130);
});
