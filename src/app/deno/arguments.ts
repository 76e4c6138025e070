import { type OptionOrder, optionOrders } from "../../tasks/benchmark.ts";
import type { Setting } from "../../train/alias_rules.ts";
import { isTrlName, ownPrefix, readAliases, settingOf, tableOf } from "../../train/aliases.ts";
import { checkKnob, nearest, resolveConfig } from "../../train/config.ts";
import { type Knob, knobs, type RunConfig } from "../../train/knobs.ts";
import { presets } from "../../train/presets.ts";
import { type Control, controls } from "../benchmark.ts";
import type { LogFormatName } from "../logs/formats.ts";

/** A flag that is no knob: it says where things lie or how they are shown. */
interface Flag {
  kind: "path" | "integer" | "switch" | "choice";
  line: string;
  choices?: readonly string[];
  /** How a path is named in the help, where it is no folder. */
  value?: string;
  default?: string;
}

const flags = {
  out: { kind: "path", line: "folder to write; must be new or empty" },
  resume: { kind: "path", line: "folder of a run to go on with, from its last checkpoint" },
  from: { kind: "path", line: "folder of a run whose last checkpoint is taken instead of --model" },
  tasks: { kind: "integer", line: "held-out scenes" },
  images: {
    kind: "path",
    line: "folder of pictures with the pixels that Pillow and the image processors made of them",
  },
  text: { kind: "path", line: "folder of texts with their token ids, and of conversations with their renders" },
  tokenizer: {
    kind: "path",
    line: "folder of tokenizer.json, or of vocab.json and merges.txt; --text looks beside its folder else",
  },
  expect: { kind: "path", line: "file of JSON lines that say what pyarrow, Pillow and qwen-vl-utils read in each row" },
  show: { kind: "integer", line: "print the prompt of this row, counted from 1, with its tokens; needs --tokenizer" },
  headersOnly: { kind: "switch", line: "do not decode pictures: faster, and damage behind a header is not found" },
  port: { kind: "integer", line: "port on 127.0.0.1, or the next free one", default: "8080" },
  judgeCache: { kind: "path", line: "folder in which replies are kept and looked up" },
  greedy: { kind: "switch", line: "take the most likely token instead of drawing one" },
  logJson: { kind: "switch", line: "print events as JSON lines" },
  plain: { kind: "switch", line: "leave out the fast ways of kernels, to compare both" },
  trace: { kind: "switch", line: "measure every kernel, and print the table at the end" },
  options: {
    kind: "choice",
    choices: optionOrders,
    line: "orders of a multiple choice: drawn from the seed; every rotation, right where all are; the file's own",
    default: "shuffled",
  },
  control: {
    kind: "choice",
    choices: [...controls, "all"],
    line: "what is taken away: no tool, a grey or another crop, or the shuffling of options (V*: the right one is A)",
  },
  avgAt: { kind: "integer", line: "also roll so many times at --temperature; the mean and its standard error" },
  limit: { kind: "integer", line: "ask so many only, spread over the categories" },
  dryRun: { kind: "switch", line: "print the settings, and what memory and time they would take; nothing is trained" },
  verlCommand: {
    kind: "path",
    value: "FILE",
    line: "file with a shell command that starts verl, or - for what is piped in",
  },
  as: {
    kind: "choice",
    choices: ["flags", "verl", "trl", "json"],
    line: "how the settings are printed: our flags, a verl command, a TRL GRPOConfig, a run's config.json",
    default: "flags",
  },
  format: {
    kind: "choice",
    choices: ["all", "verl", "rl-logging-board", "trl", "tensorboard", "csv"] satisfies (LogFormatName | "all")[],
    line: "whose log: rollouts for verl, RLLoggingBoard or TRL, metrics for TensorBoard or as a table",
    default: "all",
  },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

interface CommandEntry {
  line: string;
  example: string;
  /** Groups of knobs that it reads. */
  knobs: readonly Knob["group"][];
  /** Knobs of these groups that would change nothing. */
  without?: readonly (keyof RunConfig)[];
  /** Where few of these groups matter: those that do. */
  only?: readonly (keyof RunConfig)[];
  flags: readonly FlagName[];
  required?: readonly FlagName[];
  /** Folders or files follow the command, at least one unless one of `insteadOfFolders` is given: what they are. */
  folders?: string;
  folderWord?: string;
  insteadOfFolders?: readonly FlagName[];
}

const model: readonly Knob["group"][] = ["run", "adapter", "tasks", "rollouts"];

export const commands = {
  train: {
    line: "train by GRPO; checkpoints and the log of events go into a run folder",
    example: "train --preset needle --steps 100 --out runs/first",
    knobs: ["run", "adapter", "tasks", "rollouts", "reward", "judge", "grpo", "bookkeeping"],
    flags: ["out", "resume", "dryRun", "judgeCache", "logJson", "trace"],
  },
  warmup: {
    line: "make the starting model from random weights, by supervised rows",
    example: "warmup --seed 1 --out models/mine",
    knobs: ["run", "warmup", "bookkeeping"],
    without: ["steps", "evalEvery"],
    flags: ["out", "resume", "logJson", "trace"],
  },
  eval: {
    line: "accuracy and zoom rate on held-out scenes, drawn and greedy",
    example: "eval --from runs/first --tasks 1024",
    knobs: [...model, "reward", "judge"],
    without: ["steps", "tasksPerStep", "rolloutsPerTask"],
    flags: ["from", "tasks", "judgeCache", "logJson", "trace"],
  },
  rollout: {
    line: "print what the model says about held-out scenes",
    example: "rollout --tasks 2 --rollouts-per-task 4",
    knobs: [...model, "reward", "judge"],
    without: ["steps", "tasksPerStep"],
    flags: ["from", "tasks", "greedy", "judgeCache", "logJson", "trace"],
  },
  export: {
    line: "write a run's model as a Hugging Face folder in bf16",
    example: "export --from runs/first --out models/first",
    knobs: ["run"],
    without: ["steps", "seed"],
    flags: ["from", "out"],
    required: ["out"],
  },
  compile: {
    line: "compile every kernel, with Deno's compiler and with Chrome's",
    example: "compile",
    knobs: [],
    flags: [],
  },
  parity: {
    line: "compare this machine's numbers with those of transformers, PEFT and verl",
    example: "parity test/golden/qwen25-window test/golden/qwen3-deepstack",
    knobs: [],
    flags: ["images", "text", "tokenizer", "plain"],
    folders: "folders with a checkpoint, case.json, inputs.safetensors and expected.safetensors",
    insteadOfFolders: ["images", "text"],
  },
  conformance: {
    line: "compare the faithful verl and DeepEyes behaviours with cases made by the originals",
    example: "conformance cases/deepeyes.jsonl",
    knobs: [],
    flags: [],
    folders: "files of cases, one JSON object a line",
    folderWord: "FILE...",
  },
  data: {
    line: "what files of tasks hold, and what would be left out or changed and why",
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
    line: "test a judge, audit it with known answers, or judge a run's rollouts again",
    example: "judge test --judge-url http://127.0.0.1:18901/v1",
    knobs: ["reward", "judge"],
    flags: ["judgeCache", "logJson"],
    folders: "test, audit, or rejudge and the folder of a run, which is only read; reward knobs are for rejudge",
    folderWord: "ACTION",
  },
  logs: {
    line: "write a run's log in the way of verl, TRL, RLLoggingBoard, TensorBoard, or as a table",
    example: "logs runs/first --format tensorboard --out logs/first",
    knobs: [],
    flags: ["format", "out", "tokenizer"],
    required: ["out"],
    folders: "the folder of a run, which is only read, or a log that was exported",
    folderWord: "RUN_FOLDER",
  },
  benchmark: {
    line: "V*, HR-Bench or held-out scenes, with controls: a table with the command that made it",
    example: "benchmark vstar craigwu/vstar_bench@main --model models/qwen2.5-vl-3b --avg-at 8 --out results/vstar",
    knobs: ["run", "adapter", "tasks", "rollouts", "judge"],
    without: [
      "steps",
      "data",
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
    flags: ["from", "options", "control", "avgAt", "limit", "out", "judgeCache", "logJson", "trace"],
    folders:
      "vstar or hrbench and a folder, file, address or data set owner/name@revision; or needle, which needs none",
    folderWord: "NAME [PATH]",
  },
  settings: {
    line: "translate settings: from a verl command, or into verl's and TRL's names",
    example: "settings --preset verl-7b --as verl",
    knobs: ["run", "adapter", "tasks", "rollouts", "reward", "judge", "grpo", "bookkeeping"],
    flags: ["verlCommand", "as"],
  },
  serve: { line: "serve the built page on this machine", example: "serve --port 8080", knobs: [], flags: ["port"] },
} as const satisfies Record<string, CommandEntry>;

export type CommandName = keyof typeof commands;

/** What a person asked for. */
export type Parsed =
  | { command: CommandName; help: false; changes: Partial<RunConfig>; options: Options; notes?: string[] }
  | { command: CommandName | null; help: true };

export interface Options {
  folders?: string[];
  images?: string;
  text?: string;
  tokenizer?: string;
  out?: string;
  resume?: string;
  from?: string;
  tasks?: number;
  expect?: string;
  headersOnly?: boolean;
  show?: number;
  port?: number;
  judgeCache?: string;
  greedy?: boolean;
  logJson?: boolean;
  plain?: boolean;
  trace?: boolean;
  dryRun?: boolean;
  verlCommand?: string;
  as?: "flags" | "verl" | "trl" | "json";
  options?: OptionOrder;
  control?: Control | "all";
  avgAt?: number;
  limit?: number;
  format?: LogFormatName | "all";
}

/** learningRate -> learning-rate */
export const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * Reads a command line. Flags are `--name value`, `--name=value`, and for switches `--name` or `--no-name`. Knobs may
 * also be set by verl's and TRL's names: `actor_rollout_ref.rollout.n=8`, `num_generations=8`, `--num_generations 8`.
 * @throws Error with one sentence that names the nearest command or flag, or what a value should be.
 */
export function parseArguments(words: readonly string[]): Parsed {
  const [first, ...rest] = words;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const about = first === undefined ? undefined : rest[0];
    return { command: about === undefined ? null : commandNamed(about), help: true };
  }
  const command = commandNamed(first);
  if (rest.includes("--help") || rest.includes("-h")) return { command, help: true };
  const known = new Map<string, keyof RunConfig | FlagName>(
    [...knobsOf(command), ...commands[command].flags].map((key) => [kebab(key), key]),
  );
  const changes: Record<string, unknown> = {};
  const options: Record<string, unknown> = {};
  const folders: string[] = [];
  const settings: Setting[] = [];
  const given = new Set<string>();
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at];
    if (!word.startsWith("--") && foldersOf(command)) {
      folders.push(word);
      continue;
    }
    if (!word.startsWith("--") && /^[+~]*\w[\w.]*=/.test(word) && knobsOf(command).length > 0) {
      tableOf(word.slice(0, word.indexOf("=")));
      settings.push(settingOf(word));
      continue;
    }
    if (!word.startsWith("--"))
      throw new Error(
        `Expected a flag such as --${known.keys().next().value ?? "help"}, found "${word}"; see saccade ${command} --help`,
      );
    const equals = word.indexOf("=");
    const written = word.slice(2, equals < 0 ? undefined : equals);
    let value = equals < 0 ? undefined : word.slice(equals + 1);
    let key = known.get(written);
    if (
      key === undefined &&
      written.startsWith("no-") &&
      isSwitch(known.get(written.slice(3))) &&
      value === undefined
    ) {
      key = known.get(written.slice(3));
      value = "false";
    }
    if (key === undefined && knobsOf(command).length > 0 && (written.includes("_") || isTrlName(written))) {
      tableOf(written);
      if (value === undefined) value = (rest[at + 1] ?? "--").startsWith("--") ? "True" : rest[++at];
      settings.push({ name: written, value });
      continue;
    }
    if (key === undefined) throw new Error(unknownFlag(command, written, [...known.keys()]));
    if (given.has(key)) throw new Error(`--${kebab(key)} is given twice; leave one out`);
    given.add(key);
    if (value === undefined && isSwitch(key)) value = ["true", "false"].includes(rest[at + 1]) ? rest[++at] : "true";
    if (value === undefined) {
      value = rest[++at];
      if (value === undefined || value.startsWith("--"))
        throw new Error(`--${written} needs a value; see saccade ${command} --help`);
    }
    if (key in knobs) changes[key] = inFlagTerms(key, () => checkKnob(key, value));
    else options[key] = flagValue(key as FlagName, value);
  }
  for (const name of required(command))
    if (!given.has(name)) throw new Error(`saccade ${command} needs --${name}: ${flags[name].line}`);
  if (foldersOf(command)) {
    const { insteadOfFolders = [] }: CommandEntry = commands[command];
    if (folders.length === 0 && !insteadOfFolders.some((name) => given.has(name)))
      throw new Error(`saccade ${command} needs ${foldersOf(command)}; see saccade ${command} --help`);
    options.folders = folders;
  }
  if (options.out !== undefined && options.resume !== undefined)
    throw new Error("--out begins a run and --resume goes on with one; leave one of them out");
  if (options.dryRun && options.resume !== undefined)
    throw new Error("--dry-run is for a run that has not begun; leave out --resume");
  if (settings.length > 0) {
    const { changes: all, notes } = withAliases(command, changes as Partial<RunConfig>, settings);
    return { command, help: false, changes: all, options: options as Options, ...(notes.length > 0 ? { notes } : {}) };
  }
  return { command, help: false, changes: changes as Partial<RunConfig>, options: options as Options };
}

