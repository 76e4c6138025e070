import type { LogFormatName } from "../../../interop/logs/formats.ts";
import { adapterNames } from "../../../model/names.ts";
import { graphDtypes } from "../../../onnx/policy/graph_files.ts";
import { toolForms } from "../../../policy/elsewhere/remote_policy.ts";
import { optionOrders } from "../../../tasks/benchmarks/benchmark.ts";
import { benchmarks } from "../../../tasks/benchmarks/table.ts";
import { worldNames } from "../../../tasks/worlds/table.ts";
import type { Knob } from "../../../train/knob_kinds.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { controls } from "../../benchmarks/benchmark.ts";
import { onnxDevices } from "../../session/onnx_devices.ts";
import { familyNames } from "../../session/remote_view.ts";

/** A flag that is not a knob: where files are, or how results are shown. */
export interface Flag {
  kind: "path" | "text" | "integer" | "switch" | "choice";
  line: string;
  choices?: readonly string[];
  /** How a path or text is named in the help, where it is not a folder. */
  value?: string;
  default?: string;
}

export const flags = {
  out: { kind: "path", line: "folder to write, new or empty; of pack a file, FILE.zip" },
  config: {
    kind: "path",
    value: "FILE",
    line: "file of settings: a run's config.json, or what the page saves; flags beside it come before them",
  },
  resume: { kind: "path", line: "folder of a run to continue from its last checkpoint" },
  from: { kind: "path", line: "folder of a run whose last checkpoint is used instead of --model" },
  beside: { kind: "integer", line: "runs that are made at once, each in a process of its own", default: "1" },
  tasks: { kind: "integer", line: "held-out scenes, or rows of --data that the run was not trained on" },
  images: {
    kind: "path",
    line: "folder of pictures with the pixels that Pillow and the image processors made of them",
  },
  text: { kind: "path", line: "folder of texts with their token ids, and of conversations with their renders" },
  tokenizer: {
    kind: "path",
    line: "folder of tokenizer.json, or of vocab.json and merges.txt; otherwise that of the model, or beside the folder of --text",
  },
  expect: {
    kind: "path",
    value: "FILE",
    line: "file of JSON lines that say what pyarrow, Pillow and qwen-vl-utils read in each row",
  },
  show: { kind: "integer", line: "print the prompt of this row, counted from 1, with its tokens; needs --tokenizer" },
  headersOnly: { kind: "switch", line: "do not decode pictures: faster, and damage behind a header is not found" },
  port: { kind: "integer", line: "port on 127.0.0.1, or the next that is free", default: "8080" },
  judgeCache: { kind: "path", line: "folder in which replies are cached" },
  policyUrl: {
    kind: "text",
    value: "URL",
    line: "address of an OpenAI-compatible server (vLLM, SGLang, llama.cpp) whose model is asked in the place of one here; tools are carried out here",
  },
  policyModel: { kind: "text", value: "NAME", line: "its model", default: "the first that the server names" },
  policyKeyEnv: {
    kind: "text",
    value: "VAR",
    line: "environment variable that holds the server's key; it is sent to that server alone",
  },
  policyFamily: {
    kind: "choice",
    choices: familyNames,
    line: "the model's family, which says how it sees pictures and what its boxes mean; by default what its name says",
  },
  policyTools: {
    kind: "choice",
    choices: toolForms,
    line: "how tools are made known: by the text of the prompt, or as a list that the server's own template shows",
    default: "text",
  },
  policyTimeout: { kind: "integer", line: "seconds that the server may take for one turn", default: "300" },
  policyConcurrency: { kind: "integer", line: "conversations that the server is asked about at once", default: "8" },
  policyOnnx: {
    kind: "path",
    value: "PLACE",
    line: "folder, or owner/name@revision on the Hub, of a Qwen-VL model as ONNX graphs in the layout of transformers.js, which onnxruntime-web runs in the place of a model here",
  },
  onnxDtype: {
    kind: "text",
    value: "DTYPE",
    line: `dtype of its graphs, one of ${graphDtypes.join(", ")}, or NAME=DTYPE,... for single graphs; by default what its config.json recommends, else the most exact that is there`,
  },
  onnxDevice: {
    kind: "choice",
    choices: onnxDevices,
    line: "where its graphs are run: on the graphics card, or on one thread of the processor",
    default: "gpu",
  },
  greedy: { kind: "switch", line: "take the most likely token instead of sampling one" },
  causal: {
    kind: "switch",
    line: "also measure what the tools' pictures were worth: probabilities of the right and of the given answer with them, with others in their place, and without the call",
  },
  logJson: { kind: "switch", line: "print events as JSON lines" },
  plain: { kind: "switch", line: "leave out the fast variants of kernels, to compare both" },
  trace: {
    kind: "switch",
    line: "measure every kernel, and when host and GPU do what; print tables at the end: time of a step by part, GPU idle, waits; each kernel's dispatches, time, operations and bytes per second",
  },
  chromeTrace: {
    kind: "path",
    value: "FILE",
    line: "new file for the timeline of host and GPU, which chrome://tracing and ui.perfetto.dev open",
  },
  tune: {
    kind: "choice",
    choices: ["auto", "off"],
    line: "matrix products of models of 200 million weights or more: auto measures the kernels once on each card and uses the fastest, off uses the default ones; results have the same bits",
    default: "auto",
  },
  options: {
    kind: "choice",
    choices: optionOrders,
    line: "orders of a multiple choice: shuffled by the seed; every rotation, right where all are; the file's own",
    default: "shuffled",
  },
  control: {
    kind: "choice",
    choices: [...controls, "all"],
    line: "ablations: no tool, a grey or another crop, or the shuffling of options (V*: the right one is A)",
  },
  avgAt: {
    kind: "integer",
    line: "also sample each question this many times at --temperature; the mean and its standard error",
  },
  limit: { kind: "integer", line: "ask only this many questions, spread over the categories" },
  dryRun: {
    kind: "switch",
    line: "print the settings and an estimate of memory and time; no weights are loaded, nothing is trained",
  },
  gpuMemory: {
    kind: "integer",
    value: "GIB",
    line: "GiB of memory of the graphics card, which WebGPU does not report; --dry-run then says whether the run fits, and what to change",
  },
  verlCommand: {
    kind: "path",
    value: "FILE",
    line: "file with a script that starts verl, what bash -x prints of it, or its .hydra/overrides.yaml; - for standard input. What depends on running the script is listed and not used",
  },
  as: {
    kind: "choice",
    choices: ["flags", "verl", "trl", "json"],
    line: "how the settings are printed: our flags, a verl command, a TRL GRPOConfig, a run's config.json",
    default: "flags",
  },
  adapterNames: {
    kind: "choice",
    choices: adapterNames,
    line: "names of the layers in an adapter's files: those of current transformers (model.language_model.layers), or the old ones (model.layers), which some readers want",
    default: "current",
  },
  dtypes: {
    kind: "text",
    value: "LIST",
    line: "of --as onnx: what the graphs compute in, of fp32, fp16 and q8 (matrices in 8 bits)",
    default: "fp32,fp16,q8",
  },
  onnx: {
    kind: "path",
    line: "folder of export --as onnx, whose graphs onnxruntime-web runs: compared with the folders that follow, else with our own numbers of --from, or of --model and --adapter",
  },
  seconds: { kind: "integer", line: "time limit in all (fuzz: 60, bench: 900)" },
  case: { kind: "integer", line: "repeat this one case, and keep its file" },
  seeds: { kind: "path", line: "folder of real files to mutate, in place of the project's own" },
  counts: {
    kind: "switch",
    line: "instead of times: dispatches, bytes and operations of prefill, decode and update of published models, the same on any machine, without a GPU",
  },
  json: { kind: "path", value: "FILE", line: "new file for everything that was measured" },
  markdown: { kind: "path", value: "FILE", line: "new file for the table" },
  python: {
    kind: "path",
    value: "PATH",
    line: "Python with torch, to time the same workloads there; python3 by default, none for no comparison",
  },
  format: {
    kind: "choice",
    choices: ["all", "verl", "rl-logging-board", "trl", "tensorboard", "csv", "trackio", "html"] satisfies (
      | LogFormatName
      | "all"
      | "html"
    )[],
    line: "format of the log: rollouts for verl, RLLoggingBoard or TRL, metrics for TensorBoard, trackio or as CSV tables; html: the run as pages that need nothing but a browser, or the rollouts of --rollout",
    default: "all",
  },
  rows: {
    kind: "integer",
    line: "rows to train on that are written at most; otherwise the scenes of all --steps, or all rows of --data",
  },
  check: {
    kind: "path",
    line: "folder that was exported: its stored rollouts are played through verl by --python, and everything is compared; needs no GPU",
  },
  follow: { kind: "switch", line: "go on with a run while it is made, until it ends" },
  pictures: {
    kind: "switch",
    line: "take the run's local data along: rows and the pictures beside them",
  },
  modelFiles: {
    kind: "switch",
    line: "take the local folder of the model along that the run began with, and an adapter's",
  },
  checkpoint: { kind: "switch", line: "take the last checkpoint along; --no-checkpoint leaves it", default: "true" },
  rollout: {
    kind: "path",
    value: "STEP.TASK.ROLLOUT",
    line: "the rollout alone that --format html writes, as the log's ids name it, 12.3.2; 12.3 is all of a task",
  },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

export interface CommandEntry {
  line: string;
  example: string;
  /** Groups of knobs that it reads. */
  knobs: readonly Knob["group"][];
  /** Knobs of these groups that would change nothing. */
  without?: readonly (keyof RunConfig)[];
  /** Whether modules of a person's own may stand for reward and tasks. */
  ownCode?: boolean;
  /** Where few of these groups matter: those that do. */
  only?: readonly (keyof RunConfig)[];
  flags: readonly FlagName[];
  /** What a flag is here, where it is something else for other commands. */
  flagsHere?: Partial<Record<FlagName, Partial<Flag>>>;
  required?: readonly FlagName[];
  /** Folders or files follow the command, at least one unless one of `insteadOfFolders` is given: what they are. */
  folders?: string;
  folderWord?: string;
  insteadOfFolders?: readonly FlagName[];
  /** None need follow. */
  foldersOptional?: boolean;
}

/** What a model is asked with whose weights are not here. */
const elsewhere = [
  "policyUrl",
  "policyModel",
  "policyKeyEnv",
  "policyFamily",
  "policyTools",
  "policyTimeout",
  "policyConcurrency",
  "policyOnnx",
  "onnxDtype",
  "onnxDevice",
] as const satisfies readonly FlagName[];

const model: readonly Knob["group"][] = ["run", "adapter", "tasks", "rollouts"];

export const commands = {
  train: {
    line: "train by GRPO; checkpoints and the log of events go into a run folder",
    example: "train --preset needle --steps 100 --out runs/first",
    knobs: ["run", "adapter", "tasks", "rollouts", "reward", "judge", "grpo", "bookkeeping"],
    flags: ["out", "config", "resume", "dryRun", "gpuMemory", "judgeCache", "logJson", "trace", "chromeTrace", "tune"],
    ownCode: true,
  },
  sweep: {
    line: "train a run for every combination of seeds and values of knobs, and compare them in a table",
    example: 'sweep seed=0..2 "learning-rate=1e-4,3e-4" --preset needle --steps 50 --out runs/rates',
    knobs: ["run", "adapter", "tasks", "rollouts", "reward", "judge", "grpo", "bookkeeping"],
    flags: ["out", "config", "resume", "beside", "dryRun", "judgeCache", "tune"],
    ownCode: true,
    folders:
      "knobs with the values that runs have for them: seed=0..4, learning-rate=1e-4,3e-4, bonus=none,conditional; also by verl's and TRL's names; | stands between values that have commas",
    folderWord: "KNOB=VALUES...",
    insteadOfFolders: ["resume"],
  },
  warmup: {
    line: "train a starting model from random weights, by supervised rows",
    example: "warmup --seed 1 --out models/mine",
    knobs: ["run", "warmup", "bookkeeping"],
    without: ["steps", "evalEvery"],
    flags: ["out", "config", "resume", "logJson", "trace", "tune"],
  },
  eval: {
    line: "accuracy and zoom rate on held-out scenes or rows, sampled and greedy",
    example: "eval --from runs/first --tasks 1024",
    knobs: [...model, "reward", "judge"],
    without: ["steps", "tasksPerStep", "rolloutsPerTask"],
    flags: ["config", "from", ...elsewhere, "tasks", "causal", "judgeCache", "logJson", "trace", "tune"],
    ownCode: true,
  },
  rollout: {
    line: "print what the model says about held-out scenes",
    example: "rollout --tasks 2 --rollouts-per-task 4",
    knobs: [...model, "reward", "judge"],
    without: ["steps", "tasksPerStep"],
    flags: ["config", "from", ...elsewhere, "tasks", "greedy", "judgeCache", "logJson", "trace", "tune"],
    ownCode: true,
  },
  export: {
    line: "write a run's model as a Hugging Face folder in bf16, or as ONNX graphs",
    example: "export --from runs/first --out models/first",
    knobs: ["run", "adapter"],
    only: ["preset", "model", "adapter", "baseDtype"],
    flags: ["from", "out", "as", "adapterNames", "dtypes"],
    flagsHere: {
      as: {
        choices: ["huggingface", "onnx"],
        line: "what is written: a folder for transformers or PEFT, or graphs for transformers.js and onnxruntime",
        default: "huggingface",
      },
    },
    required: ["out"],
  },
  "export verl": {
    line: "write a run for training on verl and Ray: rows, tools, reward, settings, checkpoint; or check such a folder",
    example: "export verl --preset needle --out exports/needle",
    knobs: ["run", "adapter", "tasks", "rollouts", "reward", "judge", "grpo", "bookkeeping"],
    without: ["judgeBudget", "judgePromptPrice", "judgeReplyPrice", "judgeSpend", "timeBudget"],
    flags: ["out", "config", "from", "rows", "tokenizer", "check", "python"],
    ownCode: true,
  },
  compile: {
    line: "compile every kernel, with Deno's compiler and with Chrome's",
    example: "compile",
    knobs: [],
    flags: [],
  },
  parity: {
    line: "compare this machine's numbers with those of transformers, PEFT and verl, or ONNX graphs with either",
    example: "parity test/golden/qwen25-window test/golden/qwen3-deepstack",
    knobs: ["run", "adapter"],
    only: ["model", "adapter", "baseDtype"],
    flags: ["images", "text", "tokenizer", "plain", "onnx", "from"],
    folders: "folders with a checkpoint, case.json, inputs.safetensors and expected.safetensors",
    insteadOfFolders: ["images", "text", "onnx"],
  },
  conformance: {
    line: "compare our versions of verl's and DeepEyes' behaviour with cases made by the originals",
    example: "conformance cases/deepeyes.jsonl",
    knobs: [],
    flags: [],
    folders: "files of cases, one JSON object a line",
    folderWord: "FILE...",
  },
  data: {
    line: "inspect files of tasks: their rows, and what would be left out or changed, and why",
    example: "data inspect deepeyes/vstar.parquet --tokenizer models/qwen2.5-vl",
    knobs: ["tasks", "rollouts"],
    only: [
      "charts",
      "textOnly",
      "maxPixels",
      "maxSourcePixels",
      "pictureMemory",
      "maxPromptTokens",
      "prompt",
      "toolRows",
    ],
    flags: ["expect", "tokenizer", "headersOnly", "show"],
    folders:
      "parquet files of DeepEyes, JSONL or CSV files beside their pictures, folders of these, addresses, data sets",
    folderWord: "inspect FILE...",
  },
  judge: {
    line: "test a judge, audit it with known answers, or judge a run's stored rollouts again",
    example: "judge test --judge-url http://127.0.0.1:18901/v1",
    knobs: ["reward", "judge"],
    flags: ["judgeCache", "tokenizer", "logJson"],
    folders:
      "test, audit, or rejudge and the folder of a run, which is only read; rejudge without --judge and --judge-url keeps the stored verdicts and asks no judge, with --judge-url alone it asks as the run's own judge did",
    folderWord: "ACTION",
  },
  logs: {
    line: "print a run's log, or write it in the format of verl, TRL, RLLoggingBoard, TensorBoard, trackio or CSV, or rollouts of it as HTML",
    example: "logs runs/first --format tensorboard --out logs/first",
    knobs: [],
    flags: ["follow", "format", "rollout", "out", "tokenizer", "logJson"],
    folders:
      "the folder of a run, which is only read and may go on meanwhile, or a log that was exported; several become one table with --format csv",
    folderWord: "RUN_FOLDER...",
  },
  inspect: {
    line: "say what a run, a sweep, a model, an adapter or a safetensors file holds; only read, without a GPU",
    example: "inspect runs/first",
    knobs: [],
    flags: [],
    folders: "folders of runs, sweeps, models and adapters; logs, run files and safetensors files",
    folderWord: "PATH...",
  },
  pack: {
    line: "write a run as one file, to take it to another machine or into the page",
    example: "pack runs/first --out first.zip",
    knobs: [],
    flags: ["out", "pictures", "modelFiles", "checkpoint"],
    required: ["out"],
    folders: "the folder of a run, which is only read",
    folderWord: "RUN_FOLDER",
  },
  unpack: {
    line: "make the folder of a run again from a file that pack or the page wrote",
    example: "unpack first.zip --out runs/unpacked",
    knobs: ["run", "adapter", "tasks"],
    only: ["data", "model", "adapter"],
    flags: ["out"],
    required: ["out"],
    folders: "the run's file; --data, --model and --adapter say where lies here what did not travel with it",
    folderWord: "FILE.zip",
  },
  benchmark: {
    line: "V*, HR-Bench, worlds of generated scenes or own tasks, with controls: a table with the command that made it",
    example: "benchmark vstar craigwu/vstar_bench@main --model models/qwen2.5-vl-3b --avg-at 8 --out results/vstar",
    knobs: ["run", "adapter", "tasks", "rollouts", "judge"],
    without: [
      "steps",
      "charts",
      "textOnly",
      "maxPromptTokens",
      "heldOutRows",
      "toolRows",
      "zoom",
      "crop",
      "tasksPerStep",
      "rolloutsPerTask",
      "judgeFailure",
    ],
    flags: [
      "config",
      "from",
      ...elsewhere,
      "options",
      "control",
      "avgAt",
      "limit",
      "out",
      "judgeCache",
      "logJson",
      "trace",
      "tune",
    ],
    folders: `${benchmarks.map(({ name }) => name).join(", ")} or own and a folder, file, address or data set owner/name@revision; or worlds, which need none: ${worldNames.join(", ")}, several with commas, or worlds for all. own is also what --data names without a NAME`,
    folderWord: "NAME [PATH]",
    foldersOptional: true,
  },
  bench: {
    line: "time kernels and steps on this machine, beside its roofline and torch",
    example: "bench P2 P4 --markdown bench.md",
    knobs: ["adapter"],
    only: ["matrixUnits"],
    flags: ["counts", "trace", "tune", "json", "markdown", "python", "seconds"],
    folders: "workloads by their ids in docs/bench.md, or tune; all by default",
    folderWord: "[WORKLOAD...]",
    foldersOptional: true,
  },
  settings: {
    line: "translate settings: from a verl command, or into verl's and TRL's names",
    example: "settings --preset verl-7b --as verl",
    knobs: ["run", "adapter", "tasks", "rollouts", "reward", "judge", "grpo", "bookkeeping"],
    flags: ["config", "verlCommand", "as"],
  },
  fuzz: {
    line: "feed damaged files to every reader of third-party files: none may hang, exhaust the memory or crash",
    example: "fuzz pictures parquet --seconds 600 --seed 1",
    knobs: ["run"],
    only: ["seed"],
    flags: ["seconds", "case", "seeds"],
    folders: "readers by name; all by default",
    folderWord: "[READER...]",
    foldersOptional: true,
  },
  serve: { line: "serve the built page on this machine", example: "serve --port 8080", knobs: [], flags: ["port"] },
} as const satisfies Record<string, CommandEntry>;

export type CommandName = keyof typeof commands;

/** A flag as a command has it. */
export function flagOf(command: CommandName, name: FlagName): Flag {
  const { flagsHere = {} }: CommandEntry = commands[command];
  return { ...flags[name], ...flagsHere[name] };
}

/** How the program is called. */
export const commandName = "npm run saccade --";

/** learningRate -> learning-rate */
export const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const foldersOf = (command: CommandName): string | undefined => (commands[command] as CommandEntry).folders;
export const required = (command: CommandName): readonly FlagName[] =>
  (commands[command] as CommandEntry).required ?? [];

export function knobsOf(command: CommandName): (keyof RunConfig)[] {
  const { knobs: groups, without = [], only }: CommandEntry = commands[command];
  return (Object.keys(knobs) as (keyof RunConfig)[]).filter(
    (key) => groups.includes(knobs[key].group) && !without.includes(key) && (only?.includes(key) ?? true),
  );
}
