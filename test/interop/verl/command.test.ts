import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readAliases } from "../../../src/interop/aliases.ts";
import { shellCommands } from "../../../src/interop/shell/run.ts";
import { writeTrlCommand } from "../../../src/interop/trl/command.ts";
import { readVerlCommand, writeVerlCommand } from "../../../src/interop/verl/command.ts";
import { differences, resolveConfig } from "../../../src/train/config.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { presets } from "../../../src/train/presets.ts";

/** The settings of DeepEyes' 7B script as its paper and script state them, in a layout of our own. */
const fork = `#!/bin/bash
set -x
# where things lie
export SAVE_DIR=/checkpoints   # a remark
BASE="/data/deepeyes"
V_STAR=\${BASE}/data_0.1.2_visual_toolbox_v2.parquet
CHART=$BASE/data_v0.8_visual_toolbox_v2.parquet
MODEL=Qwen/Qwen2.5-VL-7B-Instruct

PYTHONUNBUFFERED=1 python3 -m verl.trainer.main_ppo \\
    +debug=False \\
    data.train_files=[\${V_STAR},\${CHART}] data.val_files=["\${V_STAR}"] \\
    data.train_batch_size=256 data.max_prompt_length=8192 data.max_response_length=20480 \\
    algorithm.adv_estimator=grpo algorithm.kl_ctrl.kl_coef=0.0 \\
    actor_rollout_ref.model.path=\${MODEL} \\
    actor_rollout_ref.actor.optim.lr=1e-6 \\
    actor_rollout_ref.actor.ppo_mini_batch_size=256 actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=4 \\
    actor_rollout_ref.actor.use_kl_loss=False actor_rollout_ref.actor.kl_loss_coef=0.0001 \\
    actor_rollout_ref.actor.checkpoint.contents=['model','hf_model'] \\
    actor_rollout_ref.rollout.n=16 actor_rollout_ref.rollout.tensor_model_parallel_size=1 \\
    actor_rollout_ref.rollout.agent.activate_agent=True \\
    actor_rollout_ref.rollout.agent.tool_name_key=env_name \\
    actor_rollout_ref.rollout.agent.single_response_max_tokens=10240 \\
    actor_rollout_ref.rollout.agent.max_turns=5 \\
    trainer.logger=['console','wandb'] trainer.nnodes=\${WORLD_SIZE} \\
    trainer.save_freq=8 trainer.test_freq=10000 \\
    trainer.default_local_dir=\${SAVE_DIR}/run trainer.total_epochs=32 2>&1 | tee ./logs/run.log
`;

