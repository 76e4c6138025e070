import { judges } from "../../../reward/judges/table.ts";
import { rewards } from "../../../reward/rewards/table.ts";
import type { Knob } from "../../../train/knob_kinds.ts";
import { knobs } from "../../../train/knobs.ts";
import { presets } from "../../../train/presets.ts";
import {
  type CommandEntry,
  type CommandName,
  commands,
  type Flag,
  flags,
  kebab,
  knobsOf,
  required,
} from "./command_table.ts";
import { exitCodes, exitMeanings } from "./exit_codes.ts";
import { ownCodeRows, ownCodeWarning } from "./own_code_flags.ts";

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
      "Exit codes, of every command:",
      ...exitLines(),
      "",
      `Flags of a command: ${run} train --help`,
      "SACCADE_GPU=dawn or SACCADE_GPU=deno forces one implementation of WebGPU",
    ].join("\n");
  }
  const entry: CommandEntry = commands[command];
  const own = entry.flags.map((name) => {
    const flag: Flag = flags[name];
    const value = {
      path: ` ${flag.value ?? "DIR"}`,
      text: ` ${flag.value ?? "TEXT"}`,
      integer: " N",
      choice: ` ${flag.choices?.join("|")}`,
      switch: "",
    }[flag.kind];
    const note = required(command).includes(name) ? " (required)" : flag.default ? ` (${flag.default})` : "";
    return [`--${kebab(name)}${value}`, flag.line + note] as const;
  });
  const lines = [`saccade ${command}: ${entry.line}`, "", `Example: ${run} ${entry.example}`];
  if (entry.folders) lines.push("", ...table([[entry.folderWord ?? "DIR...", entry.folders]]));
  if (own.length > 0) lines.push("", ...table(own));
  const keys = knobsOf(command);
  for (const group of entry.knobs) {
    const rows = keys
      .filter((key) => knobs[key].group === group)
      .map((key) => [`--${kebab(key)} ${valueName(knobs[key])}`, knobLine(knobs[key])] as const);
    lines.push("", `${group}:`, ...table(rows));
  }
  const ownCode = ownCodeRows(command);
  if (ownCode.length > 0) lines.push("", ownCodeWarning, ...table(ownCode));
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
  if (keys.includes("reward")) lines.push("", "rewards:", ...table(rewards.map(({ name, help }) => [name, help])));
  if (keys.includes("judge")) lines.push("", "judges:", ...table(judges.map(({ name, help }) => [name, help])));
  lines.push("", "exit codes:", ...exitLines());
  return lines.join("\n");
}

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

function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
