import { judges } from "../../../reward/judges/table.ts";
import { rewards } from "../../../reward/rewards/table.ts";
import { nearest } from "../../../train/config.ts";
import type { Knob } from "../../../train/knob_kinds.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { presets } from "../../../train/presets.ts";
import {
  type CommandEntry,
  type CommandName,
  commandName,
  commands,
  flagOf,
  type flags,
  kebab,
  knobsOf,
  required,
} from "./command_table.ts";
import { environmentVariables, namedVariable } from "./environment_variables.ts";
import { exitCodes, exitMeanings } from "./exit_codes.ts";
import { ownCodeRows, ownCodeWarning } from "./own_code_flags.ts";

/** Commands by what a person wants; one that stands nowhere here is listed last. */
const kinds: readonly (readonly [title: string, names: readonly string[]])[] = [
  ["Train and try", ["train", "sweep", "warmup", "eval", "rollout", "benchmark"]],
  ["Data, judge, settings", ["data", "judge", "settings"]],
  ["Logs, models, page", ["logs", "inspect", "export", "export verl", "pack", "unpack", "serve"]],
  ["Check this machine and this version", ["bench", "compile", "parity", "conformance", "fuzz"]],
];

/** Help that belongs to no command. */
export const generalTopics = ["environment", "exit-codes"] as const;
export type GeneralTopic = (typeof generalTopics)[number];

/** What --help prints of the program as a whole. */
export function generalHelp(topic: GeneralTopic | null = null): string {
  if (topic === "exit-codes") return ["Exit codes, of every command:", ...exitLines()].join("\n");
  if (topic === "environment")
    return ["Variables of the environment:", ...table(environmentVariables), "", namedVariable].join("\n");
  const named = kinds.flatMap(([, names]) => names);
  const others = Object.keys(commands).filter((name) => !named.includes(name));
  const lines = [...kinds, ["Others", others] as const].flatMap(([title, names]) => {
    const rows = names
      .filter((name) => Object.hasOwn(commands, name))
      .map((name) => [name, commands[name as CommandName].line] as const);
    return rows.length > 0 ? [`${title}:`, ...table(rows, nameWidth), ""] : [];
  });
  return [
    "Saccade trains a small vision-language model to zoom into pictures, on this machine's GPU.",
    "",
    `Usage:       ${commandName} COMMAND [flags]`,
    `A first run: ${commandName} ${commands.train.example}`,
    "",
    ...lines,
    "More:",
    ...table([
      ["COMMAND --help", "its flags; of long lists the most important first"],
      ["help exit-codes", "what the exit codes mean"],
      ["help environment", "variables of the environment"],
      ["--version", "this version, its commit, and what it runs on"],
    ]),
  ].join("\n");
}

const nameWidth = Math.max(...Object.keys(commands).map((name) => name.length));

/** Part of a command's help, which can be asked for by its name. */
export interface Section {
  topic: string;
  title: string;
  /** What stands in it, in a few words. */
  about: string;
  rows: readonly (readonly [left: string, right: string])[];
}

/** Commands with more knobs than this show the most important ones alone. */
const mostKnobs = 20;
const importantKnobs: readonly (keyof RunConfig)[] = [
  "preset",
  "model",
  "seed",
  "steps",
  "loraRank",
  "data",
  "tasksPerStep",
  "rolloutsPerTask",
  "temperature",
  "reward",
  "judge",
  "judgeUrl",
  "learningRate",
  "saveEvery",
  "evalEvery",
];

/**
 * What --help prints of a command.
 * @param topic  a part of it (`expectTopic`), "all", or null for the short help
 */
