import type { Setting } from "../../../interop/alias_rules.ts";
import { isTrlName, ownPrefix, readAliases, settingOf, tableOf } from "../../../interop/aliases.ts";
import type { LogFormatName } from "../../../interop/logs/formats.ts";
import type { OptionOrder } from "../../../tasks/benchmarks/benchmark.ts";
import { checkKnob, nearest, resolveConfig } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import type { Control } from "../../benchmarks/benchmark.ts";
import {
  type CommandEntry,
  type CommandName,
  commands,
  type Flag,
  type FlagName,
  flags,
  foldersOf,
  kebab,
  knobsOf,
  required,
} from "./command_table.ts";
import { ownCodeKnob } from "./own_code_flags.ts";

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
  tune?: "auto" | "off";
  dryRun?: boolean;
  gpuMemory?: number;
  verlCommand?: string;
  as?: "flags" | "verl" | "trl" | "json";
  options?: OptionOrder;
  control?: Control | "all";
  avgAt?: number;
  limit?: number;
  format?: LogFormatName | "all";
  seconds?: number;
  case?: number;
  seeds?: string;
  counts?: boolean;
  json?: string;
  markdown?: string;
  python?: string;
}

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
    const entry: CommandEntry = commands[command];
    const ownKnob = entry.ownCode ? ownCodeKnob(written, value ?? rest[at + 1]) : null;
    let key = ownKnob ?? known.get(written);
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
    const { insteadOfFolders = [], foldersOptional = false }: CommandEntry = commands[command];
    if (folders.length === 0 && !foldersOptional && !insteadOfFolders.some((name) => given.has(name)))
      throw new Error(`saccade ${command} needs ${foldersOf(command)}; see saccade ${command} --help`);
    options.folders = folders;
  }
  if (options.out !== undefined && options.resume !== undefined)
    throw new Error("--out begins a run and --resume goes on with one; leave one of them out");
  if (options.gpuMemory !== undefined && !options.dryRun)
    throw new Error("--gpu-memory is what --dry-run compares a run with; add --dry-run, or leave it out");
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

function commandNamed(word: string): CommandName {
  if (Object.hasOwn(commands, word)) return word as CommandName;
  const names = Object.keys(commands);
  throw new Error(
    `There is no command "${word}"; did you mean "${nearest(word, names)}"? Commands: ${names.join(", ")}`,
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

/** Errors of knobs name `learningRate`; the command line has `--learning-rate`. */
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
      if (value === "")
        throw new Error(`--${kebab(name)} needs the path of a ${flag.value === "FILE" ? "file" : "folder"}`);
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