/** Changes by flags and by other trainers' names together. @throws Error where a setting cannot be, or is there twice */
function withAliases(
  command: CommandName,
  changes: Partial<RunConfig>,
  settings: readonly Setting[],
): { changes: Partial<RunConfig>; notes: string[] } {
  const preset = settings.findLast(({ name }) => name === `${ownPrefix}preset`)?.value ?? changes.preset;
  const { changes: read, notes, refused } = readAliases(settings, resolveConfig({ ...changes, preset }));
  if (refused.length > 0) throw new Error(refused.join("\n"));
  const known = knobsOf(command);
  for (const key of Object.keys(read) as (keyof RunConfig)[]) {
    if (!known.includes(key))
      throw new Error(
        `saccade ${command} has no --${kebab(key)}, which ${settings.map(({ name }) => name).join(", ")} would set`,
      );
    if (changes[key] !== undefined && changes[key] !== read[key])
      throw new Error(`--${kebab(key)} is ${changes[key]}, and by another name ${read[key]}; leave one out`);
  }
  return { changes: { ...changes, ...read }, notes };
}

const foldersOf = (command: CommandName): string | undefined => (commands[command] as CommandEntry).folders;
const required = (command: CommandName): readonly FlagName[] => (commands[command] as CommandEntry).required ?? [];

