/**
 * Every knob of a run, once: default, range, unit and one line. The type of a configuration, CLI flags, page controls
 * and URL state are made from these keys.
 */

import { builtInTools } from "../agent/tools/table.ts";
import { baseDtypes } from "../model/base_dtype.ts";
import { cacheDtypes } from "../model/cache.ts";
import { judgeNames } from "../reward/judges/table.ts";
import { rewardNames } from "../reward/rewards/table.ts";
import type { FromScript, ModulePath } from "./own_code.ts";

export type KnobGroup =
  | "run"
  | "adapter"
  | "tasks"
  | "rollouts"
  | "reward"
  | "judge"
  | "grpo"
  | "warmup"
  | "bookkeeping";

interface About {
  line: string;
  unit?: string;
  group: KnobGroup;
  /** Whether a change takes effect at the next step of a running run, or needs a new one. */
  applies: "next step" | "new run";
}

export type NumberKnob = About & { kind: "number" | "integer"; default: number; min: number; max: number };
export type BooleanKnob = About & { kind: "boolean"; default: boolean };
export type ChoiceKnob<Choice extends string = string> = About & {
  kind: "choice";
  default: Choice;
  choices: readonly Choice[];
  /** Whether code of one's own may stand in the place of a choice (own_code.ts). */
  orOwnCode?: true;
};
export type TextKnob = About & { kind: "text"; default: string };

/** How a knob is written, checked and shown. */
export type Knob = NumberKnob | BooleanKnob | ChoiceKnob | TextKnob;

const numeric =
  (kind: "integer" | "number") =>
  (group: KnobGroup, fallback: number, min: number, max: number, line: string, unit?: string): NumberKnob => ({
    kind,
    default: fallback,
    min,
    max,
    line,
    unit,
    group,
    applies: "new run",
  });
const integer = numeric("integer");
const number = numeric("number");
const flag = (group: KnobGroup, fallback: boolean, line: string): BooleanKnob => ({
  kind: "boolean",
  default: fallback,
  line,
  group,
  applies: "new run",
});
const text = (group: KnobGroup, fallback: string, line: string): TextKnob => ({
  kind: "text",
  default: fallback,
  line,
  group,
  applies: "new run",
});
/** The first is the default. */
const choice = <const Choice extends string>(
  group: KnobGroup,
  choices: readonly [Choice, ...Choice[]],
  line: string,
): ChoiceKnob<Choice> => ({ kind: "choice", default: choices[0], choices, line, group, applies: "new run" });
const orOwnCode = <Choice extends string>(knob: ChoiceKnob<Choice>): ChoiceKnob<Choice | ModulePath | FromScript> => ({
  ...knob,
  orOwnCode: true,
});
const live = <K extends Knob>(knob: K): K => ({ ...knob, applies: "next step" });

