import type { CheckpointFiles } from "../checkpoint_files.ts";
import type { ModelConfig } from "../config.ts";
import type { Section } from "../config_values.ts";
import { type Json, readJson } from "../json_file.ts";
import { ownKeys, type Preprocessor, preprocessorOf } from "../preprocessor.ts";
import { readPublished } from "../quantize/published.ts";
import { familyNamed } from "./table.ts";

/**
 * Reads a `config.json` of any family, and what the preprocessor's file says of levels and patches.
 *
 * @param where  how errors name keys of the preprocessor
 * @throws Error naming a model_type that no family has, or as Family.readConfig does
 */
export function readConfig(json: Json, preprocessor: Json, where = ownKeys): ModelConfig {
  const family = familyNamed(json.model_type);
  readPublished(json);
  return family.readConfig(json, { json: preprocessor, where });
}

/** Reads a preprocessor as the family of a config.json does. @throws Error as Family.readPreprocessor does */
export const readPreprocessorOf = (config: Json, preprocessor: Section): Preprocessor =>
  familyNamed(config.model_type).readPreprocessor(preprocessor);

/** What a folder says of pictures. @throws Error where a file is missing, or as Family.readPreprocessor does */
export const preprocessorIn = async (files: CheckpointFiles): Promise<Preprocessor> =>
  readPreprocessorOf(await readJson(files, "config.json"), await preprocessorOf(files));
