import { checkKnob } from "../train/config.ts";
import type { KnobName, RunConfig } from "../train/knobs.ts";
import { insteadOf } from "./nearest_setting.ts";

/** A setting of another trainer as it was written; a list is still in its brackets. */
export interface Setting {
  name: string;
  value: string;
}

/** The text that was given for a name; undefined where none or None was. */
export type Given = (name: string) => string | undefined;

export type Changes = Partial<Record<KnobName, unknown>>;

/** Names that are read together, and the knobs that they map to. */
export interface Mapping {
  names: readonly string[];
  /**
   * @param base the configuration where nothing is given, with the changes of earlier mappings
   * @param say  takes a note on a difference that remains
   * @throws Error saying what is supported
   */
  read(given: Given, base: RunConfig, say: (note: string) => void): Changes;
  /** The settings of a configuration; absent where the knobs are written by another mapping, or by none. */
  write?(config: RunConfig): Record<string, string>;
}

/** Another trainer's names. Those ending in ".*" or "*" stand for all names that begin so. */
export interface AliasTable {
  system: string;
  mappings: readonly Mapping[];
  /** Settings of which one value is supported here: the texts that mean it, and what it is. */
  fixed: Readonly<Record<string, { values: readonly string[]; line: string }>>;
  /** Settings that mean nothing here, by the reason. */
  idle: Readonly<Record<string, readonly string[]>>;
}

/** What was read from settings. `notes` and `refused` are sentences for people; refused is what is not supported. */
export interface Understood {
  changes: Partial<RunConfig>;
  notes: string[];
  refused: string[];
}

/** One name (or several that mean the same; the first is written) for one knob. */
export function one(
  names: string | readonly string[],
  knob: KnobName,
  {
    read = (text) => text,
    write = String,
  }: { read?: (text: string) => unknown; write?: (value: never) => string | null } = {},
): Mapping {
  const all = typeof names === "string" ? [names] : names;
  return {
    names: all,
    read(given) {
      const text = all.map(given).find((value) => value !== undefined);
      return text === undefined ? {} : { [knob]: read(text) };
    },
    write(config) {
      const text = write(config[knob] as never);
      return text === null ? {} : { [all[0]!]: text };
    },
  };
}

/** "True", as Python has it, or "yes". @throws Error */
export function truth(text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new Error(`expected True or False, found "${text}"`);
}

/** @throws Error */
export function numeral(text: string): number {
  const value = Number(text.replaceAll("_", ""));
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`expected a number, found "${text}"`);
  return value;
}

export const python = (value: boolean): string => (value ? "True" : "False");

/** "[a,'b']" -> a, b; a text without brackets is a list of itself. */
export function listed(text: string): string[] {
  const inner = /^\[(.*)\]$/s.exec(text.trim())?.[1] ?? text;
  return inner
    .split(",")
    .map((part) => part.trim().replace(/^(['"])(.*)\1$/, "$2"))
    .filter((part) => part !== "");
}

/** Python's and YAML's; "none" in small letters is a word (scale_rewards). */
const isNone = (text: string): boolean => /^(None|null|~)?$/.test(text.trim());

function means(text: string, wanted: string): boolean {
  if (isNone(text) || isNone(wanted)) return isNone(text) && isNone(wanted);
  if (!Number.isNaN(Number(text)) && !Number.isNaN(Number(wanted))) return Number(text) === Number(wanted);
  return text.toLowerCase() === wanted.toLowerCase();
}

/** Every name of a table. */
export const namesOf = ({ mappings, fixed, idle }: AliasTable): string[] => [
  ...mappings.flatMap(({ names }) => names),
  ...Object.keys(fixed),
  ...Object.values(idle).flat(),
];

const covers = (pattern: string, name: string): boolean =>
  pattern === name || (pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1)));

export const knows = (table: AliasTable, name: string): boolean => namesOf(table).some((n) => covers(n, name));

/** Reads settings by one trainer's names over a configuration. What cannot be done is listed and the rest still read. */
export function readSettings(table: AliasTable, settings: readonly Setting[], base: RunConfig): Understood {
  const { system, mappings, fixed, idle } = table;
  const given = new Map(settings.map(({ name, value }) => [name, value]));
  const notes: string[] = [];
  const refused: string[] = [];
  let changes: Partial<RunConfig> = {};

  const mapped = new Set(mappings.flatMap(({ names }) => names));
  for (const { names, read } of mappings) {
    const present = names.filter((name) => given.has(name));
    if (present.length === 0) continue;
    const text = (name: string) => {
      const value = given.get(name);
      return value === undefined || isNone(value) ? undefined : value;
    };
    try {
      const read_ = read(text, { ...base, ...changes }, (note) => notes.push(note));
      const checked = Object.entries(read_).map(([knob, value]) => [knob, checkKnob(knob, value)]);
      changes = { ...changes, ...Object.fromEntries(checked) };
    } catch (error) {
      refused.push(`${present.map((name) => `${name}=${given.get(name)}`).join(" ")}: ${(error as Error).message}`);
    }
  }

  const unused = new Map<string, string[]>();
  for (const [name, value] of given) {
    if (mapped.has(name)) continue;
    const only = fixed[name];
    if (only) {
      if (!only.values.some((wanted) => means(value, wanted)))
        refused.push(`${name}=${value} is not supported: ${only.line}; supported: ${only.values.join(", ")}`);
      continue;
    }
    const line = Object.keys(idle).find((why) => idle[why]!.some((pattern) => covers(pattern, name)));
    if (line !== undefined) unused.set(line, [...(unused.get(line) ?? []), name]);
    else
      refused.push(`${system} has no setting "${name}" that is known here; ${insteadOf(name, namesOf(table), system)}`);
  }
  for (const [line, names] of unused) notes.push(`Nothing to do for ${names.join(", ")}: ${line}`);
  return { changes, notes, refused };
}

/** A configuration by one trainer's names. */
export function writeSettings({ mappings }: AliasTable, config: RunConfig): Setting[] {
  return mappings.flatMap(({ write }) =>
    write ? Object.entries(write(config)).map(([name, value]) => ({ name, value })) : [],
  );
}
