import { parseJson } from "../model/json_file.ts";
import type { NamedBytes } from "../platform.ts";
import { checkKnob, resolveConfig, withDefaults } from "./config.ts";
import type { RunConfig } from "./knobs.ts";

/** The file of a checkpoint that says what the others are. */
export const stateFile = "trainer_state.json";

/** The step and configuration in trainer_state.json, without the weights. @throws Error as readCheckpoint does. */
export function readTrainerState(files: readonly NamedBytes[]): {
  step: number;
  optimizerStep: number;
  config: RunConfig;
} {
  const state = readJson(files, stateFile);
  if (state.format !== 1)
    throw new Error(
      `${stateFile}: expected format 1, found ${JSON.stringify(state.format)}; it was written by another version of Saccade`,
    );
  for (const key of ["step", "optimizerStep"]) {
    const value = state[key];
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw new Error(`${stateFile}: expected ${key} to be a whole number, found ${JSON.stringify(value)}`);
  }
  if (typeof state.config !== "object" || state.config === null)
    throw new Error(`${stateFile}: expected a config, found ${JSON.stringify(state.config)}`);
  return {
    step: state.step as number,
    optimizerStep: state.optimizerStep as number,
    config: readConfig(state.config as Record<string, unknown>, stateFile),
  };
}

/** @throws Error where it is missing or no JSON; an empty object where it is not an object, which lacks whatever is asked for */
export function readJson(files: readonly NamedBytes[], name: string): Record<string, unknown> {
  const value = parseJson(new TextDecoder().decode(bytesOf(files, name)), name, "the checkpoint is damaged");
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A configuration that was stored as JSON: every knob checked. One that it lacks is newer than it, and has its default. */
export function readConfig(json: Record<string, unknown>, file: string): RunConfig {
  // What the run was made with may stand beside its knobs.
  const { sources: _, ...stored } = json;
  try {
    for (const [key, value] of Object.entries(stored)) {
      // Stored values have their types already: "5" for 5 would mean that someone edited the file.
      if (checkKnob(key, value) !== value)
        throw new Error(
          `expected ${key} to be ${JSON.stringify(checkKnob(key, value))}, found ${JSON.stringify(value)}`,
        );
    }
    return resolveConfig(withDefaults(stored as Partial<RunConfig>));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}

/** @throws Error where it is missing */
export function bytesOf(files: readonly NamedBytes[], name: string): Uint8Array {
  const file = files.find((f) => f.name === name);
  if (!file)
    throw new Error(
      `${name}: expected this file in the checkpoint, found ${files.map((f) => f.name).join(", ") || "nothing"}`,
    );
  return file.bytes;
}
