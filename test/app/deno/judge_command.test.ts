import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { verdictFolder } from "../../../src/app/deno/storage/verdict_folder.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import { type FakeJudge, type FakeJudgeOptions, openFakeJudge } from "../../support/fake_judge.ts";
import { needleTask, rollout } from "../../support/rollouts.ts";

let folder: string;
const open: FakeJudge[] = [];
beforeEach(async () => {
  folder = await Deno.makeTempDir();
  Deno.env.set("SACCADE_JUDGE_KEY", "");
});
afterEach(async () => {
  await Deno.remove(folder, { recursive: true });
  for (const fake of open.splice(0)) await fake.close();
});

async function judgeAt(options: FakeJudgeOptions): Promise<FakeJudge> {
  const fake = await openFakeJudge(options);
  open.push(fake);
  return fake;
}
const approving: FakeJudgeOptions = { behave: () => ({ kind: "reply", text: '{"verdict": 1}' }) };

/** @param stop  stops the command once it resolves */
async function run(
  line: string,
  stop: Promise<void> = new Promise(() => {}),
): Promise<{ code: number; lines: string[] }> {
  const parsed = parseArguments(line.split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  let stopping = false;
  stop.then(() => {
    stopping = true;
  });
  const never = () => {
    throw new Error("a judge needs neither a GPU nor a model");
  };
  const code = await runCommand(parsed, {
    terminal: { print: (text) => lines.push(text), progress: () => {} },
    openPlatform: never,
    openSession: never,
    compileKernels: never,
    compilers: never,
    stopping: () => stopping,
    untilStopped: () => stop,
    dist: folder,
  });
  return { code, lines };
}

describe("judge test", () => {
  test("says ready", async () => {
    const fake = await judgeAt(approving);
    const { code, lines } = await run(`judge test --judge-url ${fake.url}`);
    expect(code).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/^ready: The judge at http.* gave a verdict/)]);
  });

  test("takes the key from the environment, and prints it nowhere", async () => {
    const fake = await judgeAt({ ...approving, key: "another" });
    Deno.env.set("SACCADE_JUDGE_KEY", "sk-secret-77");
    const { code, lines } = await run(`judge test --judge-url ${fake.url}`);
    expect(code).toBe(1);
    expect(lines[0]).toMatch(/^unauthorized: .*\[key\]/);
    expect(lines.at(-1)).toBe("The key is read from SACCADE_JUDGE_KEY");
    expect(lines.join("\n")).toContain("sglang.launch_server");
    expect(lines.join("\n")).not.toContain("sk-secret-77");
  });

  test("is reported as JSON", async () => {
    const fake = await judgeAt({ ...approving, models: [] });
    const { lines } = await run(`judge test --log-json --judge-url ${fake.url}`);
    expect(JSON.parse(lines.join())).toMatchObject({ state: "no_model", usable: false });
  });
});

test("judge audit prints both kinds of mistakes, and which they were", async () => {
  const fake = await judgeAt(approving);
  const { code, lines } = await run(`judge audit --judge-url ${fake.url}`);
  expect(code).toBe(0);
  expect(lines[3]).toMatch(/the model alone\s+54\/54 = 100.0 %\s+0\/27 = 0.0 %\s+0$/);
  expect(lines.filter((line) => line.startsWith("  approved"))).not.toHaveLength(0);
  expect(lines.at(-1)).toMatch(/^81 verdicts: \d+ by rule, \d+ refused, \d+ by the judge, 0 failed/);
});

/** A run of two steps; in each, one answer that exact words turn down and a reader may not. */
async function writeRun(): Promise<string> {
  const task = { ...needleTask, source: "deepeyes", question: "What is it?", answer: "a bowl of fruit" };
  const reward = (right: boolean) => ({
    parts: { answer: right ? 0.8 : 0, format: 0, zoom: 0 },
    total: right ? 0.8 : 0,
    right,
    verdict: "rule",
  });
  const group = (step: number): Rollout[] => [
    rollout({ id: `${step}·0·0`, answer: "A bowl of fruit.", reward: reward(true) }),
    rollout({ id: `${step}·0·1`, answer: "fruit in a bowl", reward: reward(false) }),
    rollout({ id: `${step}·0·2`, answer: null, end: "malformed", reward: null }),
  ];
  const config = resolveConfig({});
  const events: TrainEvent[] = [
    { type: "run", format: 2, config, model: { name: "m", parameters: 1 }, adapter: "a", resumedAt: 0, startedAt: "" },
    ...[1, 2].flatMap((step): TrainEvent[] => [
      { type: "tasks", step, tasks: [task] },
      { type: "group", step, taskIndex: 0, rollouts: group(step) },
      { type: "update", step, metrics: {}, durationMs: 1, rollMs: 1, updateMs: 1 },
    ]),
  ];
  const text = `${events.map((event) => JSON.stringify(event)).join("\n")}\n{"type":"tas`;
  await Deno.writeTextFile(`${folder}/events.jsonl`, text);
  return text;
}

