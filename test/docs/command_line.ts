import {
  type CommandEntry,
  type CommandName,
  commandName,
  commands,
} from "../../src/app/deno/command_line/command_table.ts";
import { environmentVariables, namedVariable } from "../../src/app/deno/command_line/environment_variables.ts";
import { exitCodes, exitMeanings } from "../../src/app/deno/command_line/exit_codes.ts";
import { flagRow, knobRow, sectionsOf } from "../../src/app/deno/command_line/help_text.ts";
import { knobNames } from "../../src/interop/knob_names.ts";
import { knobs, type RunConfig } from "../../src/train/knobs.ts";
import { presets } from "../../src/train/presets.ts";

const written = "<!-- Written by `npm run docs` from the tables of the command line; change those. -->";

/** docs/command-line.md */
export function commandLine(): string {
  const codes = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  return [
    "# The command line",
    "",
    written,
    "",
    "```",
    `${commandName} --help                  # all commands`,
    `${commandName} train --help            # of one: its own flags, and the settings that are changed most`,
    `${commandName} train --help grpo       # a group of its settings; train --help all: all of it`,
    `${commandName} --version`,
    "```",
    "",
    "Flags are `--name value` or `--name=value`; a switch needs no value, and `--no-name` turns it off. Settings ([settings.md](settings.md)) may also",
    "be given by verl's and TRL's names: `actor_rollout_ref.rollout.n=8`, `--num_generations 8`. Results go to stdout, errors to stderr; on a",
    "terminal the last line is a bar with the time that is left. The first Ctrl-C ends at the next event and saves a checkpoint, the second one ends at once.",
    "",
    ...(Object.keys(commands) as CommandName[]).flatMap(commandLines),
    "## Exit codes",
    "",
    ...table(
      ["code", "means"],
      codes.map((name) => [String(exitCodes[name]), exitMeanings[name]]),
    ),
    "",
    "## Variables of the environment",
    "",
    ...table(
      ["name", "means"],
      environmentVariables.map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
    "",
    `${namedVariable.replace(/^(--\S+ \S+)/, "`$1`").replace(/\((.*)\)$/, "(`$1`)")}.`,
    "",
  ].join("\n");
}

function commandLines(command: CommandName): string[] {
  const entry: CommandEntry = commands[command];
  const topics = sectionsOf(command).map(({ topic }) => topic);
  const rows = [
    ...(entry.folders ? [[entry.folderWord ?? "DIR...", entry.folders]] : []),
    ...entry.flags.map((name) => flagRow(command, name)),
  ].map(([left = "", right = ""]) => [`\`${left}\``, right]);
  return [
    `## ${command}`,
    "",
    `${entry.line[0]!.toUpperCase()}${entry.line.slice(1)}.`,
    "",
    "```",
    `${commandName} ${entry.example}`,
    "```",
    "",
    ...(rows.length > 0 ? [...table(["flag", "means"], rows), ""] : []),
    ...(topics.length > 0 ? [`Settings, by \`--help TOPIC\`: ${topics.join(", ")}.`, ""] : []),
  ];
}

/** docs/settings.md */
export function settings(): string {
  const groups = [...new Set(Object.values(knobs).map(({ group }) => group))];
  const names = Object.keys(knobs) as (keyof RunConfig)[];
  return [
    "# Settings",
    "",
    "<!-- Written by `npm run docs` from src/train/knobs.ts and src/train/presets.ts; change those. -->",
    "",
    "One table for everything: flags of the command line, the page's controls, keys of `config.json`, fields of addresses and of the",
    "library's `train` (there as `learningRate`, here as `--learning-rate`). In brackets: default, range. The last column: what verl (in its",
    "dotted names) and TRL call it; such names are understood in place of flags.",
    "",
    "## Presets",
    "",
    ...table(
      ["name", "is"],
      Object.entries(presets).map(([name, { line }]) => [`\`${name}\``, line]),
    ),
    "",
    ...groups.flatMap((group) => [
      `## ${group}`,
      "",
      ...table(
        ["setting", "means", "verl; TRL"],
        names
          .filter((name) => knobs[name].group === group)
          .map((name) => {
            const [left, right] = knobRow(name);
            const live = knobs[name].applies === "next step" ? "; may change during a run" : "";
            return [`\`${left}\``, right + live, othersNames(name)];
          }),
      ),
      "",
    ]),
  ].join("\n");
}

/** "`a.b`, `c.d`; `e`" */
function othersNames(knob: keyof RunConfig): string {
  const { verl, trl } = knobNames(knob);
  const short = (found: readonly string[]) =>
    found
      .slice(0, 2)
      .map((name) => `\`${name}\``)
      .join(", ");
  return [short(verl), short(trl)].filter((names) => names !== "").join("; ");
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`);

/** In a code span the bar must be written so as well. */
const cell = (text: string): string => {
  const plain = text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  if (text.startsWith("`")) return plain;
  // Addresses of a reader's own servers are no links.
  return plain.replaceAll("*", "\\*").replace(/https?:\/\/[^\s,;)]+/g, "`$&`");
};
