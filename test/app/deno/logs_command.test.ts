import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { appendDurably, truncateDurably } from "../../../src/app/deno/storage/durable_files.ts";
import { lockFolder } from "../../../src/app/deno/storage/run_lock.ts";
import { logFormatNames } from "../../../src/interop/logs/formats.ts";
import { linesOf, loggedEvents } from "../../support/logged_run.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/run`);
  await Deno.writeTextFile(`${folder}/run/events.jsonl`, log);
});
afterEach(() => Deno.remove(folder, { recursive: true }));

const log = `${linesOf(loggedEvents).join("\n")}\n`;

async function run(line: string, context: Partial<CommandContext> = {}): Promise<{ code: number; lines: string[] }> {
  const parsed = parseArguments(line.replaceAll("FOLDER", folder).split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const never = () => {
    throw new Error("a log needs no model on a GPU");
  };
  const code = await runCommand(parsed, {
    terminal: { print: (text) => lines.push(text.replaceAll(folder, "FOLDER")), progress: () => {} },
    openPlatform: openDenoPlatform,
    openSession: never,
    compileKernels: never,
    compilers: never,
    stopping: () => false,
    untilStopped: () => new Promise(() => {}),
    dist: folder,
    ...context,
  });
  return { code, lines };
}

async function filesBelow(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) found.push(...(await filesBelow(`${path}/${name}`)).map((file) => `${name}/${file}`));
    else found.push(name);
  }
  return found.sort();
}

test("all formats go into a folder each, and the run is only read", async () => {
  const { code, lines } = await run("logs FOLDER/run --out FOLDER/out");
  expect({ code, lines }).toEqual({
    code: 0,
    lines: [
      "verl: 2 steps, 2 files in FOLDER/out/verl",
      "rl-logging-board: 2 steps, 1 file in FOLDER/out/rl-logging-board",
      "trl: 2 steps, 2 files in FOLDER/out/trl",
      "tensorboard: 2 steps, 1 file in FOLDER/out/tensorboard",
      "csv: 2 steps, 2 files in FOLDER/out/csv",
      "trackio: 2 steps, 3 files in FOLDER/out/trackio",
    ],
  });
  expect(await filesBelow(`${folder}/out`)).toEqual([
    "csv/metrics.csv",
    "csv/quantities.csv",
    "rl-logging-board/rollouts.jsonl",
    "tensorboard/events.out.tfevents.1600000000.saccade",
    "trackio/import.py",
    "trackio/metrics.csv",
    "trackio/metrics.jsonl",
    "trl/completions/completions_00001.parquet",
    "trl/completions/completions_00002.parquet",
    "verl/1.jsonl",
    "verl/2.jsonl",
  ]);
  expect(await filesBelow(`${folder}/run`)).toEqual(["events.jsonl"]);
  // Both steps' pieces.
  const board = await Deno.readTextFile(`${folder}/out/rl-logging-board/rollouts.jsonl`);
  expect(board.trimEnd().split("\n")).toHaveLength(2);
});

