import type { BaseDtype } from "../../model/base_dtype.ts";
import type { Section } from "../../model/config_values.ts";
import { readConfig, readPreprocessorOf } from "../../model/families/read_files.ts";
import { publishedFiles } from "../../model/families/table.ts";
import { readJson } from "../../model/json_file.ts";
import { openModel } from "../../model/load.ts";
import { adapterConfigFile, type LoraConfig, readLoraConfig } from "../../model/lora_config.ts";
import { type Preprocessor, preprocessorOf } from "../../model/preprocessor.ts";
import { likelyForm, readPublished } from "../../model/quantize/published.ts";
import { formOf, publishedFormOf } from "../../model/weight_form.ts";
import type { Platform } from "../../platform.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { filesIn } from "../model_folder/model_files.ts";
import type { ModelSizes } from "./simulated_step.ts";

/** A model of which only what its small files say is known. */
export interface DescribedModel {
  sizes: ModelSizes;
  preprocessor: Preprocessor;
  /** What a person should know of it, one sentence. */
  note?: string;
}

/** Published checkpoints are stored so. */
const usuallyStored = "BF16";

/**
 * The sizes of a run's model, of its two small JSON files; of weights on this machine also the headers are read.
 *
 * @param mayFetch  whether the small files of a model that lies elsewhere may be asked for
 * @throws Error with one sentence where the model is not known
 */
export async function describedModel(
  { model: name, adapter, baseDtype }: Pick<RunConfig, "model" | "adapter" | "baseDtype">,
  platform: Platform,
  { mayFetch = true } = {},
): Promise<DescribedModel> {
  const folder = filesIn(platform, name);
  let files: { config: Record<string, unknown>; preprocessor: Section };
  let note: string | undefined;
  try {
    if (!mayFetch && platform.addressOf(name) !== null) throw new Error("nothing is fetched before the run begins");
    if ((await folder.sizeBytes("config.json")) === null) throw new Error(`${name}/config.json is not there`);
    files = { config: await readJson(folder, "config.json"), preprocessor: await preprocessorOf(folder) };
  } catch (error) {
    const known = publishedFiles(name.replace(/^hf:\/\//, "").replace(/@.*$/, ""));
    if (!known)
      throw new Error(
        `Expected config.json and preprocessor_config.json of the model ${name}: ${(error as Error).message}; check --model`,
      );
    files = { config: known.config, preprocessor: { json: known.preprocessor, where: "preprocessor_config.json: " } };
    note = `The model's config.json could not be had (${(error as Error).message}); sizes are as published in 2025`;
  }
  const weights = await weightsOf(platform, name, baseDtype);
  const published = readPublished(files.config);
  const isHere = adapter !== "" && (mayFetch || platform.addressOf(adapter) === null);
  const known = isHere ? await adapterOf(platform, adapter) : undefined;
  return {
    sizes: {
      config: weights?.config ?? readConfig(files.config, files.preprocessor.json, files.preprocessor.where),
      formOf:
        weights?.formOf ??
        ((parameter) => {
          const form = published && likelyForm(published, parameter);
          return form ? publishedFormOf(form, baseDtype) : formOf(parameter, baseDtype, usuallyStored);
        }),
      ...(known && { adapter: known }),
    },
    preprocessor: readPreprocessorOf(files.config, files.preprocessor),
    ...(note ? { note } : {}),
  };
}

/** What a checkpoint on this machine says of its weights; nothing is fetched for it. */
async function weightsOf(
  platform: Platform,
  name: string,
  baseDtype: BaseDtype,
): Promise<Pick<ModelSizes, "config" | "formOf"> | null> {
  if (platform.addressOf(name) !== null) return null;
  // Its sizes are known all the same; opening it to train says what is wrong.
  return openModel(filesIn(platform, name), baseDtype).catch(() => null);
}

async function adapterOf(platform: Platform, adapter: string): Promise<LoraConfig> {
  return readLoraConfig(await readJson(filesIn(platform, adapter), adapterConfigFile));
}
