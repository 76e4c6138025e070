import type { RunConfig } from "../../train/knobs.ts";
import { type Estimate, estimate } from "../estimate.ts";
import { configLines, memoryLines, timeLines } from "../estimate_text.ts";
import { fitLines, fitOf } from "../fit.ts";
import { knownTasks } from "../known_tasks.ts";
import { describedModel } from "../model_sizes.ts";
import { h100, software } from "../step_time.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * `train --dry-run`: what a run would be, and what it would take. Of the model only its two small JSON files are read,
 * and the headers of weights on this machine.
 *
 * @param memoryGib  of the card, where the person said it
 */
export async function dryRun(
  config: RunConfig,
  { terminal, openPlatform }: Pick<Surroundings, "terminal" | "openPlatform">,
  memoryGib?: number,
): Promise<number> {
  const print = (lines: readonly string[]) => {
    for (const line of lines) terminal.print(line);
  };
  print(configLines(config));
  const platform = await openPlatform(true);
  const described = await describedModel(config, platform);
  if (described.note) terminal.print(described.note);
  const known = await knownTasks(config, platform, described).catch((error: Error) => {
    terminal.print(`The run's own tasks could not be looked at: ${error.message}`);
    return null;
  });

  const adapter = await platform.gpu?.requestAdapter({ powerPreference: "high-performance" });
  const { description = "", device = "", vendor = "" } = adapter?.info ?? {};
  const name = description || device || vendor || "unnamed adapter";
  const isSoftware = /swiftshader|llvmpipe|lavapipe|software/i.test(`${name} ${vendor}`);
  const options = { known, ...(adapter && { limits: adapter.limits }), software: isSoftware };
  const again = async (changes: Partial<RunConfig>): Promise<Estimate> => {
    const wanted = { ...config, ...changes };
    return estimate(wanted, (await describedModel(wanted, platform)).sizes, described.preprocessor, options);
  };
  const found = await again({}).catch((error: Error) => error);
  if (!(found instanceof Error)) print(memoryLines(config, found));
  print([`This machine: ${adapter ? name : platform.gpuMissing || "no graphics adapter"}`]);
  print(fitLines(config, await fitOf(config, found, memoryGib ? memoryGib * 2 ** 30 : null, again)));
  if (!(found instanceof Error))
    print(timeLines(config, found, isSoftware ? software(navigator.hardwareConcurrency) : h100));
  return 0;
}
