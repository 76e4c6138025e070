import type { RunConfig } from "../../../train/knobs.ts";
import { isModulePath } from "../../../train/own_code.ts";

/** Flags that take code of one's own, and the knob that holds it. With other values they are what they are without code. */
const ownCodeFlags: Record<string, { knob: keyof RunConfig; line: string }> = {
  reward: { knob: "reward", line: "module whose default export defineReward() makes: what is paid for" },
  tasks: { knob: "data", line: "module whose default export defineTasks() makes: where tasks come from" },
};

/** The knob that a flag sets where its value is a module, null where it is none. */
export function ownCodeKnob(flag: string, value: string | undefined): keyof RunConfig | null {
  return value !== undefined && Object.hasOwn(ownCodeFlags, flag) && isModulePath(value)
    ? ownCodeFlags[flag]!.knob
    : null;
}

/** Rows for the help of a command that reads these knobs. */
export const ownCodeRows = (knobs: readonly (keyof RunConfig)[]): string[][] =>
  Object.entries(ownCodeFlags)
    .filter(([, { knob }]) => knobs.includes(knob))
    .map(([flag, { line }]) => [`--${flag} ./mine.ts`, line]);

/** What a person should know before naming one. */
export const ownCodeWarning = "Your own code, which runs with all that this command may do (.ts, .mts, .js, .mjs):";
