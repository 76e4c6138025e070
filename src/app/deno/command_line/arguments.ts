import type { Setting } from "../../../interop/alias_rules.ts";
import { isTrlName, ownPrefix, readAliases, settingOf, tableOf } from "../../../interop/aliases.ts";
import type { LogFormatName } from "../../../interop/logs/formats.ts";
import type { AdapterNames } from "../../../model/names.ts";
import type { ToolForm } from "../../../policy/elsewhere/remote_policy.ts";
import type { OptionOrder } from "../../../tasks/benchmarks/benchmark.ts";
import { checkKnob, nearest, resolveConfig } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import type { Control } from "../../benchmarks/benchmark.ts";
import type { OnnxDevice } from "../../session/onnx_devices.ts";
import {
  type CommandEntry,
  type CommandName,
  commands,
  type FlagName,
  flags,
  foldersOf,
  kebab,
  knobsOf,
  required,
} from "./command_table.ts";
import { configFromFile } from "./config_flag.ts";
import { flagValue, inFlagTerms, isSwitch, unknownFlag } from "./flag_values.ts";
import { expectTopic, type GeneralTopic, generalTopics } from "./help_text.ts";
import { keyVariable } from "./judge_key.ts";
import { ownCodeKnob } from "./own_code_flags.ts";

/** What a person asked for. */
export type Parsed = Request | Help;

export interface Request {
  command: CommandName;
  help: false;
  /** What differs from the preset, whoever said it. */
  changes: Partial<RunConfig>;
  options: Options;
  /** What of it the file of --config says, and no flag. */
  ofFile?: Partial<RunConfig>;
  notes?: string[];
}

/** Help that is asked for: of the program, or of a command, or a part of either; or the version. */
export type Help =
  | { command: CommandName; help: true; topic?: string }
  | { command: null; help: true; topic?: GeneralTopic | "version" };

export interface Options {
  folders?: string[];
  images?: string;
  text?: string;
  tokenizer?: string;
  out?: string;
  config?: string;
  resume?: string;
  beside?: number;
  from?: string;
  policyUrl?: string;
  policyModel?: string;
  policyKeyEnv?: string;
  policyFamily?: string;
  policyTools?: ToolForm;
  policyTimeout?: number;
  policyConcurrency?: number;
  policyOnnx?: string;
  onnxDtype?: string;
  onnxDevice?: OnnxDevice;
  tasks?: number;
  expect?: string;
  headersOnly?: boolean;
  show?: number;
  port?: number;
  judgeCache?: string;
  greedy?: boolean;
  causal?: boolean;
  logJson?: boolean;
  plain?: boolean;
  trace?: boolean;
  chromeTrace?: string;
  tune?: "auto" | "off";
  dryRun?: boolean;
  gpuMemory?: number;
  verlCommand?: string;
  as?: "flags" | "verl" | "trl" | "json" | "huggingface" | "onnx";
  adapterNames?: AdapterNames;
  dtypes?: string;
  onnx?: string;
  options?: OptionOrder;
  control?: Control | "all";
  avgAt?: number;
  limit?: number;
  format?: LogFormatName | "all" | "html";
  rollout?: string;
  follow?: boolean;
  pictures?: boolean;
  modelFiles?: boolean;
  checkpoint?: boolean;
  seconds?: number;
  case?: number;
  seeds?: string;
  counts?: boolean;
  json?: string;
  markdown?: string;
  python?: string;
  rows?: number;
  check?: string;
}

/**
 * Reads a command line. Flags are `--name value`, `--name=value`, and for switches `--name` or `--no-name`. Knobs may
 * also be set by verl's and TRL's names: `actor_rollout_ref.rollout.n=8`, `num_generations=8`, `--num_generations 8`.
 * @throws Error with one sentence that names the nearest command or flag, or what a value should be.
 */
