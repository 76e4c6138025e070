import { afterEach, beforeEach, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { Misused } from "../../../src/app/deno/command_line/exit_codes.ts";
import { sweepCommand } from "../../../src/app/deno/commands/sweep_command.ts";
import { type TrainElsewhere, trainElsewhere } from "../../../src/app/deno/commands/train_process.ts";
import { entries } from "../../../src/app/deno/storage/durable_files.ts";
import { configText } from "../../../src/app/run/record.ts";
import { noSummary } from "../../../src/app/run/run_summary.ts";
import { resolveConfig } from "../../../src/train/config.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

/** What a run with a seed and a learning rate reaches here. */
const accuracyOf = (seed: number, rate: number): number => (rate > 2e-4 ? 0.5 : 0.1) + 0.1 * seed;

/** A run without a GPU: it writes what a run writes. @param made  steps by the name of the folder */
function fakeTrain(made: (folder: string) => { steps: number; code: number; problem?: string; saved?: number }): {
  train: TrainElsewhere;
  asked: string[];
  atOnce: () => number;
} {
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const train: TrainElsewhere = async (words, watch) => {
    asked.push(words.join(" ").replaceAll(folder, "FOLDER"));
    running++;
    most = Math.max(most, running);
    const parsed = parseArguments(["train", ...words]);
    if (parsed.help) throw new Error("no run");
    const own = parsed.options.out ?? parsed.options.resume!;
    const config = resolveConfig(parsed.changes);
    const { steps, code, problem = "", saved = steps } = made(own.slice(folder.length + 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await Deno.mkdir(own, { recursive: true });
    await Deno.writeTextFile(`${own}/config.json`, configText(config));
    const lines = Array.from({ length: steps }, (_, i) => ({
      type: "update",
      step: i + 1,
      metrics: { accuracy: accuracyOf(config.seed, config.learningRate), zoom_rate: 1, calls_ok: 1, reward: 1 },
      durationMs: 1000,
    }));
    await Deno.writeTextFile(`${own}/events.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await Deno.mkdir(`${own}/checkpoint`, { recursive: true });
    await Deno.writeTextFile(`${own}/checkpoint/trainer_state.json`, JSON.stringify({ step: saved }));
    watch({ ...noSummary, step: steps });
    running--;
    return { code, problem };
  };
  return { train, asked, atOnce: () => most };
}

async function sweep(line: string, train: TrainElsewhere, stopping = () => false) {
  const parsed = parseArguments(["sweep", ...line.replaceAll("FOLDER", folder).split(" ")]);
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const context = {
    terminal: { print: (text: string) => lines.push(text.replaceAll(folder, "FOLDER")), progress: () => {} },
    stopping,
    untilStopped: () => new Promise<void>(() => {}),
  } as unknown as CommandContext;
  const code = await sweepCommand(parsed, context, train);
  return { code, lines };
}

const whole = fakeTrain(() => ({ steps: 3, code: 0 }));

test("runs of every combination, beside each other, with a table of means and deviations", async () => {
  const { train, asked, atOnce } = fakeTrain(() => ({ steps: 3, code: 0 }));
  const { code, lines } = await sweep(
    "seed=0..1 learning-rate=1e-4,3e-4 --steps 3 --beside 3 --tune off --out FOLDER/out",
    train,
  );
  expect(code).toBe(0);
  expect(atOnce()).toBe(3);
  // Which of those beside each other begins first is not said.
  expect(asked).toContain(
    "--steps=3 --learning-rate=0.0001 --seed=0 --out FOLDER/out/001-learning-rate-0.0001-seed-0 --tune off",
  );
  expect(asked).toHaveLength(4);
  expect(lines[0]).toBe("4 of 4 runs to be made in FOLDER/out, 3 beside each other");
  expect(lines.slice(5)).toEqual([
    "",
    "setting            runs       accuracy  best accuracy      zoom rate        calls         reward    seconds",
    "learningRate 1e-4     2  0.150 ± 0.071  0.150 ± 0.071  1.000 ± 0.000  1.00 ± 0.00  1.000 ± 0.000  3.0 ± 0.0",
    "learningRate 3e-4     2  0.550 ± 0.071  0.550 ± 0.071  1.000 ± 0.000  1.00 ± 0.00  1.000 ± 0.000  3.0 ± 0.0",
    "mean ± standard deviation between seeds; accuracy of training rollouts, mean of the last 10 steps at most; --eval-every measures held-out tasks",
    "",
    "A line for each run is in FOLDER/out/runs.csv, this table in FOLDER/out/sweep.md",
  ]);
  const csv = (await Deno.readTextFile(`${folder}/out/runs.csv`)).split("\n");
  expect(csv[0]).toMatch(/^run,learningRate,preset,seed,state,step,steps,accuracy,/);
  expect(csv[4]).toMatch(/004-learning-rate-0.0003-seed-1,0.0003,needle,1,done,3,3,0.6/);
  expect(await Deno.readTextFile(`${folder}/out/sweep.md`)).toContain("| learningRate 3e-4 | 2 | 0.550 ± 0.071 |");
});

test("one run that fails does not end the others; the sweep goes on with what lacks", async () => {
  let broken = true;
  const { train, asked } = fakeTrain((name) =>
    name.includes("seed-1") && broken ? { steps: 1, code: 1, problem: "the device was lost" } : { steps: 3, code: 0 },
  );
  const first = await sweep("seed=0..2 --steps 3 --out FOLDER/out", train);
  expect(first.code).toBe(1);
  expect(first.lines[2]).toMatch(/^\[2\/3\] FOLDER\/out\/002-seed-1: failed after step 1, .*: the device was lost$/);
  expect(first.lines).toContain("Go on with: npm run saccade -- sweep --resume FOLDER/out");
  expect(first.lines.find((line) => line.startsWith("preset needle"))).toMatch(/ 2 of 3 {2}0\.200 ± 0\.141/);

  broken = false;
  const again = await sweep("--resume FOLDER/out --steps 3", train);
  expect(again.code).toBe(0);
  expect(asked.slice(3)).toEqual(["--resume FOLDER/out/002-seed-1 --steps=3"]);
  expect((await sweep("--resume FOLDER/out", whole.train)).lines[0]).toBe("All 3 runs in FOLDER/out are made");
  expect(whole.asked).toEqual([]);
});

test("a run whose last weights could not be written is not done, and goes on", async () => {
  let full = true;
  const { train, asked } = fakeTrain((name) =>
    name.includes("seed-1") && full
      ? { steps: 3, saved: 2, code: 1, problem: "Cannot write the checkpoint: the disk is full" }
      : { steps: 3, code: 0 },
  );
  const { code, lines } = await sweep("seed=0,1 --steps 3 --out FOLDER/out", train);
  expect(code).toBe(1);
  expect(lines[2]).toMatch(/002-seed-1: failed after step 3, .*: Cannot write the checkpoint: the disk is full$/);
  full = false;
  expect((await sweep("--resume FOLDER/out", train)).code).toBe(0);
  expect(asked[2]).toMatch(/^--resume FOLDER\/out\/002-seed-1/);
});

test("once it is asked to stop it begins no more", async () => {
  const { train, asked } = fakeTrain(() => ({ steps: 1, code: 130 }));
  let calls = 0;
  const { code, lines } = await sweep("seed=0..5 --steps 3 --out FOLDER/out", train, () => ++calls > 1);
  expect({ code, asked: asked.length }).toEqual({ code: 130, asked: 1 });
  expect(lines[1]).toMatch(/001-seed-0: stopped after step 1/);
});

test("what cannot be is refused in one sentence, and nothing is written", async () => {
  const refused = (line: string) => expect(sweep(line, whole.train)).rejects;
  await refused("foo=1,2 --out FOLDER/out").toThrow('There is no knob "foo"');
  await refused("seed --out FOLDER/out").toThrow('Expected a knob and its values, such as seed=0..2, found "seed"');
  await refused("shape-min-px=40,200 --out FOLDER/out").toThrow("shapeMaxPx (64) must be at least shapeMinPx (200)");
  await refused("seed=0..2 --seed 5 --out FOLDER/out").toThrow("--seed is what the runs differ in; leave it out,");
  await refused("actor_rollout_ref.rollout.n= --out FOLDER/out").toThrow("actor_rollout_ref.rollout.n needs values");
  await refused("seed=0,0 --out FOLDER/out").toThrow(Misused);
  await refused("--resume FOLDER/none").toThrow("Expected a sweep in ");
  expect(() => parseArguments(["sweep"])).toThrow("saccade sweep needs knobs with the values");
  expect(await entries(folder)).toEqual([]);

  await sweep("seed=0,1 --objects 3 --steps 3 --out FOLDER/out", whole.train);
  await refused("seed=0,1 --out FOLDER/out").toThrow(/Expected an empty or new folder/);
  await refused("seed=5 --resume FOLDER/out").toThrow("A sweep goes on with the values that it has; leave out seed=5");
  await refused("--resume FOLDER/out --seed 4").toThrow("--seed is what the runs of ");
  await refused("--resume FOLDER/out --objects 4").toThrow("--objects cannot change in runs that have begun");
  await Deno.writeTextFile(`${folder}/out/sweep.json`, '{"changes":{"colour":1},"axes":[]}');
  await refused("--resume FOLDER/out").toThrow(/sweep\.json is damaged \(There is no knob "colour"/);
});

test("--dry-run prints the command of each run; other trainers' names are knobs", async () => {
  const { lines } = await sweep(
    "actor_rollout_ref.rollout.n=2,4 --preset story --dry-run --out FOLDER/out",
    whole.train,
  );
  expect(lines).toEqual([
    "npm run saccade -- train --preset=story --rollouts-per-task=2 --out FOLDER/out/001-rollouts-per-task-2",
    "npm run saccade -- train --preset=story --rollouts-per-task=4 --out FOLDER/out/002-rollouts-per-task-4",
  ]);
  expect(await entries(folder)).toEqual([]);
});

test("real runs in processes of their own", async () => {
  const line =
    "seed=3,4 --steps 1 --tasks-per-step 1 --rollouts-per-task 2 --max-tool-calls 0 --beside 2 --out FOLDER/out";
  const { code, lines } = await sweep(line, trainElsewhere);
  expect({ code, lines: lines.length }).toEqual({ code: 0, lines: 9 });
  for (const seed of [3, 4]) {
    const log = await Deno.readTextFile(`${folder}/out/00${seed - 2}-seed-${seed}/events.jsonl`);
    expect(JSON.parse(log.split("\n")[0]!).config).toMatchObject({ seed, steps: 1, maxToolCalls: 0 });
  }
}, 120_000);

test("a file of settings stands in the place of flags; values and flags come before it", async () => {
  const { train, asked } = fakeTrain(() => ({ steps: 3, code: 0 }));
  const file = `${folder}/config.json`;
  await Deno.writeTextFile(file, configText(resolveConfig({ preset: "story", steps: 7, seed: 5, temperature: 0.5 })));
  await sweep("seed=0..1 --steps 3 --config FOLDER/config.json --out FOLDER/out", train);
  // What is the preset's own is not said again.
  expect(asked.toSorted()).toEqual([
    "--preset=story --steps=3 --temperature=0.5 --seed=0 --out FOLDER/out/001-seed-0",
    "--preset=story --steps=3 --temperature=0.5 --seed=1 --out FOLDER/out/002-seed-1",
  ]);
  await expect(sweep("preset=needle,story --config FOLDER/config.json --out FOLDER/b", train)).rejects.toThrow(
    "The file of --config says all settings, so that preset= would change nothing; leave one of them out",
  );
  await expect(sweep("seed=0..1 --seed 3 --config FOLDER/config.json --out FOLDER/b", train)).rejects.toThrow(
    "--seed is what the runs differ in",
  );
});