test("one format goes into the folder itself; a packed log that was exported will do", async () => {
  const packed = new Blob([log]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(`${folder}/exported.jsonl.gz`, new Uint8Array(await new Response(packed).arrayBuffer()));
  for (const [name, bytes] of [
    ["cut", (await Deno.readFile(`${folder}/exported.jsonl.gz`)).slice(0, 200)],
    ["unpacked", new TextEncoder().encode(log)],
  ] as const) {
    await Deno.writeFile(`${folder}/${name}.gz`, bytes);
    await expect(run(`logs FOLDER/${name}.gz`)).rejects.toThrow(/^Expected a whole gzip file in .*\.gz, found /);
  }
  const { lines } = await run("logs FOLDER/exported.jsonl.gz --format verl --out FOLDER/out");
  expect(lines).toEqual(["verl: 2 steps, 2 files in FOLDER/out"]);
  expect(await filesBelow(`${folder}/out`)).toEqual(["1.jsonl", "2.jsonl"]);
});

test("without a tokenizer metrics are written, and what is missing is reported", async () => {
  const moved = log.replace('"model":"needle"', '"model":"./gone"');
  await Deno.writeTextFile(`${folder}/run/events.jsonl`, moved);
  const { code, lines } = await run("logs FOLDER/run --out FOLDER/out");
  expect(code).toBe(1);
  expect(lines[0]).toMatch(
    /^verl is not written: the tokenizer of \.\/gone cannot be opened \(.+\); name a folder that has one with --tokenizer$/,
  );
  expect(lines.slice(3)).toEqual([
    "tensorboard: 2 steps, 1 file in FOLDER/out/tensorboard",
    "csv: 2 steps, 2 files in FOLDER/out/csv",
    "trackio: 2 steps, 3 files in FOLDER/out/trackio",
  ]);
  const named = await run("logs FOLDER/run --format trl --tokenizer needle --out FOLDER/again");
  expect(named).toEqual({ code: 0, lines: ["trl: 2 steps, 2 files in FOLDER/again"] });
});

test("the flag knows every format", () => {
  for (const format of ["all", ...logFormatNames])
    expect(parseArguments(["logs", "run", "--format", format, "--out", "out"])).toMatchObject({ options: { format } });
});

test.each([
  ["logs --out FOLDER/out", "saccade logs needs the folder of a run"],
  ["logs FOLDER/run --format csv", "--format csv writes files: name a new folder by --out"],
  [
    "logs FOLDER/run FOLDER/run --out FOLDER/out",
    "Only --format csv --out DIR takes several runs, as one table; found 2",
  ],
  ["logs FOLDER/run --log-json --out FOLDER/out", "--log-json prints events, and --out writes files"],
  ["logs FOLDER/run/events.jsonl --follow", "--follow needs the folder of a run that goes on, found the file"],
  ["logs FOLDER/run --out FOLDER/run", "Expected an empty or new folder"],
  ["logs FOLDER/none --out FOLDER/out", "Expected the folder of a run at"],
  ["logs FOLDER --out FOLDER/out", "Expected the log of a run in"],
  ["logs FOLDER/run --format wandb --out FOLDER/out", "--format must be one of all, verl, rl-logging-board"],
])("%s", async (line, message) => {
  await expect(run(line)).rejects.toThrow(message);
});

test("html writes one file with the rollouts that are named, and their pictures", async () => {
  const { code, lines } = await run("logs FOLDER/run --format html --rollout 0.0 --out FOLDER/out");
  expect({ code, lines }).toEqual({ code: 0, lines: ["html: 2 rollouts in FOLDER/out/rollout-0.0.html"] });
  const text = await Deno.readTextFile(`${folder}/out/rollout-0.0.html`);
  expect(text).toContain("<title>Rollouts 0.0 of run</title>");
  expect(text.match(/<section /g)).toHaveLength(2);
  expect(text).toContain("&lt;tool_call&gt;");
  // The picture, what the model got of it, and the crop
  expect(text.match(/url\("data:image\/png;base64,/g)).toHaveLength(3);
  expect(await filesBelow(`${folder}/run`)).toEqual(["events.jsonl"]);
});

test.each([
  ["--rollout 1.0", "--rollout names what --format html writes; found --format all, which writes the whole log"],
  [
    "--format html --rollout 1-0",
    '--rollout must be STEP.TASK.ROLLOUT, such as 12.3.2, or STEP.TASK or STEP; found "1-0"',
  ],
  [
    "--format html --rollout 0.9",
    "The log of run has no rollout 0.9; step 0 has 0.0.0 to 0.0.1, tasks and rollouts being counted from 0",
  ],
  ["--format html --rollout 7.0.0", "The log of run has no rollout 7.0.0; it holds those of steps 1, 2"],
])("logs %s says what is missing, and writes nothing", async (flags, sentence) => {
  await expect(run(`logs FOLDER/run ${flags} --out FOLDER/out`)).rejects.toThrow(sentence);
  expect(await filesBelow(folder)).toEqual(["run/events.jsonl"]);
});

test("without a format the log is printed as train prints it, or as it is", async () => {
  expect(await run("logs FOLDER/run")).toEqual({
    code: 0,
    lines: [
      "needle (1 parameters) on a",
      "step 1/2  accuracy 1.000  0.25 s (roll 0.10 s, update 0.15 s)",
      "step 2/2  accuracy 1.000  0.25 s (roll 0.10 s, update 0.15 s)",
      "held-out after step 2: accuracy 0.500 on 8 tasks, greedy  1.00 s",
      "done after step 2",
    ],
  });
  expect((await run("logs FOLDER/run --log-json")).lines.map((line) => JSON.parse(line))).toEqual(loggedEvents);
});

test("the quantities of several runs are one table", async () => {
  await Deno.mkdir(`${folder}/other`);
  await Deno.writeTextFile(`${folder}/other/events.jsonl`, log.replace('"seed":0', '"seed":5'));
  const { lines } = await run("logs FOLDER/run FOLDER/other --format csv --out FOLDER/out");
  expect(lines[0]).toMatch(/^csv: \d+ quantities of 2 runs in FOLDER\/out\/quantities\.csv$/);
  const table = await Deno.readTextFile(`${folder}/out/quantities.csv`);
  expect(table).toMatch(/^run,needle,needle,0,.*,1,accuracy,1$/m);
  expect(table).toMatch(/^other,needle,needle,5,.*,heldout\/greedy\/accuracy,0\.5$/m);
  expect(table.match(/^run,preset/gm)).toHaveLength(1);
});

describe("following", () => {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const lines = linesOf(loggedEvents);
  const path = () => `${folder}/live/events.jsonl`;
  const append = (text: string) => appendDurably(path(), new TextEncoder().encode(text));
  let release: () => Promise<void>;
  beforeEach(async () => {
    await Deno.mkdir(`${folder}/live`);
    release = await lockFolder(`${folder}/live`);
  });
  afterEach(() => release());

  test("goes on with a run until its end: lines and formats, from before its first line, and through halves of lines", async () => {
    const printed = run("logs FOLDER/live --follow");
    const written = run("logs FOLDER/live --follow --out FOLDER/out");
    await pause(300);
    await append(`${lines[0]}\n${lines[1]!.slice(0, 30)}`);
    await pause(300);
    await append(`${lines[1]!.slice(30)}\n${lines.slice(2, 4).join("\n")}\n`);
    await pause(600);
    // The first step is in TensorBoard's file before there is a second one.
    const events = await Array.fromAsync(Deno.readDir(`${folder}/out/tensorboard`));
    expect((await Deno.stat(`${folder}/out/tensorboard/${events[0]!.name}`)).size).toBeGreaterThan(1000);
    await append(`${lines.slice(4).join("\n")}\n`);
    expect(await printed).toEqual(await run("logs FOLDER/run"));
    expect((await written).code).toBe(0);
    await run("logs FOLDER/run --out FOLDER/whole");
    for (const file of await filesBelow(`${folder}/whole`))
      if (!/quantities/.test(file))
        expect(await Deno.readFile(`${folder}/out/${file}`), file).toEqual(
          await Deno.readFile(`${folder}/whole/${file}`),
        );
  });

  test("ends where the process that wrote is gone, and where a person stops it", async () => {
    await append(`${lines.slice(0, 4).join("\n")}\n`);
    const printed = run("logs FOLDER/live --follow");
    let stop = () => {};
    let isStopped = false;
    const untilStopped = new Promise<void>((resolve) => {
      stop = () => {
        isStopped = true;
        resolve();
      };
    });
    const stopped = run("logs FOLDER/live --follow", {
      untilStopped: () => untilStopped,
      stopping: () => isStopped,
    });
    await pause(300);
    stop();
    expect(await stopped).toMatchObject({ code: 130, lines: [{}, {}].map(() => expect.any(String)) });
    await release();
    expect(await printed).toMatchObject({ code: 0, lines: [{}, {}].map(() => expect.any(String)) });
  });

  test("a log that is cut back meanwhile ends it with a sentence", async () => {
    await append(`${lines.slice(0, 4).join("\n")}\n`);
    const ended = expect(run("logs FOLDER/live --follow")).rejects.toThrow(
      "was cut back to an earlier checkpoint while it was followed; follow it anew",
    );
    await pause(300);
    await truncateDurably(path(), 10);
    await ended;
  });
});

test("html without a rollout writes the run as pages without script", async () => {
  const { code, lines } = await run("logs FOLDER/run --format html --out FOLDER/out");
  expect({ code, lines }).toEqual({ code: 0, lines: ["html: 3 pages; open FOLDER/out/index.html in a browser"] });
  expect(await filesBelow(`${folder}/out`)).toEqual(["index.html", "steps/1.html", "steps/2.html"]);
  const index = await Deno.readTextFile(`${folder}/out/index.html`);
  expect(index).toContain('<a href="steps/2.html">Step 2</a>');
  expect(index).toContain('aria-label="accuracy over 2 steps"');
  for (const page of [index, await Deno.readTextFile(`${folder}/out/steps/1.html`)]) {
    expect(page).toContain("default-src &#39;none&#39;");
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  }
});

test("a log of verl opens as well, in every format", async () => {
  await run("logs FOLDER/run --format verl --out FOLDER/dump");
  const { code, lines } = await run("logs FOLDER/dump --out FOLDER/out");
  expect(code).toBe(0);
  expect(lines.slice(0, 3)).toEqual([
    "A log of verl: rollouts and rewards are shown, its settings and pictures are not in it",
    "verl: 2 steps, 2 files in FOLDER/out/verl",
    "rl-logging-board: 2 steps, 1 file in FOLDER/out/rl-logging-board",
  ]);
  const read = async (path: string) =>
    (await Deno.readTextFile(`${folder}/${path}`))
      .split("\n")
      .slice(0, 1)
      .map((line) => JSON.parse(line));
  const [before] = await read("dump/1.jsonl");
  const [after] = await read("out/verl/1.jsonl");
  for (const field of ["input", "output", "gts", "score", "acc", "pred", "num_tool_calls"])
    expect([field, after[field]]).toEqual([field, before[field]]);
  await run("logs FOLDER/dump --format html --out FOLDER/pages");
  expect(await Deno.readTextFile(`${folder}/pages/steps/1.html`)).toContain("&lt;answer&gt;9&lt;/answer&gt;");
});