function commandNamed(word: string): CommandName {
  if (Object.hasOwn(commands, word)) return word as CommandName;
  const names = Object.keys(commands);
  throw new Error(
    `There is no command "${word}"; did you mean "${nearest(word, names)}"? Commands: ${names.join(", ")}`,
  );
}

function knobsOf(command: CommandName): (keyof RunConfig)[] {
  const { knobs: groups, without = [], only }: CommandEntry = commands[command];
  return (Object.keys(knobs) as (keyof RunConfig)[]).filter(
    (key) => groups.includes(knobs[key].group) && !without.includes(key) && (only?.includes(key) ?? true),
  );
}

function isSwitch(key: string | undefined): boolean {
  if (key === undefined) return false;
  return key in knobs ? knobs[key as keyof RunConfig].kind === "boolean" : flags[key as FlagName].kind === "switch";
}

function unknownFlag(command: CommandName, written: string, known: string[]): string {
  const elsewhere = Object.keys(commands).filter((name) =>
    [...knobsOf(name as CommandName), ...commands[name as CommandName].flags].some((key) => kebab(key) === written),
  );
  if (elsewhere.length > 0)
    return `saccade ${command} has no flag --${written}, which belongs to ${elsewhere.join(", ")}; see saccade ${command} --help`;
  if (known.length === 0) return `saccade ${command} takes no flags, found --${written}`;
  return `There is no flag --${written}; did you mean --${nearest(written, known)}? See saccade ${command} --help`;
}

