import { type ModelConfig, readConfig } from "../../model/config.ts";
import type { Section } from "../../model/config_values.ts";
import { readJson } from "../../model/json_file.ts";
import { type Preprocessor, preprocessorOf, readPreprocessor } from "../../model/preprocessor.ts";
import { publishedFiles } from "../../model/published_sizes.ts";
import type { Platform } from "../../platform.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { type Estimate, estimate } from "../estimate.ts";
import { configLines, limitLines, memoryLines, remedyLines, timeLines } from "../estimate_text.ts";
import { filesIn } from "../model_files.ts";
import { h100, software } from "../step_time.ts";
import type { Surroundings } from "./surroundings.ts";

/** `train --dry-run`: what a run would be, and what it would take. Of the model only its two small JSON files are read. */
export async function dryRun(
  config: RunConfig,
  { terminal, openPlatform }: Pick<Surroundings, "terminal" | "openPlatform">,
): Promise<number> {
  const print = (lines: readonly string[]) => {
    for (const line of lines) terminal.print(line);
  };
  print(configLines(config));
  const platform = await openPlatform(true);
  const { model, preprocessor, note } = await sizesOf(config.model, platform);
  if (note) terminal.print(note);
  const again = (changes: Partial<RunConfig>): Estimate => estimate({ ...config, ...changes }, model, preprocessor);
  const found = again({});
  print(memoryLines(config, found));
  print(remedyLines(config, found, again));

  const adapter = await platform.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    print([`This machine: ${platform.gpuMissing || "no graphics adapter"}`]);
    print(timeLines(config, found, h100));
    return 0;
  }
  const { description, device, vendor } = adapter.info;
  const name = description || device || vendor || "unnamed adapter";
  print([`This machine: ${name}`, ...limitLines(config, found, adapter.limits, again)]);
  const isSoftware = /swiftshader|llvmpipe|lavapipe|software/i.test(`${name} ${vendor}`);
  print(timeLines(config, found, isSoftware ? software(navigator.hardwareConcurrency) : h100));
  return 0;
}

async function sizesOf(
  name: string,
  platform: Platform,
): Promise<{ model: ModelConfig; preprocessor: Preprocessor; note?: string }> {
  const folder = filesIn(platform, name);
  let files: { config: Record<string, unknown>; preprocessor: Section };
  let note: string | undefined;
  try {
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
  return {
    model: readConfig(files.config, files.preprocessor.json, files.preprocessor.where),
    preprocessor: readPreprocessor(files.preprocessor.json, files.preprocessor.where),
    ...(note ? { note } : {}),
  };
}