describe("a pasted command", () => {
  test("of DeepEyes comes to its preset", () => {
    const { preset, changes, refused, notes } = readVerlCommand(fork);
    expect(refused).toEqual([]);
    expect(preset).toBe("deepeyes-7b");
    expect(changes).toEqual({
      data: "/data/deepeyes/data_0.1.2_visual_toolbox_v2.parquet,/data/deepeyes/data_v0.8_visual_toolbox_v2.parquet",
    });
    expect(notes).toContain(
      `not understood: line 25, trainer.nnodes=\${WORLD_SIZE}: WORLD_SIZE is not set in this text; it means nothing here`,
    );
    expect(notes.join("\n")).toContain("The steps stay at 80: verl works them out of rows x 32 epochs / 256");
  });

  test("of the 32B script comes to the other preset", () => {
    const { preset, changes } = readVerlCommand(
      fork
        .replace("max_turns=5", "max_turns=20")
        .replace("size_per_gpu=4", "size_per_gpu=1")
        .replace("Qwen2.5-VL-7B", "Qwen2.5-VL-32B"),
    );
    expect(preset).toBe("deepeyes-32b");
    expect(Object.keys(changes)).toEqual(["data"]);
  });

  test("of the recipe takes what its file says, and comes to verl-7b", () => {
    const { preset, changes, refused } = readVerlCommand(`
      python3 -m verl.trainer.main_ppo --config-path=recipe/deepeyes/configs --config-name='deepeyes_multiturn_grpo' \\
        data.train_files=\${BASEDIR:-/data}/train.parquet data.train_batch_size=128 data.max_prompt_length=8192 \\
        data.max_response_length=16384 algorithm.adv_estimator=grpo \\
        actor_rollout_ref.model.path=Qwen/Qwen2.5-VL-7B-Instruct \\
        actor_rollout_ref.actor.ppo_mini_batch_size=128 actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=1 \\
        actor_rollout_ref.rollout.n=8 actor_rollout_ref.rollout.multi_turn.max_user_turns=5 \\
        trainer.save_freq=8 trainer.test_freq=80`);
    expect(refused).toEqual([]);
    expect(preset).toBe("verl-7b");
    expect(changes).toEqual({ data: "/data/train.parquet" });
  });

  test("has verl's own defaults where it is silent", () => {
    const { config, refused } = readVerlCommand(
      "python -m verl.trainer.main_ppo algorithm.adv_estimator=grpo actor_rollout_ref.rollout.n=4 data.train_batch_size=32",
    );
    expect(refused).toEqual([]);
    expect(config).toMatchObject({
      tasksPerStep: 32,
      rolloutsPerTask: 4,
      maxPromptTokens: 512,
      responseTokens: 512,
      learningRate: 1e-6,
      weightDecay: 0.01,
      warmupSteps: 0,
      miniBatchTasks: 0,
      klLossCoef: 0,
      evalEvery: 0,
      maxToolCalls: 0,
      zoom: false,
    });
  });

  test("that asks for what is not supported says all of it, and still gives the rest", () => {
    const { refused, config } = readVerlCommand(
      "python -m verl.trainer.main_ppo actor_rollout_ref.rollout.n=4 actor_rollout_ref.rollout.top_p=0.9 actor_rollout_ref.rollout.m=4",
    );
    expect(config.rolloutsPerTask).toBe(4);
    expect(refused).toEqual([
      'There is no setting "actor_rollout_ref.rollout.m" of verl; did you mean "actor_rollout_ref.rollout.n"?',
      "algorithm.adv_estimator=gae is not supported: advantages are GRPO's; supported: grpo",
      "actor_rollout_ref.rollout.top_p=0.9 is not supported: tokens are sampled from the whole distribution; supported: 1",
    ]);
  });

  test("without verl in it is an error", () => {
    expect(() => readVerlCommand("echo hello")).toThrow('Expected a command such as "python3 -m verl.trainer.main_ppo');
  });
});

const hand = (folder: string): string =>
  readFileSync(new URL(`../../golden/faults/${folder}/run.sh`, import.meta.url), "utf8");

describe("scripts that were read wrongly once", () => {
  const expected: Record<string, Partial<RunConfig>> = {
    "verl-array": { tasksPerStep: 64, rolloutsPerTask: 4, data: "/srv/d/train.parquet" },
    "verl-comment-continuation": { tasksPerStep: 64, rolloutsPerTask: 4 },
    "verl-escaped-quotes": { tasksPerStep: 64, rolloutsPerTask: 4, data: "/srv/a.parquet,/srv/b.parquet" },
    "verl-experimental": { tasksPerStep: 64, rolloutsPerTask: 4 },
    "verl-nested-default": { tasksPerStep: 64, rolloutsPerTask: 4, data: "/srv/d/train.parquet" },
    "verl-tilde": { tasksPerStep: 64, rolloutsPerTask: 4, clipRatioHigh: 0.28 },
  };
  test.each(Object.entries(expected))("%s", (folder, config) => {
    const read = readVerlCommand(hand(folder));
    expect(read.config).toMatchObject(config);
    expect(read.refused.filter((line) => line.startsWith("not understood"))).toEqual([]);
  });

  test("verl-if: what branches decide is named and stays as in the preset", () => {
    const { config, preset, refused } = readVerlCommand(hand("verl-if"));
    const { tasksPerStep, rolloutsPerTask } = resolveConfig({ preset });
    expect(config).toMatchObject({ tasksPerStep, rolloutsPerTask });
    expect(refused).toEqual([
      "not understood: line 13, data.train_batch_size=$BATCH: an if (line 10) sets it",
      "not understood: line 13, actor_rollout_ref.rollout.n=$N: && or || (line 9) decides whether it is set",
      expect.stringContaining("bash -x run.sh"),
    ]);
  });

  test("verl-experimental says what differs", () => {
    expect(readVerlCommand(hand("verl-experimental")).notes[0]).toContain("rollouts that are one step old");
  });
});