/** Knob errors speak of `learningRate`; a person here wrote `--learning-rate`. */
function inFlagTerms<T>(key: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error((error as Error).message.replace(new RegExp(`^${key}\\b`), `--${kebab(key)}`));
  }
}

function flagValue(name: FlagName, value: string): string | number | boolean {
  const flag: Flag = flags[name];
  switch (flag.kind) {
    case "choice":
      if (!flag.choices!.includes(value))
        throw new Error(`--${kebab(name)} must be one of ${flag.choices!.join(", ")}, found "${value}"`);
      return value;
    case "path":
      if (value === "") throw new Error(`--${kebab(name)} needs the path of a folder`);
      return value;
    case "switch":
      if (value !== "true" && value !== "false")
        throw new Error(`--${kebab(name)} must be true or false, found "${value}"`);
      return value === "true";
    default: {
      const number = Number(value);
      const max = name === "port" ? 65535 : 1e9;
      if (value.trim() === "" || !Number.isInteger(number) || number < 1 || number > max)
        throw new Error(`--${kebab(name)} must be a whole number from 1 to ${max}, found "${value}"`);
      return number;
    }
  }
}

/** What --help prints, for all commands or one. */
export function helpText(command: CommandName | null): string {
  const run = "npm run saccade --";
  if (command === null) {
    return [
      "Saccade trains a small vision-language model to zoom into pictures, on this machine's GPU.",
      "",
      `Usage: ${run} <command> [flags]`,
      "",
      ...table(Object.entries(commands).map(([name, { line }]) => [name, line])),
      "",
      `Flags of a command: ${run} train --help`,
      "SACCADE_GPU=dawn or SACCADE_GPU=deno insists on one implementation of WebGPU",
    ].join("\n");
  }
  const entry: CommandEntry = commands[command];
  const own = entry.flags.map((name) => {
    const flag: Flag = flags[name];
    const value = { path: ` ${flag.value ?? "DIR"}`, integer: " N", choice: ` ${flag.choices?.join("|")}`, switch: "" }[
      flag.kind
    ];
    const note = required(command).includes(name) ? " (required)" : flag.default ? ` (${flag.default})` : "";
    return [`--${kebab(name)}${value}`, flag.line + note];
  });
  const lines = [`saccade ${command}: ${entry.line}`, "", `Example: ${run} ${entry.example}`];
  if (entry.folders) lines.push("", ...table([[entry.folderWord ?? "DIR...", entry.folders]]));
  if (own.length > 0) lines.push("", ...table(own));
  const keys = knobsOf(command);
  for (const group of entry.knobs) {
    const rows = keys
      .filter((key) => knobs[key].group === group)
      .map((key) => [`--${kebab(key)} ${valueName(knobs[key])}`, knobLine(knobs[key])]);
    lines.push("", `${group}:`, ...table(rows));
  }
  if (keys.includes("preset") && !entry.folders)
    lines.push(
      "",
      "Also by other trainers' names:",
      ...table([
        ["actor_rollout_ref.rollout.n=8", "verl's, and DeepEyes' own"],
        ["num_generations=8, --num_generations 8", "TRL's GRPOConfig"],
      ]),
    );
  if (keys.includes("preset"))
    lines.push("", "presets:", ...table(Object.entries(presets).map(([name, { line }]) => [name, line])));
  return lines.join("\n");
}

/** So many letters of choices stand beside a flag; more would push every line of the group aside. */
const shortChoices = 24;
const areShort = (choices: readonly string[]): boolean => choices.join("|").length <= shortChoices;

function valueName(knob: Knob): string {
  if (knob.kind === "choice") return areShort(knob.choices) ? knob.choices.join("|") : "WAY";
  if (knob.kind === "boolean") return "true|false";
  return knob.kind === "text" ? "NAME" : "N";
}

function knobLine(knob: Knob): string {
  const { kind, line, unit } = knob;
  if (kind === "choice" && !areShort(knob.choices)) return `${line} [${knob.choices.join("|")}] (${knob.default})`;
  if (knob.default === "") return line;
  const range = kind === "integer" || kind === "number" ? `, ${knob.min} to ${knob.max}` : "";
  return `${line} (${knob.default}${unit ? ` ${unit}` : ""}${range})`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
