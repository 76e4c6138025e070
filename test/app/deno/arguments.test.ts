import { describe, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { commands, kebab } from "../../../src/app/deno/command_line/command_table.ts";
import { commandHelp, generalHelp } from "../../../src/app/deno/command_line/help_text.ts";
import { knobs } from "../../../src/train/knobs.ts";
import { presets } from "../../../src/train/presets.ts";

const parse = (line: string) => parseArguments(line.split(" ").filter(Boolean));

test("knobs and flags, in every way of writing", () => {
  expect(
    parse(
      "train --preset needle --learning-rate=1e-4 --no-zoom --steps 20 --log-json --out runs/a --norm-adv-by-std false --seed 0",
    ),
  ).toEqual({
    command: "train",
    help: false,
    changes: { preset: "needle", learningRate: 1e-4, zoom: false, steps: 20, normAdvByStd: false, seed: 0 },
    options: { logJson: true, out: "runs/a" },
  });
  expect(parse("train --zoom --trace=false")).toMatchObject({ changes: { zoom: true }, options: { trace: false } });
  expect(parse("train --bonus-weight -1.5")).toMatchObject({ changes: { bonusWeight: -1.5 } });
  expect(parse("eval --tasks 600 --from runs/a=b")).toMatchObject({ options: { tasks: 600, from: "runs/a=b" } });
});

test("knobs by verl's and TRL's names, beside flags", () => {
  expect(parse("train --preset verl-7b actor_rollout_ref.rollout.n=4 +data.train_batch_size=32 --seed 3")).toEqual({
    command: "train",
    help: false,
    changes: { preset: "verl-7b", seed: 3, rolloutsPerTask: 4, tasksPerStep: 32 },
    options: {},
  });
  expect(parse("train --num_generations 8 learning_rate=1e-6 --mask_truncated_completions --beta 0.04")).toMatchObject({
    changes: { rolloutsPerTask: 8, learningRate: 1e-6, overlong: "mask", klLossCoef: 0.04 },
  });
  expect(parse("train trainer.nnodes=4 --use_vllm")).toMatchObject({
    changes: {},
    notes: [
      "Nothing to do for trainer.nnodes: one GPU does all the work, nothing is split or moved away",
      "Nothing to do for use_vllm: our own kernels sample and train on one GPU, sums in f32",
    ],
  });
  // A ratio is of the steps that hold: those of the preset, or of a flag.
  expect(parse("train --steps 50 warmup_ratio=0.1")).toMatchObject({ changes: { warmupSteps: 5 } });
  expect(parse("train saccade.preset=story")).toMatchObject({ changes: { preset: "story" } });
  expect(parse("eval data.train_files=a.parquet")).toMatchObject({ changes: { data: "a.parquet" } });
});

test("every knob can be set by its own name, from the training command or the warm start", () => {
  for (const [key, knob] of Object.entries(knobs)) {
    const value = String(knob.default);
    expect(parse(`${knob.group === "warmup" ? "warmup" : "train"} --${kebab(key)}=${value}`)).toMatchObject({
      changes: { [key]: knob.default },
    });
  }
});

describe("one sentence", () => {
  test.each([
    ["trian", 'There is no command "trian"; did you mean "train"?'],
    ["toString", 'There is no command "toString"'],
    ["train --lerning-rate 1", "There is no flag --lerning-rate; did you mean --learning-rate?"],
    ["train --learningRate 1", "There is no flag --learningRate; did you mean --learning-rate?"],
    ["train --no-steps", "There is no flag --no-steps"],
    ["train 20", 'Expected a flag such as --preset, found "20"'],
    ["train --steps", "--steps needs a value"],
    ["train --out --steps 3", "--out needs a value"],
    ["train --steps 1.5", "--steps must be a whole number, found 1.5"],
    ["train --steps=", '--steps must be a number from 1 to 1000000, found ""'],
    ["train --rollouts-per-task 1", "--rollouts-per-task must lie between 2 and 64, found 1"],
    ["train --bonus always", '--bonus must be one of conditional, unconditional, none, found "always"'],
    ["train --zoom=maybe", '--zoom must be true or false, found "maybe"'],
    ["train --log-json=maybe", '--log-json must be true or false, found "maybe"'],
    ["train --seed 1 --seed 2", "--seed is given twice"],
    ["train --zoom --no-zoom", "--zoom is given twice"],
    ["train --out a --resume b", "--out begins a run and --resume goes on with one"],
    ["train --warmup-rows 512", "saccade train has no flag --warmup-rows, which belongs to warmup"],
    ["eval --learning-rate 1", "saccade eval has no flag --learning-rate, which belongs to train"],
    ["compile --steps 5", "saccade compile has no flag --steps, which belongs to train"],
    ["compile --x 5", "saccade compile takes no flags, found --x"],
    ["export", "saccade export needs --out"],
    ["eval --tasks 0", '--tasks must be a whole number from 1 to 1000000000, found "0"'],
    ["serve --port 70000", '--port must be a whole number from 1 to 65535, found "70000"'],
    ["eval --from=", "--from needs the path of a folder"],
    ["bench --json=", "--json needs the path of a file"],
    [
      "train data.train_batchsize=3",
      'no setting "data.train_batchsize" of verl; did you mean "data.train_batch_size"?',
    ],
    ["train --num_generatons 8", 'no setting "num_generatons" of TRL; did you mean "num_generations"?'],
    ["train actor_rollout_ref.rollout.top_p=0.9", "actor_rollout_ref.rollout.top_p=0.9 is not supported"],
    ["train algorithm.adv_estimator=gae", "supported: grpo"],
    ["train --rollouts-per-task 4 num_generations=8", "--rollouts-per-task is 4, and by another name 8; leave one out"],
    ["eval trainer.total_training_steps=5", "saccade eval has no --steps"],
    ["train --gpu-memory 24", "--gpu-memory is what --dry-run compares a run with; add --dry-run, or leave it out"],
    ["train --dry-run --resume a", "--dry-run is for a run that has not begun"],
    ["settings --as toml", '--as must be one of flags, verl, trl, json, found "toml"'],
    ["help trian", 'There is no command "trian"'],
    ["train --help grop", 'The help of train has no part "grop"; did you mean "grpo"?'],
  ])("for: saccade %s", (line, sentence) => {
    expect(() => parse(line)).toThrow(sentence);
  });
});

describe("help", () => {
  test("is asked for in the usual ways", () => {
    for (const line of ["", "--help", "-h", "help"]) expect(parse(line)).toEqual({ command: null, help: true });
    for (const line of ["train --help", "train --steps 3 -h", "help train", "train --help --steps 3"])
      expect(parse(line)).toEqual({ command: "train", help: true });
    for (const line of ["train --help grpo", "help train grpo"])
      expect(parse(line)).toEqual({ command: "train", help: true, topic: "grpo" });
    for (const line of ["--version", "-V", "version", "help version"])
      expect(parse(line)).toEqual({ command: null, help: true, topic: "version" });
    expect(parse("help exit-codes")).toEqual({ command: null, help: true, topic: "exit-codes" });
  });

  test("of the program is short and names every command once", () => {
    const lines = generalHelp().split("\n");
    expect(lines.length).toBeLessThan(45);
    for (const [name, { line }] of Object.entries(commands))
      expect(lines.filter((one) => one.startsWith(`  ${name} `) && one.endsWith(line))).toHaveLength(1);
  });

  test("of train is short, and names every group of the rest", () => {
    const short = commandHelp("train");
    expect(short.split("\n").length).toBeLessThan(60);
    expect(short).not.toContain("--beta2");
    const topics = [...short.matchAll(/^ {2}([a-z][a-z-]+) {2,}/gm)].map(([, topic = ""]) => topic);
    expect(topics).toContain("grpo");
    for (const topic of topics) expect(parse(`train --help ${topic}`)).toMatchObject({ topic });
    expect(commandHelp("train", "grpo")).toMatch(/^grpo:\n.*--beta2 N/s);
    expect(commandHelp("train", "grpo")).not.toContain("--seed");
  });

  test("of train, all of it, names every knob with its default, and every preset", () => {
    const text = commandHelp("train", "all");
    for (const [key, knob] of Object.entries(knobs).filter(([, { group }]) => group !== "warmup")) {
      const line = text.split("\n").find((one) => one.trimStart().startsWith(`--${kebab(key)} `));
      expect(line, key).toContain(knob.line);
      expect(line, key).toContain(String(knob.default));
    }
    for (const { line } of Object.values(presets)) expect(text).toContain(line);
  });

  test.each(Object.entries(commands))("%s has an example that parses", (name, { example }) => {
    expect(commandHelp(name as keyof typeof commands)).toContain(`npm run saccade -- ${example}`);
    expect(parse(example)).toMatchObject({ command: name, help: false });
  });
});
