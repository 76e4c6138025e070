import { knows, namesOf } from "../alias_rules.ts";
import { ownPrefix } from "../aliases.ts";
import { insteadOf } from "../nearest_setting.ts";
import type { ShellWord } from "../shell/assignments.ts";
import { shortened } from "../shell/tree.ts";
import { hydraProblem, hydraText } from "./hydra_value.ts";
import { verlNames } from "./names.ts";

/** A setting whose value is not certain, and is not used. `name` is empty where even that is not known. */
export interface NotCertain {
  name: string;
  /** "not understood: line 12, ..." */
  sentence: string;
}

/** The settings in the words after verl's program. */
export interface Overrides {
  given: Map<string, string>;
  notCertain: NotCertain[];
  /** Whether settings that are not named may be given as well. */
  isOpen: boolean;
  /** The configuration file, without ".yaml"; empty where it is verl's own. */
  configName: string;
  /** Where it lies; empty where that is not said. */
  configPath: string;
  notes: string[];
  refused: string[];
}

/** Knobs that are computed from others: where one is not certain, neither is the other. */
const actor = "actor_rollout_ref.actor";
const follows: Readonly<Record<string, string>> = {
  [`${actor}.ppo_mini_batch_size`]: "data.train_batch_size",
  [`${actor}.use_dynamic_bsz`]: `${actor}.loss_agg_mode`,
  [`${actor}.optim.lr_warmup_steps_ratio`]: "trainer.total_training_steps",
};

/** Settings that mean the same as not given where they are null. */
const nullable = new Set([
  `${actor}.ppo_micro_batch_size`,
  `${actor}.ppo_micro_batch_size_per_gpu`,
  `${actor}.optim.lr_warmup_steps_ratio`,
  "trainer.total_training_steps",
  "custom_reward_function.path",
  "data.seed",
  "actor_rollout_ref.rollout.seed",
  ...["max_assistant_turns", "max_user_turns", "max_turns"].map(
    (name) => `actor_rollout_ref.rollout.multi_turn.${name}`,
  ),
]);

const isNothing = (value: string): boolean => /^(null|None|~)?$/.test(value.trim());

const isMapped = (name: string): boolean => verlNames.mappings.some(({ names }) => names.includes(name));

const isIdle = (name: string): boolean =>
  !isMapped(name) && !Object.hasOwn(verlNames.fixed, name) && knows(verlNames, name);

export function readOverrides(words: readonly ShellWord[]): Overrides {
  const read: Overrides = {
    given: new Map(),
    notCertain: [],
    isOpen: false,
    configName: "",
    configPath: "",
    notes: [],
    refused: [],
  };
  const doubt = (name: string, sentence: string) => {
    read.given.delete(name);
    read.notCertain = read.notCertain.filter((other) => other.name !== name || name === "");
    read.notCertain.push({ name, sentence });
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const { text, line, unknown } = word;
    const where = `not understood: line ${line}, ${shortened(word.source)}`;
    const option = /^(--config-(name|path|dir)|-c[npd])(?:=(.*))?$/s.exec(text);
    const found = /^(\+\+?|~)?([^=]*)(?:=(.*))?$/s.exec(text)!;
    const [, sign, name, value] = found;
    for (const note of word.notes)
      if (!read.notes.includes(`line ${line}: ${note}`)) read.notes.push(`line ${line}: ${note}`);
    if (word.isOpen && unknown === null) continue;
    if (option && unknown === null) {
      const next = option[3] === undefined ? words[++i] : null;
      if (next?.unknown) doubt("", `${where}: ${next.unknown}`);
      else {
        const given = option[3] ?? next?.text ?? "";
        if (option[2] === "name" || option[1] === "-cn") read.configName = given.replace(/\.yaml$/, "");
        else read.configPath = given;
      }
    } else if (unknown !== null && (word.isOpen || value === undefined)) {
      const before = [...read.given.keys()];
      for (const lost of before)
        doubt(lost, `not understood: ${lost}: ${shortened(word.source)} (line ${line}) may set it again`);
      read.isOpen = true;
      doubt("", `${where}: ${unknown}; it may set anything, so that nothing before it is certain`);
    } else if (text === "-m" || text === "--multirun") {
      doubt("", `${where}: hydra starts several runs`);
    } else if (text.startsWith("-")) read.notes.push(`line ${line}: ${text} is left out: it is for hydra`);
    else if (unknown !== null) doubt(name!, `${where}: ${unknown}`);
    else if (sign === "~") {
      if (isIdle(name!)) read.notes.push(`line ${line}: ${text} takes away what means nothing here`);
      else doubt(name!, `${where}: it takes a setting away`);
    } else if (value === undefined || name === "")
      read.refused.push(`line ${line}: expected name=value, found "${shortened(text)}"`);
    else if (!knows(verlNames, name!) && !name!.startsWith(ownPrefix)) {
      read.refused.push(`There is no setting "${name}" of verl; ${insteadOf(name!, namesOf(verlNames), "verl")}`);
    } else {
      const problem = isIdle(name!) ? null : hydraProblem(value);
      if (problem !== null) doubt(name!, `${where}: ${problem}`);
      else if (isNothing(value) && isMapped(name!) && !(nullable.has(name!) && value.trim() === "null"))
        doubt(name!, `${where}: it has no value`);
      else {
        const plain = hydraText(value);
        if (read.given.has(name!) && read.given.get(name!) !== plain)
          read.notes.push(`${name} is given twice, the last one holds`);
        read.given.set(name!, plain);
        read.notCertain = read.notCertain.filter((other) => other.name !== name);
      }
    }
  }
  spreadDoubt(read, doubt);
  return read;
}

/** Settings that are read together with one that is not certain. */
function spreadDoubt(read: Overrides, doubt: (name: string, sentence: string) => void): void {
  const isDoubtful = (name: string) => read.notCertain.some((other) => other.name === name);
  for (const { names } of verlNames.mappings) {
    const cause = names.find(isDoubtful);
    if (cause === undefined) continue;
    for (const name of names)
      if (read.given.has(name)) doubt(name, `not understood: ${name}: it is read together with ${cause}`);
  }
  for (const [name, cause] of Object.entries(follows))
    if (isDoubtful(cause) && read.given.has(name))
      doubt(name, `not understood: ${name}: it is read together with ${cause}`);
}

/** Defaults without those that are not certain, since something that is not known may set them. */
export function certainDefaults(
  defaults: Readonly<Record<string, string>>,
  { notCertain, isOpen }: Overrides,
): Record<string, string> {
  if (isOpen) return {};
  const doubtful = new Set(notCertain.map(({ name }) => name));
  const groups = verlNames.mappings.filter(({ names }) => names.some((name) => doubtful.has(name)));
  for (const { names } of groups) for (const name of names) doubtful.add(name);
  for (const [name, cause] of Object.entries(follows)) if (doubtful.has(cause)) doubtful.add(name);
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => !doubtful.has(name)));
}

/** Sentences on what is not certain: those that matter, and those on settings that mean nothing here. */
export function sentencesOf({ notCertain }: Overrides): { matter: string[]; idle: string[] } {
  const isUnused = ({ name }: NotCertain) => name !== "" && isIdle(name);
  return {
    matter: notCertain.filter((one) => !isUnused(one)).map(({ sentence }) => sentence),
    idle: notCertain.filter(isUnused).map(({ sentence }) => `${sentence}; it means nothing here`),
  };
}