describe("instead of a script", () => {
  test("what bash -x prints", () => {
    const { config, refused } = readVerlCommand(
      `+ BATCH=64
+ python3 -m verl.trainer.main_ppo algorithm.adv_estimator=grpo data.train_batch_size=64 'data.train_files=['\\''/a b.parquet'\\'','\\''/c.parquet'\\'']' actor_rollout_ref.rollout.n=4
+ tee log.txt
Traceback: whatever`,
    );
    expect(refused).toEqual([]);
    expect(config).toMatchObject({ tasksPerStep: 64, rolloutsPerTask: 4, data: "/a b.parquet,/c.parquet" });
  });

  test(".hydra/overrides.yaml", () => {
    const { config, refused } = readVerlCommand(
      `- algorithm.adv_estimator=grpo
- data.train_batch_size=64
- 'data.train_files=[''/a b.parquet'',
  ''/c.parquet'']'
- "actor_rollout_ref.rollout.n=4"
- trainer.logger=["console"]
`,
    );
    expect(refused).toEqual([]);
    expect(config).toMatchObject({ tasksPerStep: 64, rolloutsPerTask: 4, data: "/a b.parquet,/c.parquet" });
  });

  test("what is neither is said with its line", () => {
    expect(() => readVerlCommand("- a.b=1\nc: 2")).toThrow(
      'not understood: line 2, expected "- name=value", found "c: 2"',
    );
    expect(() => readVerlCommand("- {a: 1}")).toThrow(
      "not understood: line 1, {a: 1} is not a text as hydra writes it",
    );
  });
});

describe("a value that is not certain takes what is read with it along", () => {
  const read = (words: string) =>
    readVerlCommand(`python3 -m verl.trainer.main_ppo algorithm.adv_estimator=grpo ${words}`);
  const multi = "actor_rollout_ref.rollout.multi_turn";

  test("turns", () => {
    const { refused, config, preset } = read(
      `${multi}.enable=True ${multi}.max_user_turns=2 ${multi}.max_assistant_turns=$TURNS`,
    );
    expect(refused[0]).toBe(
      `not understood: line 1, ${multi}.max_assistant_turns=$TURNS: TURNS is not set in this text`,
    );
    expect(refused.join("\n")).toContain(`not understood: ${multi}.max_user_turns: it is read together with`);
    expect(config.maxToolCalls).toBe(resolveConfig({ preset }).maxToolCalls);
  });

  test("a mini-batch of an unknown batch", () => {
    const { refused } = read("data.train_batch_size=$B actor_rollout_ref.actor.ppo_mini_batch_size=16");
    expect(refused.slice(0, 2)).toEqual([
      "not understood: line 1, data.train_batch_size=$B: B is not set in this text",
      "not understood: actor_rollout_ref.actor.ppo_mini_batch_size: it is read together with data.train_batch_size",
    ]);
  });

  test("a word that may set anything leaves nothing certain before it", () => {
    const { refused, config, preset } = read("data.train_batch_size=64 $(cat more) actor_rollout_ref.rollout.n=4");
    expect(config.tasksPerStep).toBe(resolveConfig({ preset }).tasksPerStep);
    expect(config.rolloutsPerTask).toBe(4);
    expect(refused.join("\n")).toContain("it may set anything, so that nothing before it is certain");
  });

  test("another configuration file", () => {
    const { refused, config, preset } = read("--config-name=gsm8k data.train_batch_size=64");
    expect(refused[0]).toContain("the file gsm8k.yaml is not read");
    expect(config.tasksPerStep).toBe(64);
    expect(config.maxPromptTokens).toBe(resolveConfig({ preset }).maxPromptTokens);
  });
});