export function parseArguments(words: readonly string[]): Parsed {
  const [first, ...rest] = joined(words);
  if (first === undefined || isHelp(first)) return helpAbout(first === undefined ? [] : rest);
  if (first === "--version" || first === "-V" || first === "version")
    return { command: null, help: true, topic: "version" };
  const command = commandNamed(first);
  const asked = rest.findIndex((word) => word === "--help" || word === "-h");
  if (asked >= 0) return helpAbout([command, ...rest.slice(asked + 1, asked + 2)]);
  const { changes, options, settings, given, folders } = readWords(command, rest);
  for (const name of required(command))
    if (!given.has(name)) throw new Error(`saccade ${command} needs --${name}: ${flags[name].line}`);
  if (foldersOf(command)) {
    const { insteadOfFolders = [], foldersOptional = false }: CommandEntry = commands[command];
    if (folders.length === 0 && !foldersOptional && !insteadOfFolders.some((name) => given.has(name)))
      throw new Error(`saccade ${command} needs ${foldersOf(command)}; see saccade ${command} --help`);
    options.folders = folders;
  }
  expectCompatible(options);
  const hasKey = Boolean(Deno.env.get(keyVariable));
  const file = options.config === undefined ? {} : configFromFile(options.config, knobsOf(command), changes, hasKey);
  const { changes: named, notes } =
    settings.length === 0 ? { changes, notes: [] } : withAliases(command, changes, settings, file);
  const left = Object.entries(file).filter(([key]) => named[key as keyof RunConfig] === undefined);
  return {
    command,
    help: false,
    changes: { ...file, ...named },
    options,
    ...(options.config === undefined ? {} : { ofFile: Object.fromEntries(left) as Partial<RunConfig> }),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** Two words are one command: export verl. */
const joined = (words: readonly string[]): readonly string[] => {
  const at = words.findIndex((word, i) => `${word} ${words[i + 1]}` in commands);
  // It is the command itself, or what help is asked about.
  if (at !== 0 && !(at === 1 && isHelp(words[0]!))) return words;
  return [...words.slice(0, at), `${words[at]} ${words[at + 1]}`, ...words.slice(at + 2)];
};

const isHelp = (word: string): boolean => word === "--help" || word === "-h" || word === "help";

/** @param words  what stands behind "help": nothing, a topic, or a command and perhaps a part of its help */
function helpAbout([about, part]: readonly string[]): Help {
  if (about === undefined) return { command: null, help: true };
  if (about === "version") return { command: null, help: true, topic: "version" };
  const general = generalTopics.find((topic) => topic === about);
  if (general) return { command: null, help: true, topic: general };
  const command = commandNamed(about);
  // Behind the flag any other flags may follow.
  if (part === undefined || part.startsWith("-")) return { command, help: true };
  expectTopic(command, part);
  return { command, help: true, topic: part };
}

/** A command line, word by word. */
interface ReadWords {
  changes: Partial<RunConfig>;
  options: Options;
  /** By other trainers' names. */
  settings: Setting[];
  /** Flags and knobs that were given. */
  given: Set<string>;
  folders: string[];
}

function readWords(command: CommandName, words: readonly string[]): ReadWords {
  const known = new Map<string, keyof RunConfig | FlagName>(
    [...knobsOf(command), ...commands[command].flags].map((key) => [kebab(key), key]),
  );
  const hasKnobs = knobsOf(command).length > 0;
  const changes: Record<string, unknown> = {};
  const options: Record<string, unknown> = {};
  const read: ReadWords = { changes, options, settings: [], given: new Set(), folders: [] };
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith("--") && foldersOf(command)) {
      read.folders.push(word);
      continue;
    }
    if (!word.startsWith("--") && /^[+~]*\w[\w.]*=/.test(word) && hasKnobs) {
      tableOf(word.slice(0, word.indexOf("=")));
      read.settings.push(settingOf(word));
      continue;
    }
    if (!word.startsWith("--")) {
      const ofRun = ["from", "resume"].find((name) => known.has(name));
      throw new Error(
        `Expected a flag such as --${known.keys().next().value ?? "help"}, found "${word}"; ${ofRun === undefined ? "" : `the folder of a run is named by --${ofRun}; `}see saccade ${command} --help`,
      );
    }
    const equals = word.indexOf("=");
    const written = word.slice(2, equals < 0 ? undefined : equals);
    let value = equals < 0 ? undefined : word.slice(equals + 1);
    const ownKnob = ownCodeKnob(command, written, value ?? left[0]);
    if (ownKnob === "tools") {
      changes.tools = [changes.tools ?? knobs.tools.default, value ?? left.shift()].join(",");
      continue;
    }
    let key = ownKnob ?? known.get(written);
    const negated = written.startsWith("no-") ? known.get(written.slice(3)) : undefined;
    if (key === undefined && value === undefined && isSwitch(negated)) [key, value] = [negated, "false"];
    if (key === undefined && hasKnobs && (written.includes("_") || isTrlName(written))) {
      tableOf(written);
      // A switch of TRL's, where no value follows.
      value ??= left[0] === undefined || left[0].startsWith("--") ? "True" : left.shift()!;
      read.settings.push({ name: written, value });
      continue;
    }
    if (key === undefined) throw new Error(unknownFlag(command, written, [...known.keys()]));
    if (read.given.has(key)) throw new Error(`--${kebab(key)} is given twice; leave one out`);
    read.given.add(key);
    if (isSwitch(key)) value ??= left[0] === "true" || left[0] === "false" ? left.shift()! : "true";
    value ??= valueAfter(command, written, left.shift());
    if (key in knobs) changes[key] = inFlagTerms(key, () => checkKnob(key, value));
    else options[key] = flagValue(command, key as FlagName, value);
  }
  return read;
}