test.each(["test", "audit", "rejudge"])(
  "judge %s ends at once where the person stops and the judge never answers",
  async (action) => {
    if (action === "rejudge") await writeRun();
    let ask = () => {};
    const stop = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const fake = await judgeAt({
      behave: () => {
        ask();
        return { kind: "hang" };
      },
    });
    const { code, lines } = await run(
      `judge ${action}${action === "rejudge" ? ` ${folder}` : ""} --judge-url ${fake.url}`,
      stop,
    );
    expect(code).toBe(130);
    // No rates and no table of what was cut off: at most the head of one.
    expect(lines.filter((line) => /verdicts:|%|no_answer/.test(line))).toEqual([]);
  },
);

describe("judge rejudge", () => {
  test("puts old and new side by side, and writes nothing", async () => {
    const log = await writeRun();
    const fake = await judgeAt(approving);
    const { code, lines } = await run(`judge rejudge ${folder} --judge-url ${fake.url} --answer-weight 2`);
    expect(code).toBe(0);
    // Before: 1 of 2 scored, mean 0.4. After: 2 of 3, mean (2 + 2 - 0.2) / 3.
    expect(lines[2]?.trim().split(/\s+/)).toEqual(["1", "0.500", "0.667", "0.400", "1.267", "0", "2"]);
    expect(lines[4]).toBe(
      "6 rollouts: 2 as before, 2 now right, 0 now wrong, 0 without a verdict now, 2 without one before; 6 rewards differ",
    );
    expect(lines[5]).toBe('  1·0·1: "fruit in a bowl" for "a bowl of fruit": wrong by rule -> right by judge hardened');
    expect(lines[6]).toBe('  1·0·2: null for "a bowl of fruit": no verdict -> wrong by no answer');
    // The same question in both steps, and a canary with it.
    expect(fake.questions).toHaveLength(2);
    expect(lines.at(-1)).toContain("1 of 1 canaries");
    expect(await Deno.readTextFile(`${folder}/events.jsonl`)).toBe(log);
  });

  test("a judge that is silent leaves verdicts out", async () => {
    await writeRun();
    const fake = await judgeAt({ behave: () => ({ kind: "status", status: 400 }) });
    const { lines } = await run(`judge rejudge ${folder} --judge-url ${fake.url} --log-json`);
    const steps = lines.map((line) => JSON.parse(line));
    expect(steps.map(({ before, after }) => [before.scored, after.scored])).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(steps[0].changed).toContainEqual(expect.objectContaining({ rollout: "1·0·1", after: null }));
  });

  test("by rules alone, under a reward of the menu", async () => {
    await writeRun();
    const { lines } = await run(`judge rejudge ${folder} --judge rules --reward chain-of-focus`);
    expect(lines[2]?.trim().split(/\s+/)).toEqual(["1", "0.500", "0.333", "0.400", "0.367", "0", "1"]);
  });

  test("keeps replies in a folder that the next call finds", async () => {
    await writeRun();
    const fake = await judgeAt(approving);
    const line = `judge rejudge ${folder} --judge-url ${fake.url} --judge-cache ${folder}/cache`;
    await run(line);
    const { lines } = await run(line);
    expect(fake.questions).toHaveLength(2);
    expect(lines.at(-2)).toMatch(/3 from the cache/);
  });
});

test.each([
  ["judge", "needs test, audit, or rejudge"],
  ["judge tset --judge-url http://a", 'Expected judge test, judge audit or judge rejudge RUN_FOLDER, found "tset"'],
  ["judge test", "needs --judge-url"],
  ["judge test more --judge-url http://a", 'takes flags only, found "more"'],
  ["judge audit --judge-url http://a --judge verk", 'found "verk"; did you mean "verl"?'],
  ["judge test --judge-url file:///etc", "begins with http:// or https://"],
  ["judge rejudge --judge-url http://a", "needs the folder of one run, found 0"],
  ["judge rejudge /nowhere --judge-url http://a", "Expected the log of a run in /nowhere/events.jsonl"],
  ["judge test --judge-timeout 0 --judge-url http://a", "--judge-timeout must lie between 1 and 3600"],
])("%s", async (line, message) => {
  await expect(run(line)).rejects.toThrow(message);
});

test("a folder of verdicts gives what was put, and counts what is damaged as none", async () => {
  const cache = verdictFolder(`${folder}/verdicts`);
  const key = "ab".repeat(32);
  expect(await cache.get(key)).toBeNull();
  await cache.put(key, "reply");
  await cache.put(key, "reply");
  expect(await cache.get(key)).toBe("reply");
  await Deno.writeTextFile(`${folder}/verdicts/ab/${key.slice(2)}.json`, '{"rep');
  expect(await cache.get(key)).toBeNull();
  const files: string[] = [];
  for await (const { name } of Deno.readDir(`${folder}/verdicts/ab`)) files.push(name);
  expect(files).toEqual([`${key.slice(2)}.json`]);
});