describe("out and in again", () => {
  test.each(Object.keys(presets))("%s comes back whole", (preset) => {
    const config = resolveConfig({ preset });
    const { config: back, refused } = readVerlCommand(writeVerlCommand(config));
    expect(refused).toEqual([]);
    expect(differences(back, config)).toEqual([]);
  });

  const changed: Partial<RunConfig> = {
    seed: 7,
    data: "/a b/it's.parquet,/c.parquet",
    klLossCoef: 0.01,
    klLossType: "abs",
    klRewardCoef: 0.002,
    entropyCoef: -0.001,
    warmupSteps: 12,
    beta2: 0.95,
    maxGradNorm: 0,
    miniBatchTasks: 8,
    zeroVariance: "resample",
    overlong: "mask",
    loraRank: 8,
    loraTargets: "q_proj,v_proj",
    lossAggMode: "seq-mean-token-sum",
    microBatchRollouts: 2,
    zoom: false,
    saveEvery: 100_000,
    judgeUrl: "http://127.0.0.1:18901/v1",
    firstTurnTokens: 77,
  };
  test.each(Object.keys(presets))("%s with many changes comes back whole", (preset) => {
    const config = resolveConfig({ preset, ...changed });
    const { config: back, refused } = readVerlCommand(writeVerlCommand(config));
    expect(refused).toEqual([]);
    expect(differences(back, config)).toEqual([]);
  });

  test("verl's own names carry everything of verl's recipe", () => {
    const text = writeVerlCommand(resolveConfig({ preset: "verl-7b" }));
    expect(text).toContain("actor_rollout_ref.rollout.multi_turn.max_assistant_turns=5 \\\n");
    expect(text).toContain("actor_rollout_ref.model.path=Qwen/Qwen2.5-VL-7B-Instruct \\\n");
    expect(text.match(/saccade\.\w+/g)).toEqual(["saccade.preset"]);
  });

  test("DeepEyes is written for its fork", () => {
    const text = writeVerlCommand(resolveConfig({ preset: "deepeyes-7b" }));
    expect(text).toContain("actor_rollout_ref.rollout.agent.max_turns=5 \\\n");
    expect(text).toContain("actor_rollout_ref.rollout.agent.single_response_max_tokens=10240 \\\n");
    expect(text).not.toContain("multi_turn");
  });
});

describe("as a TRL command", () => {
  test("the recipe keeps its numbers and says what TRL cannot say", () => {
    const config = resolveConfig({ preset: "deepeyes-7b" });
    const text = writeTrlCommand(config);
    expect(text).toContain("--num_generations 16 \\\n");
    // Four completions a pass, weighed within the pass.
    expect(text).toContain("--per_device_train_batch_size 4 \\\n    --gradient_accumulation_steps 1024 \\\n");
    expect(text).toContain("--loss_type bnpo \\\n");
    expect(text).toMatch(/^# TRL has no setting for .*prompt=deepeyes/);
    const settings = [...text.matchAll(/--(\w+) (\S+)/g)].map(([, name, value]) => ({ name: name!, value: value! }));
    const { changes, refused } = readAliases(settings, resolveConfig({ preset: "needle" }));
    expect(refused).toEqual([]);
    for (const [knob, value] of Object.entries(changes)) expect(value, knob).toBe(config[knob as keyof RunConfig]);
    expect(Object.keys(changes).length).toBeGreaterThan(20);
  });
});

describe("commands of a shell", () => {
  const words = (text: string) => shellCommands(text).map((command) => command.words.map((word) => word.text));

  test("quotes, continuations, comments, pipes and redirections", () => {
    expect(words("a \"b c\" 'd $e' f\\ g # h\nset -x; i \\\n  j | k l\nm 2>&1 > n o")).toEqual([
      ["a", "b c", "d $e", "f g"],
      ["set", "-x"],
      ["i", "j"],
      ["k", "l"],
      ["m", "o"],
    ]);
  });

  test("variables of the text, their defaults, and those that are not known", () => {
    const command = shellCommands(
      `A=1\nexport B=$A/x C='y z'\nrun $A "\${B}" \${C} \${D:-4} e=$F/g h=$(date) i=$((1+2))`,
    ).at(-1)!;
    expect(command.words.map(({ text }) => text)).toEqual(["run", "1", "1/x", "y", "z", "4", "e=", "h=", "i=3"]);
    expect(
      command.words.filter(({ unknown }) => unknown !== null).map(({ source, unknown }) => [source, unknown]),
    ).toEqual([
      ["e=$F/g", "F is not set in this text"],
      ["h=$(date)", "$(date): a program would have to be run for it"],
    ]);
  });

  test("what is not closed is said with its line", () => {
    expect(() => shellCommands("x\na 'b")).toThrow("not understood: line 2, a quote (') is not closed");
    expect(() => shellCommands("a ${b")).toThrow('not understood: line 1, "${" is not closed');
    expect(() => shellCommands("if true; then a")).toThrow('not understood: line 1, "fi" is missing');
  });
});
