/**
 * Every knob of a run, once: default, range, unit and one line. The type of a configuration, CLI flags, page controls
 * and URL state are made from these keys.
 */

import { builtInTools } from "../agent/tools/table.ts";
import { baseDtypes } from "../model/base_dtype.ts";
import { cacheDtypes } from "../model/cache.ts";
import { judgeNames } from "../reward/judges/table.ts";
import { rewardNames } from "../reward/rewards/table.ts";
import { worldNames } from "../tasks/worlds/table.ts";
import { groundChoices } from "../tasks/worlds/world.ts";
import { type ChoiceKnob, choice, flag, integer, type Knob, live, number, orOwnCode, text } from "./knob_kinds.ts";
import { lossNames } from "./loss_recipes.ts";
import { ratioLevels } from "./loss_terms.ts";

const table = {
  preset: text("run", "needle", "named starting point; other flags change it"),
  model: text(
    "run",
    "needle",
    "shipped variant, a folder with a Hugging Face checkpoint, or owner/name@revision on the Hub",
  ),
  seed: integer("run", {
    default: 0,
    min: 0,
    max: 4294967295,
    line: "seed of scenes and sampling; on one device it fixes all of a run",
  }),
  steps: live(integer("run", { default: 100, min: 1, max: 1_000_000, line: "optimizer steps in the run" })),
  timeBudget: live(
    number("run", {
      default: 0,
      min: 0,
      max: 1_000_000,
      unit: "min",
      line: "after so many minutes of steps and evaluations the run is saved and ends, and can be gone on with for as long again; 0: no limit",
    }),
  ),

  adapter: text("adapter", "", "folder of a PEFT adapter to start from; empty: none"),
  loraRank: integer("adapter", {
    default: 0,
    min: 0,
    max: 1024,
    line: "rank of a new LoRA adapter, and only it is trained; 0: no adapter, all weights are trained",
  }),
  loraAlpha: number("adapter", {
    default: 16,
    min: 0.001,
    max: 10_000,
    line: "the adapter's output is scaled by this over its rank",
  }),
  loraTargets: text(
    "adapter",
    "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj",
    "linear layers of the text model that get an adapter, separated by commas, or all-linear",
  ),
  baseDtype: choice(
    "adapter",
    baseDtypes,
    "dtype of the frozen weights under an adapter: auto as in their file (exact); f16, int8 (a scale for each row), int4 (for each 32 weights) and nf4 (for each 64) take less memory and round. Without an adapter f32, or bf16: computed with in bf16, trained in f32",
  ),
  freeze: choice(
    "adapter",
    ["none", "vision", "text"],
    "weights that stay as they are where there is no adapter: those of the vision tower with its merger (verl: freeze_vision_tower), or those of the text model with embedding and head; they need no gradient and no moments",
  ),
  matrixUnits: choice(
    "adapter",
    ["off", "on"],
    "on: large products with the weights under an adapter use the GPU's matrix units (tensor cores), factors rounded to f16, sums in f32: faster, but sampling and training differ by rounding, which ratio_drift measures; ratios are relative to the sampled log-probabilities",
  ),

  data: text(
    "tasks",
    "",
    "files or folders of tasks, addresses, or data sets owner/name@revision, separated by commas; empty: generated scenes; a module such as ./mine.ts: your own, which is code that will run",
  ),
  worlds: text(
    "tasks",
    "needle",
    `kinds of generated scenes, separated by commas, of which each task is one at random: ${worldNames.join(", ")}`,
  ),
  objects: integer("tasks", {
    default: 4,
    min: 1,
    max: 8,
    line: "coloured shapes in a scene; what the question is not about are distractors",
  }),
  glyphPx: number("tasks", {
    default: 3,
    min: 1,
    max: 16,
    unit: "source px",
    line: "size of one dot of the 5 x 7 digits and letters; in a scene of 512 px, 3 cannot be read without zooming",
  }),
  shapeMinPx: number("tasks", { default: 48, min: 16, max: 480, unit: "source px", line: "smallest shape" }),
  shapeMaxPx: number("tasks", { default: 64, min: 16, max: 480, unit: "source px", line: "largest shape" }),
  legibleShare: number("tasks", {
    default: 0,
    min: 0,
    max: 1,
    line: "share of easy tasks: close-ups, legible at first sight, or the shortest hunts",
  }),
  hopsMin: integer("tasks", {
    default: 2,
    min: 2,
    max: 4,
    unit: "calls",
    line: "calls that the shortest hunts take: letters to follow, a digit or a disc with one at the end",
  }),
  hopsMax: integer("tasks", { default: 4, min: 2, max: 4, unit: "calls", line: "calls that the longest hunts take" }),
  overlap: number("tasks", {
    default: 0,
    min: 0,
    max: 0.9,
    line: "share of the smallest shape by which shapes may lie over each other; 0: they keep apart",
  }),
  ground: choice(
    "tasks",
    groundChoices,
    "what shapes lie on: plain grey; clouds (noise with the spectrum of photographs), bricks, rubble, stripes; textured: one of the first three of these, a scene at a time",
  ),
  heldOutGround: choice(
    "tasks",
    ["same", ...groundChoices],
    "the ground of held-out tasks: same, or one that is not trained on",
  ),
  curriculumSteps: integer("tasks", {
    default: 0,
    min: 0,
    max: 1_000_000,
    unit: "steps",
    line: "steps over which the share of easy tasks falls from all to the share that is set; 0: no curriculum",
  }),
  charts: flag("tasks", false, "take rows of data_source chart, which the recipe leaves out for their size"),
  textOnly: flag("tasks", true, "take rows without pictures"),
  maxPixels: integer("tasks", {
    default: 0,
    min: 0,
    max: 100_000_000,
    unit: "px",
    line: "pixels of the largest model input; 0: as many as the model's preprocessor allows",
  }),
  maxSourcePixels: integer("tasks", {
    default: 12_845_056,
    min: 3_136,
    max: 400_000_000,
    unit: "px",
    line: "larger pictures are scaled down to this when they are read, and crops come from that",
  }),
  pictureMemory: integer("tasks", {
    default: 1024,
    min: 16,
    max: 65_536,
    unit: "MiB",
    line: "rows whose pictures need more memory to decode are left out",
  }),
  maxPromptTokens: integer("tasks", {
    default: 8192,
    min: 16,
    max: 1_000_000,
    unit: "tokens",
    line: "rows with longer prompts (image tokens and tools included) are left out; verl: data.max_prompt_length",
  }),
  heldOutRows: integer("tasks", {
    default: 0,
    min: 0,
    max: 1_000_000,
    line: "rows of files held out for evaluation and never trained on",
  }),

  prompt: choice(
    "rollouts",
    ["compact", "verl", "deepeyes"],
    "how a conversation is formatted; compact is the shipped variants' own",
  ),
  tool: choice(
    "rollouts",
    ["saccade", "verl", "deepeyes"],
    "how zooming works: saccade crops the source; verl crops the model input; deepeyes crops the source by a box in pixels of the model input, as the original does",
  ),
  toolRows: choice(
    "rollouts",
    ["named", "all"],
    "named: rows whose env_name is empty get no tool, as in DeepEyes; all: every row does, as in verl",
  ),
  tools: text(
    "rollouts",
    "image_zoom_in_tool",
    `tools that are offered, separated by commas: ${builtInTools.map(({ name }) => name).join(", ")}; a module such as ./mine.ts: your own, which is code that will run`,
  ),
  rotate: flag("rollouts", false, "offer image_rotate_tool as well, as if it were named in tools"),
  zoom: flag("rollouts", true, "false: the model cannot start a tool call"),
  crop: choice(
    "rollouts",
    ["source", "blank", "shuffled"],
    "blank: the zoom answers with a grey picture, shuffled: with another place of the picture (controls)",
  ),
  toolErrors: choice(
    "rollouts",
    ["end", "answer"],
    "end: a bad call ends the rollout; answer: the error is reported to the model, which continues",
  ),
  tasksPerStep: integer("rollouts", {
    default: 16,
    min: 1,
    max: 1024,
    line: "tasks (groups) in a step; verl: data.train_batch_size",
  }),
  tasksPerRoll: integer("rollouts", {
    default: 0,
    min: 0,
    max: 1024,
    line: "tasks of a step that are sampled together; fewer need less memory, with the same results; 0: all",
  }),
  rolloutsPerTask: integer("rollouts", { default: 8, min: 2, max: 64, line: "attempts at each task; verl: rollout.n" }),
  kvCacheDtype: choice(
    "rollouts",
    cacheDtypes,
    "dtype of keys and values while sampling; bf16: rounded, in half the memory, and training rounds them as well; vLLM and SGLang: kv_cache_dtype",
  ),
  temperature: live(number("rollouts", { default: 1, min: 0.05, max: 5, line: "divides the logits before sampling" })),
  firstTurnTokens: integer("rollouts", {
    default: 18,
    min: 1,
    max: 32_768,
    unit: "tokens",
    line: "longest first turn",
  }),
  nextTurnTokens: integer("rollouts", { default: 5, min: 1, max: 32_768, unit: "tokens", line: "longest later turn" }),
  responseTokens: integer("rollouts", {
    default: 0,
    min: 0,
    max: 131_072,
    unit: "tokens",
    line: "longest response, tool results included; 0: limited by its turns only; verl: data.max_response_length",
  }),
  maxToolCalls: integer("rollouts", { default: 1, min: 0, max: 32, line: "calls allowed in a rollout" }),

  reward: orOwnCode(
    choice(
      "reward",
      rewardNames,
      "weights: answer, format and bonus by the knobs below; deepeyes (by data_source) and verl: the originals' functions; others: of later papers. A module such as ./mine.ts: your own, which is code that will run",
    ),
  ),
  reader: text(
    "reward",
    "",
    "folder with PP-OCR's recogniser, which looks whether the right answer can be read in what tools showed: the metric legible_rate, and the reward legible; reader is public/reader; empty: none",
  ),
  answerWeight: live(number("reward", { default: 0.8, min: -10, max: 10, line: "paid for a right answer" })),
  formatWeight: live(
    number("reward", { default: 0.2, min: -10, max: 10, line: "subtracted where the format is broken" }),
  ),
  bonusWeight: live(
    number("reward", { default: 1.2, min: -10, max: 10, line: "paid for zooming, by the rule in bonus" }),
  ),
  bonus: live(
    choice(
      "reward",
      ["conditional", "unconditional", "none"],
      "when zooming is paid; conditional: only with a right answer; unconditional: always; none: never",
    ),
  ),
  toolStageSteps: live(
    integer("reward", {
      default: 50,
      min: 0,
      max: 1_000_000,
      unit: "steps",
      line: "of the reward tools-rl: for so many steps the zoom's box alone is paid, from then on the answer alone; 0: the answer from the beginning. ToolsRL: 200 of 400",
    }),
  ),

  judge: choice(
    "judge",
    judgeNames,
    "what decides whether an answer is right: rules need no network; the others ask a model, hardened only where no rule decides",
  ),
  judgeUrl: text("judge", "", "address of an OpenAI-compatible server, such as http://127.0.0.1:18901/v1"),
  judgeModel: text(
    "judge",
    "",
    "its model; empty: the first that the server names; several, separated by commas, vote",
  ),
  judgeVotes: integer("judge", {
    default: 1,
    min: 1,
    max: 15,
    line: "verdicts that decide on an answer by majority, a tie being wrong; each named model has one at least, and further ones are sampled",
  }),
  judgeConcurrency: integer("judge", { default: 8, min: 1, max: 256, line: "concurrent requests" }),
  judgeTimeout: number("judge", {
    default: 60,
    min: 1,
    max: 3600,
    unit: "s",
    line: "timeout of a reply",
  }),
  judgeRetries: integer("judge", { default: 4, min: 0, max: 20, line: "retries where the server fails" }),
  judgeBudget: integer("judge", {
    default: 1_000_000,
    min: 1,
    max: 1_000_000_000,
    line: "most requests of a run, retries included; once they are used up, the step under way is finished and the run ends, saved",
  }),
  judgePromptPrice: number("judge", {
    default: 0,
    min: 0,
    max: 1_000_000,
    line: "what a million tokens of questions cost, for the cost in the log; 0: as the server says, where it does",
  }),
  judgeReplyPrice: number("judge", {
    default: 0,
    min: 0,
    max: 1_000_000,
    line: "what a million tokens of replies cost, likewise",
  }),
  judgeSpend: live(
    number("judge", {
      default: 0,
      min: 0,
      max: 1_000_000_000,
      line: "most that the judge's tokens may cost; the run ends as for judgeBudget; 0: no limit",
    }),
  ),
  judgeReplyTokens: integer("judge", {
    default: 0,
    min: 0,
    max: 32_768,
    unit: "tokens",
    line: "longest reply; 0: 512 for hardened, and the server's own limit for the others",
  }),
  judgeFailure: choice(
    "judge",
    ["leave-out", "zero"],
    "where the judge gives no verdict: leave-out removes the rollout from its group, zero is the originals' reward of 0",
  ),
  canaryRate: number("judge", {
    default: 0.02,
    min: 0,
    max: 1,
    line: "share of hardened requests to which a known-wrong answer is added, to detect a judge that approves everything",
  }),

  loss: choice(
    "grpo",
    ["own", ...lossNames],
    "named starting point of the loss: what a paper sets of the knobs below; other flags change it",
  ),
  learningRate: live(number("grpo", { default: 2e-4, min: 0, max: 1, line: "AdamW step size" })),
  warmupSteps: integer("grpo", {
    default: 5,
    min: 0,
    max: 100_000,
    unit: "steps",
    line: "linear warm-up of the learning rate",
  }),
  lrSchedule: live(
    choice(
      "grpo",
      ["constant", "linear", "cosine"],
      "the learning rate after its warm-up: stays, falls evenly, or falls by half a cosine; transformers: lr_scheduler_type",
    ),
  ),
  lrDecaySteps: live(
    integer("grpo", {
      default: 0,
      min: 0,
      max: 1_000_000,
      unit: "steps",
      line: "step at which a linear or cosine decay ends, warm-up included; 0: the last of the run, so that more steps stretch it",
    }),
  ),
  minLrRatio: live(
    number("grpo", {
      default: 0,
      min: 0,
      max: 1,
      line: "share of the learning rate that a linear or cosine decay ends at; verl: optim.min_lr_ratio",
    }),
  ),
  beta1: number("grpo", { default: 0.9, min: 0, max: 0.9999, line: "AdamW: decay of the mean gradient" }),
  beta2: number("grpo", { default: 0.999, min: 0, max: 0.99999, line: "AdamW: decay of the mean squared gradient" }),
  weightDecay: live(number("grpo", { default: 0, min: 0, max: 1, line: "AdamW: decoupled decay, on every tensor" })),
  maxGradNorm: live(
    number("grpo", { default: 1, min: 0, max: 1e6, line: "gradients are scaled down to this norm; 0: never" }),
  ),
  clipRatioLow: live(number("grpo", { default: 0.2, min: 0, max: 1, line: "ratio may fall to 1 - this" })),
  clipRatioHigh: live(number("grpo", { default: 0.2, min: 0, max: 10, line: "ratio may rise to 1 + this" })),
  clipRatioC: live(
    number("grpo", {
      default: 3,
      min: 0,
      max: 100,
      line: "dual clip: bound of the loss where the advantage is negative, from 1 on; 0: none",
    }),
  ),
  ratioLevel: live(
    choice(
      "grpo",
      ratioLevels,
      "whose ratio is clipped: each token's, or the geometric mean of the whole rollout's (GSPO); TRL: importance_sampling_level",
    ),
  ),
  klLossCoef: live(
    number("grpo", { default: 0, min: 0, max: 10, line: "weight of a KL to the starting model in the loss" }),
  ),
  klLossType: live(
    choice("grpo", ["low_var_kl", "kl", "abs", "mse"], "estimator of that KL, by verl's names: k3, k1, |k1|, k2"),
  ),
  klRewardCoef: live(
    number("grpo", {
      default: 0,
      min: 0,
      max: 10,
      line: "weight of a KL to the starting model charged to the reward; verl: use_kl_in_reward",
    }),
  ),
  entropyCoef: live(
    number("grpo", { default: 0, min: -10, max: 10, line: "weight of the entropy, which is subtracted from the loss" }),
  ),
  updatesPerStep: live(
    integer("grpo", {
      default: 1,
      min: 1,
      max: 16,
      line: "passes over one batch of rollouts; verl: actor.ppo_epochs",
    }),
  ),
  miniBatchTasks: live(
    integer("grpo", {
      default: 0,
      min: 0,
      max: 1024,
      line: "tasks in one optimizer update; 0: all of the step; verl: actor.ppo_mini_batch_size",
    }),
  ),
  normAdvByStd: live(flag("grpo", true, "divide advantages by the group's deviation; verl: norm_adv_by_std_in_grpo")),
  lossAggMode: live(
    choice(
      "grpo",
      ["token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"],
      "how token losses are aggregated, by verl's names",
    ),
  ),
  microBatchRollouts: live(
    integer("grpo", {
      default: 0,
      min: 0,
      max: 65_536,
      line: "above 0, token losses are aggregated over this many rollouts at a time and the results averaged, as verl's actor did: 1 in its recipe, 4 in DeepEyes; 0: over all at once",
    }),
  ),
  gradientCheckpointing: live(
    choice(
      "grpo",
      ["auto", "on", "off"],
      "layers store only their outputs and are computed again in the backward pass: less memory, about a third more time in updates, the same bits; auto: where a micro-batch's activations would take more than 1.5 GiB; verl: model.enable_gradient_checkpointing",
    ),
  ),
  zeroVariance: live(
    choice(
      "grpo",
      ["keep", "drop", "resample"],
      "groups whose rewards are all equal: keep counts them in the mean, drop leaves them out, resample takes other tasks",
    ),
  ),
  resampledCalls: live(
    integer("grpo", {
      default: 0,
      min: 0,
      max: 64,
      line: "AXPO (arXiv 2605.28774, with 4): where all rollouts of a task that opened a tool call are wrong, the thought of the one whose call was least sure is kept, and so many calls with what follows are sampled again behind it; 0: none",
    }),
  ),
  resampledShare: live(
    number("grpo", {
      default: 0.25,
      min: 0.01,
      max: 4,
      line: "most calls that a step samples again, as a share of its rollouts, in whole sets of the calls of a thought and at least one set; AXPO: 0.25",
    }),
  ),
  rankedTasks: live(
    integer("grpo", {
      default: 0,
      min: 0,
      max: 1024,
      unit: "tasks",
      line: "only so many tasks of a step enter the loss, those whose rewards have the largest standard deviation; 0: all. PyVision-RL: 16 of 32",
    }),
  ),
  callCredit: live(
    number("grpo", {
      default: 0,
      min: 0,
      max: 10,
      line: "weight of each call's own credit in the advantage of its tokens: how much likelier its result made the right answer, which a forward pass more asks for (TACO's DAPR); 0: none",
    }),
  ),
  callRouting: live(
    choice(
      "grpo",
      ["whole", "outcome"],
      "whose tokens get the rollout's advantage; whole: all; outcome: by what each call did for the answer, which the same pass asks for: a redundant or misleading call gets no reward, a needed one that failed no penalty (TACO's OGAR)",
    ),
  ),
  overlong: live(
    choice(
      "grpo",
      ["keep", "mask"],
      "mask: rollouts that ran out of turns or tokens are left out of the loss (Mini-o3)",
    ),
  ),

  warmupRows: integer("warmup", {
    default: 800_000,
    min: 256,
    max: 100_000_000,
    unit: "rows",
    line: "supervised rows that train a model from random weights to read and to point",
  }),

  evalEvery: live(
    integer("bookkeeping", {
      default: 0,
      min: 0,
      max: 100_000,
      unit: "steps",
      line: "steps between held-out evaluations; 0: never",
    }),
  ),
  evalTasks: live(
    integer("bookkeeping", { default: 256, min: 1, max: 100_000, line: "held-out tasks in an evaluation" }),
  ),
  evalCausal: live(
    flag(
      "bookkeeping",
      false,
      "evaluations, of which there is one before the first step too, also measure what the tools' pictures were worth: accuracy with and without the tool, gain and harm",
    ),
  ),
  saveEvery: live(
    integer("bookkeeping", {
      default: 10,
      min: 1,
      max: 100_000,
      unit: "steps",
      line: "steps between checkpoints; more in a fast run, so that saving takes a twentieth of its time at most",
    }),
  ),
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
