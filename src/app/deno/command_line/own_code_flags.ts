import type { RunConfig } from "../../../train/knobs.ts";
import { isModulePath } from "../../../train/own_code.ts";
import { type CommandEntry, type CommandName, commands } from "./command_table.ts";

/** Flags that take code of one's own, and the knob that holds it. With other values they are what they are without code. */
const ownCodeFlags: Record<string, { knob: keyof RunConfig; line: string }> = {
  tool: {
    knob: "tools",
    line: "module whose default export defineTool() makes, offered beside the tools; may stand twice",
  },
  reward: { knob: "reward", line: "module whose default export defineReward() makes: what is paid for" },
  tasks: { knob: "data", line: "module whose default export defineTasks() makes: where tasks come from" },
};

/** The knob that a flag sets where its value is a module, null where it is none or the command runs no such code. */
export function ownCodeKnob(command: CommandName, flag: string, value: string | undefined): keyof RunConfig | null {
  const { ownCode = false }: CommandEntry = commands[command];
  return ownCode && value !== undefined && Object.hasOwn(ownCodeFlags, flag) && isModulePath(value)
    ? ownCodeFlags[flag]!.knob
    : null;
}

/** Rows for the help of a command; none where it runs no such code. */
export function ownCodeRows(command: CommandName): [left: string, right: string][] {
  const { ownCode = false }: CommandEntry = commands[command];
  return ownCode ? Object.entries(ownCodeFlags).map(([flag, { line }]) => [`--${flag} ./mine.ts`, line]) : [];
}

/** What a person should know before naming one. */
export const ownCodeWarning = "Your own code, which runs with all that this command may do (.ts, .mts, .js, .mjs):";