export function commandHelp(command: CommandName, topic: string | null = null): string {
  const entry: CommandEntry = commands[command];
  const head = [`saccade ${command}: ${entry.line}`, "", `Example: ${commandName} ${entry.example}`];
  const sections = sectionsOf(command);
  const section = sections.find((one) => one.topic === topic);
  if (section) return sectionLines(section).join("\n");
  const lines = [...head];
  if (entry.folders) lines.push("", ...table([[entry.folderWord ?? "DIR...", entry.folders]]));
  const own = entry.flags.map((name) => flagRow(command, name));
  if (own.length > 0) lines.push("", ...table(own));
  const keys = knobsOf(command);
  if (topic === "all" || keys.length <= mostKnobs) {
    for (const section of sections) lines.push("", ...sectionLines(section));
    lines.push("", "exit codes:", ...exitLines());
    return lines.join("\n");
  }
  lines.push(
    "",
    "Settings that are changed most:",
    ...table(importantKnobs.filter((key) => keys.includes(key)).map(knobRow)),
  );
  lines.push(
    "",
    `More, by ${commandName} ${command} --help TOPIC:`,
    ...table([...sections.map(({ topic, about }) => [topic, about] as const), ["all", "all of it at once"]]),
    "",
    `Exit codes: 0 done, 1 not done, 2 not understood; all of them: ${commandName} help exit-codes`,
  );
  return lines.join("\n");
}

/** @throws Error where the help of a command has no such part */
export function expectTopic(command: CommandName, topic: string): void {
  const topics = [...sectionsOf(command).map((section) => section.topic), "all"];
  if (topics.includes(topic)) return;
  throw new Error(
    `The help of ${command} has no part "${topic}"; did you mean "${nearest(topic, topics)}"? Parts: ${topics.join(", ")}`,
  );
}

/** The parts of a command's help. */
export function sectionsOf(command: CommandName): Section[] {
  const { knobs: groups, folders }: CommandEntry = commands[command];
  const keys = knobsOf(command);
  const sections: Section[] = groups.flatMap((group) => {
    const rows = keys.filter((key) => knobs[key].group === group).map(knobRow);
    const names = keys.filter((key) => knobs[key].group === group).map((key) => `--${kebab(key)}`);
    const shown = names.slice(0, 3).join(" ");
    const about = names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
    return rows.length > 0 ? [{ topic: group, title: `${group}:`, about, rows }] : [];
  });
  const lists: [keyof RunConfig, Section][] = [
    [
      "preset",
      listSection(
        "presets",
        Object.entries(presets).map(([name, { line }]) => [name, line]),
      ),
    ],
    [
      "reward",
      listSection(
        "rewards",
        rewards.map(({ name, help }) => [name, help]),
      ),
    ],
    [
      "judge",
      listSection(
        "judges",
        judges.map(({ name, help }) => [name, help]),
      ),
    ],
  ];
  for (const [key, section] of lists) if (keys.includes(key)) sections.push(section);
  if (keys.includes("preset") && !folders)
    sections.push({
      topic: "names",
      title: "Also by other trainers' names:",
      about: "settings by the names of verl and TRL",
      rows: [
        ["actor_rollout_ref.rollout.n=8", "verl's, and DeepEyes' own"],
        ["num_generations=8, --num_generations 8", "TRL's GRPOConfig"],
      ],
    });
  const ownCode = ownCodeRows(command);
  if (ownCode.length > 0)
    sections.push({
      topic: "own-code",
      title: ownCodeWarning,
      about: "tools, rewards and tasks of your own",
      rows: ownCode,
    });
  return sections;
}

const listSection = (topic: string, rows: Section["rows"]): Section => ({
  topic,
  title: `${topic}:`,
  about: rows.map(([name]) => name).join(", "),
  rows,
});

const sectionLines = ({ title, rows }: Section): string[] => [title, ...table(rows)];

export function flagRow(command: CommandName, name: keyof typeof flags): readonly [string, string] {
  const flag = flagOf(command, name);
  const value = {
    path: ` ${flag.value ?? "DIR"}`,
    text: ` ${flag.value ?? "TEXT"}`,
    integer: ` ${flag.value ?? "N"}`,
    choice: ` ${flag.choices?.join("|")}`,
    switch: "",
  }[flag.kind];
  const note = required(command).includes(name) ? " (required)" : flag.default ? ` (${flag.default})` : "";
  return [`--${kebab(name)}${value}`, flag.line + note];
}

export const knobRow = (key: keyof RunConfig): readonly [string, string] => [
  `--${kebab(key)} ${valueName(knobs[key])}`,
  knobLine(knobs[key]),
];

const exitLines = (): string[] =>
  table(
    (Object.keys(exitCodes) as (keyof typeof exitCodes)[]).map((name) => [String(exitCodes[name]), exitMeanings[name]]),
  );

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

function table(rows: readonly (readonly [left: string, right: string])[], least = 0): string[] {
  const width = Math.max(least, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
