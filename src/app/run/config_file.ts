import { parseJson } from "../../model/json_file.ts";
import { checkKnob, resolveConfig } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** No settings are longer, with the fingerprints that may stand beside them. */
export const longestConfigBytes = 2 ** 22;

/**
 * The settings in a file: a run's config.json, or an object with some knobs, in which a preset may stand.
 * @param name of the file, for errors
 * @throws Error with one sentence
 */
export function readConfigFile(text: string, name: string): Partial<RunConfig> {
  const found = parseJson(text, name, "expected a run's config.json, or an object with some of its settings");
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw new Error(
      `${name}: expected an object of settings, found ${Array.isArray(found) ? "a list" : String(found)}`,
    );
  if (Object.hasOwn(found, "type") || Object.hasOwn(found, "model_type") || Object.hasOwn(found, "optimizerStep"))
    throw new Error(`${name}: expected settings of a run, as in its config.json, found another kind of file`);
  // What the run was made with may stand beside its knobs.
  const { sources: _, ...stored } = found as Record<string, unknown>;
  const changes: Record<string, unknown> = {};
  try {
    for (const [key, value] of Object.entries(stored)) {
      if (!["string", "number", "boolean"].includes(typeof value))
        throw new Error(`${key.slice(0, 40)} must be a number, a text, true or false, found ${kindOf(value)}`);
      changes[key] = checkKnob(key, value);
    }
    resolveConfig(changes);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
  return changes as Partial<RunConfig>;
}

const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "a list" : "an object");