const table = {
  preset: text("run", "needle", "named starting point; other flags change it"),
  model: text(
    "run",
    "needle",
    "shipped variant, a folder with a Hugging Face checkpoint, or owner/name@revision on the Hub",
  ),
  seed: integer("run", 0, 0, 4294967295, "fixes the scenes, the sampling, everything"),
  steps: live(integer("run", 100, 1, 1_000_000, "optimizer steps in the run")),

  adapter: text("adapter", "", "folder of a PEFT adapter to go on from; empty: none"),
  loraRank: integer("adapter", 0, 0, 1024, "rank of a new LoRA adapter, which alone is trained; 0: all weights are"),
  loraAlpha: number("adapter", 16, 0.001, 10_000, "the adapter's output is scaled by this over its rank"),
  loraTargets: text(
    "adapter",
    "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj",
    "linear layers of the text model that get one, or all-linear",
  ),
  baseDtype: choice(
    "adapter",
    baseDtypes,
    "how weights under an adapter are kept: auto as their file has them (exact); f16, int8 (a scale for each row), int4 (for each 32 weights) and nf4 (for each 64) take less memory and round. Without an adapter f32, or bf16: read as bf16, trained in f32",
  ),
  matrixUnits: choice(
    "adapter",
    ["off", "on"],
    "on: large products with the weights under an adapter on the GPU's matrix units, factors rounded to f16, sums in f32: faster, but sampling and training differ by rounding; ratios are to what was sampled from, ratio_drift tells how far",
  ),

  data: text(
    "tasks",
    "",
    "files or folders of tasks, addresses, or data sets owner/name@revision, with commas between; empty: generated scenes; a module such as ./mine.ts: your own, which is code that will run",
  ),
  objects: integer("tasks", 4, 1, 8, "coloured shapes in a scene; one is asked for, the rest distract"),
  glyphPx: number(
    "tasks",
    3,
    1,
    16,
    "size of one dot of the 5 x 7 digit; 3 cannot be read without zooming",
    "source px",
  ),
  shapeMinPx: number("tasks", 48, 16, 320, "smallest shape", "source px"),
  shapeMaxPx: number("tasks", 64, 16, 320, "largest shape", "source px"),
  legibleShare: number("tasks", 0, 0, 1, "share of scenes that are close-ups, legible at first sight"),
  charts: flag("tasks", false, "take rows of data_source chart, which the recipe leaves out for their size"),
  textOnly: flag("tasks", true, "take rows without pictures"),
  maxPixels: integer(
    "tasks",
    0,
    0,
    100_000_000,
    "pixels at which a picture is shown at most; 0: as many as the model's preprocessor allows",
    "px",
  ),
  maxSourcePixels: integer(
    "tasks",
    12_845_056,
    3_136,
    400_000_000,
    "larger pictures are made this small when they are read, and crops come from that",
    "px",
  ),
  pictureMemory: integer("tasks", 1024, 16, 65_536, "rows whose pictures need more to be decoded are left out", "MiB"),
  maxPromptTokens: integer(
    "tasks",
    8192,
    16,
    1_000_000,
    "longer prompts are left out, images and tools counted; verl: data.max_prompt_length",
    "tokens",
  ),
  heldOutRows: integer(
    "tasks",
    0,
    0,
    1_000_000,
    "rows of files that are set apart for evaluation and never trained on",
  ),

  prompt: choice(
    "rollouts",
    ["compact", "verl", "deepeyes"],
    "how a conversation is written down; compact is the shipped variants' own",
  ),
  tool: choice(
    "rollouts",
    ["saccade", "verl", "deepeyes"],
    "how zooming works: saccade crops the source, verl the picture as shown, deepeyes mixes the frames up",
  ),
  toolRows: choice(
    "rollouts",
    ["named", "all"],
    "named: rows whose env_name is empty get no tool, as in DeepEyes; all: every row does, as in verl",
  ),
  tools: text(
    "rollouts",
    "image_zoom_in_tool",
    `tools that are offered, with commas between: ${builtInTools.map(({ name }) => name).join(", ")}; a module such as ./mine.ts: your own, which is code that will run`,
  ),
  rotate: flag("rollouts", false, "offer image_rotate_tool as well, as if it stood in tools"),
  zoom: flag("rollouts", true, "off: the model cannot start a tool call"),
  crop: choice(
    "rollouts",
    ["source", "blank", "shuffled"],
    "blank: the zoom answers with a grey picture, shuffled: with another place of the picture (controls)",
  ),
  toolErrors: choice(
    "rollouts",
    ["end", "answer"],
    "end: a bad call ends the rollout; answer: the model reads what was wrong and goes on",
  ),
  tasksPerStep: integer("rollouts", 16, 1, 1024, "tasks (groups) in a step; verl: data.train_batch_size"),
  tasksPerRoll: integer(
    "rollouts",
    0,
    0,
    1024,
    "tasks of a step that are rolled together; fewer need less memory and change nothing else; 0: all",
  ),
  rolloutsPerTask: integer("rollouts", 8, 2, 64, "attempts at each task; verl: rollout.n"),
  kvCacheDtype: choice(
    "rollouts",
    cacheDtypes,
    "what keys and values are held in while sampling; bf16: the nearest, in half the memory, and training rounds them as well; vLLM and SGLang: kv_cache_dtype",
  ),
  temperature: live(number("rollouts", 1, 0.05, 5, "divides the logits before sampling")),
  firstTurnTokens: integer("rollouts", 18, 1, 32_768, "longest first turn", "tokens"),
  nextTurnTokens: integer("rollouts", 5, 1, 32_768, "longest later turn", "tokens"),
  responseTokens: integer(
    "rollouts",
    0,
    0,
    131_072,
    "longest response, what tools answer included; 0: as long as its turns; verl: data.max_response_length",
    "tokens",
  ),
  maxToolCalls: integer("rollouts", 1, 0, 32, "calls allowed in a rollout"),

  reward: orOwnCode(
    choice(
      "reward",
      rewardNames,
      "weights: the four below; deepeyes (by data_source) and verl: the originals' own functions; or a follow-up's. A module such as ./mine.ts: your own, which is code that will run",
    ),
  ),
  answerWeight: live(number("reward", 0.8, -10, 10, "paid for a right answer")),
  formatWeight: live(number("reward", 0.2, -10, 10, "times 0 for good format, -1 for broken")),
  bonusWeight: live(number("reward", 1.2, -10, 10, "paid for zooming, by the rule in bonus")),
  bonus: live(choice("reward", ["conditional", "unconditional", "none"], "conditional: only with a right answer")),

  judge: choice(
    "judge",
    judgeNames,
    "who decides on answers: rules need no network; the others ask a model, hardened after the rules",
  ),
  judgeUrl: text("judge", "", "address of an OpenAI-compatible server, such as http://127.0.0.1:18901/v1"),
  judgeModel: text("judge", "", "its model; empty: the first that the server names"),
  judgeConcurrency: integer("judge", 8, 1, 256, "questions at once"),
  judgeTimeout: number("judge", 60, 1, 3600, "a reply that takes longer is given up", "s"),
  judgeRetries: integer("judge", 4, 0, 20, "further tries where the server fails"),
  judgeBudget: integer("judge", 1_000_000, 1, 1_000_000_000, "requests in all, further tries included"),
  judgeReplyTokens: integer(
    "judge",
    0,
    0,
    32_768,
    "longest reply; 0: 512 for hardened, and the server's own limit for the others",
    "tokens",
  ),
  judgeFailure: choice(
    "judge",
    ["leave-out", "zero"],
    "a verdict that could not be had: leave-out takes the rollout out of its group, zero is the originals' reward of 0",
  ),
  canaryRate: number("judge", 0.02, 0, 1, "share of hardened questions to which a known-wrong answer is added"),

  learningRate: live(number("grpo", 2e-4, 0, 1, "AdamW step size")),
  warmupSteps: integer("grpo", 5, 0, 100_000, "linear warm-up of the learning rate", "steps"),
  beta1: number("grpo", 0.9, 0, 0.9999, "AdamW: decay of the mean gradient"),
  beta2: number("grpo", 0.999, 0, 0.99999, "AdamW: decay of the mean squared gradient"),
  weightDecay: number("grpo", 0, 0, 1, "AdamW: decoupled decay, on every tensor"),
  maxGradNorm: live(number("grpo", 1, 0, 1e6, "gradients are scaled down to this norm; 0: never")),
  clipRatioLow: live(number("grpo", 0.2, 0, 1, "ratio may fall to 1 - this")),
  clipRatioHigh: live(number("grpo", 0.2, 0, 10, "ratio may rise to 1 + this")),
  clipRatioC: live(number("grpo", 3, 1, 100, "dual clip: bound of the loss where the advantage is negative")),
  klLossCoef: live(number("grpo", 0, 0, 10, "weight of a KL to the starting model in the loss")),
  klLossType: choice(
    "grpo",
    ["low_var_kl", "kl", "abs", "mse"],
    "estimator of that KL, by verl's names: k3, k1, |k1|, k2",
  ),
  klRewardCoef: number(
    "grpo",
    0,
    0,
    10,
    "weight of a KL to the starting model charged to the reward; verl: use_kl_in_reward",
  ),
  entropyCoef: live(number("grpo", 0, -10, 10, "weight of the entropy, which is subtracted from the loss")),
  updatesPerStep: integer("grpo", 1, 1, 16, "passes over one batch of rollouts; verl: actor.ppo_epochs"),
  miniBatchTasks: integer(
    "grpo",
    0,
    0,
    1024,
    "tasks in one optimizer update; 0: all of the step; verl: actor.ppo_mini_batch_size",
  ),
  normAdvByStd: flag("grpo", true, "divide advantages by the group's deviation; verl: norm_adv_by_std_in_grpo"),
  lossAggMode: choice(
    "grpo",
    ["token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"],
    "how token losses become one, by verl's names",
  ),
  microBatchRollouts: integer(
    "grpo",
    0,
    0,
    65_536,
    "above 0, that mode is applied to so many rollouts at a time and the results averaged, as verl's actor did: 1 in its recipe, 4 in DeepEyes; 0: to all at once",
  ),
  gradientCheckpointing: live(
    choice(
      "grpo",
      ["auto", "on", "off"],
      "layers keep their results only and are computed again in the backward pass: less memory, about a third more time in updates, the same bits; auto: where a micro-batch's activations would take more than 1.5 GiB; verl: model.enable_gradient_checkpointing",
    ),
  ),
  zeroVariance: choice(
    "grpo",
    ["keep", "drop", "resample"],
    "groups whose rewards are all equal: keep counts them in the mean, drop leaves them out, resample rolls other tasks",
  ),
  overlong: choice(
    "grpo",
    ["keep", "mask"],
    "mask: rollouts that ran out of turns or tokens are left out of the loss (Mini-o3)",
  ),

  warmupRows: integer(
    "warmup",
    800_000,
    256,
    100_000_000,
    "supervised rows from random weights to a model that reads and points",
    "rows",
  ),

  evalEvery: live(integer("bookkeeping", 0, 0, 100_000, "held-out evaluation every so many steps; 0: never", "steps")),
  evalTasks: live(integer("bookkeeping", 256, 1, 100_000, "held-out scenes in an evaluation")),
  saveEvery: live(integer("bookkeeping", 10, 1, 100_000, "checkpoint every so many steps", "steps")),
} as const satisfies Record<string, Knob>;

type ValueOf<K> = K extends { kind: "number" | "integer" }
  ? number
  : K extends { kind: "boolean" }
    ? boolean
    : K extends ChoiceKnob<infer Choice>
      ? Choice
      : string;

export type KnobName = keyof typeof table;

/** One run. Keys are the names of flags (`--learning-rate`) and of URL fields (`learningRate=`). */
export type RunConfig = { [Name in KnobName]: ValueOf<(typeof table)[Name]> };

export const knobs: Record<KnobName, Knob> = table;