function valueAfter(command: CommandName, written: string, next: string | undefined): string {
  if (next === undefined || next.startsWith("--"))
    throw new Error(`--${written} needs a value; see saccade ${command} --help`);
  return next;
}

/** @throws Error where two flags contradict each other */
function expectCompatible({ out, resume, config, from, verlCommand, gpuMemory, dryRun }: Options): void {
  if (out !== undefined && resume !== undefined)
    throw new Error("--out begins a run and --resume goes on with one; leave one of them out");
  if (config !== undefined && resume !== undefined)
    throw new Error("--config is for a run that has not begun, --resume has its own settings; leave one of them out");
  if (config !== undefined && from !== undefined)
    throw new Error("--config and --from both say what the settings are; leave one of them out");
  if (config !== undefined && verlCommand !== undefined)
    throw new Error("--config and --verl-command both say what the settings are; leave one of them out");
  if (gpuMemory !== undefined && !dryRun)
    throw new Error("--gpu-memory is what --dry-run compares a run with; add --dry-run, or leave it out");
  if (dryRun && resume !== undefined) throw new Error("--dry-run is for a run that has not begun; leave out --resume");
}

/** Changes by flags and by other trainers' names together, without the file's. @throws Error where a setting cannot be, or is there twice */
function withAliases(
  command: CommandName,
  changes: Partial<RunConfig>,
  settings: readonly Setting[],
  ofFile: Partial<RunConfig>,
): { changes: Partial<RunConfig>; notes: string[] } {
  const preset =
    settings.findLast(({ name }) => name === `${ownPrefix}preset`)?.value ?? changes.preset ?? ofFile.preset;
  const { changes: read, notes, refused } = readAliases(settings, resolveConfig({ ...ofFile, ...changes, preset }));
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

function commandNamed(word: string): CommandName {
  if (Object.hasOwn(commands, word)) return word as CommandName;
  const names = Object.keys(commands);
  throw new Error(
    `There is no command "${word}"; did you mean "${nearest(word, names)}"? Commands: ${names.join(", ")}`,
  );
}
