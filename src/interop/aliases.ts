import { checkKnob } from "../train/config.ts";
import type { RunConfig } from "../train/knobs.ts";
import { type AliasTable, knows, namesOf, readSettings, type Setting, type Understood } from "./alias_rules.ts";
import { insteadOf } from "./nearest_setting.ts";
import { trlNames } from "./trl/names.ts";
import { verlNames } from "./verl/names.ts";

/** Prefix of a knob's own name among another trainer's settings: verl ignores a section that it does not know. */
export const ownPrefix = "saccade.";

/**
 * The trainer whose name this is: verl's have dots, TRL's do not. A leading "+", "++" or "~" is hydra's.
 * @throws Error naming the nearest name
 */
export function tableOf(written: string): AliasTable {
  const name = bare(written);
  const table = name.includes(".") ? verlNames : trlNames;
  if (name.startsWith(ownPrefix)) return verlNames;
  if (knows(verlNames, name)) return verlNames;
  if (knows(table, name)) return table;
  throw new Error(`There is no setting "${name}" of ${table.system}; ${insteadOf(name, namesOf(table), table.system)}`);
}

/** Whether a name is TRL's; those that are a knob's own flag as well (seed, temperature) mean the same. */
export const isTrlName = (name: string): boolean => knows(trlNames, name);

/** "a.b=c", "+a.b=c" -> name and value. @throws Error where there is no "=" */
export function settingOf(word: string): Setting {
  const equals = word.indexOf("=");
  if (equals < 1) throw new Error(`Expected name=value, found "${word}"`);
  return { name: bare(word.slice(0, equals)), value: word.slice(equals + 1) };
}

const bare = (name: string): string => name.replace(/^(\+\+?|~)/, "");

/**
 * Settings by verl's or TRL's names (or "saccade." and a knob's own) -> knobs.
 *
 * @param base the configuration where nothing is given: ratios, mini-batches and the like are computed from it
 * @throws Error where a name is unknown
 */
export function readAliases(settings: readonly Setting[], base: RunConfig): Understood {
  const own = settings.filter(({ name }) => name.startsWith(ownPrefix));
  const foreign = settings.filter(({ name }) => !name.startsWith(ownPrefix));
  const all: Understood = { changes: {}, notes: [], refused: [] };
  for (const table of [verlNames, trlNames]) {
    const ofTable = foreign.filter(({ name }) => tableOf(name) === table);
    const { changes, notes, refused } = readSettings(table, ofTable, { ...base, ...all.changes });
    all.changes = { ...all.changes, ...changes };
    all.notes.push(...notes);
    all.refused.push(...refused);
  }
  for (const { name, value } of own) {
    const knob = name.slice(ownPrefix.length);
    all.changes = { ...all.changes, [knob]: checkKnob(knob, value) };
  }
  return all;
}
