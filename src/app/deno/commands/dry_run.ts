import type { RunConfig } from "../../../train/knobs.ts";
import { configLines, memoryLines, timeLines } from "../../memory/estimate_text.ts";
import { fitLines } from "../../memory/fit.ts";
import { runMemory } from "../../memory/run_memory.ts";
import { h200, software } from "../../memory/step_time.ts";
import type { CommandContext } from "../command_line/command_context.ts";

/**
 * `train --dry-run`: what a run would be, and what it would take. Of the model only its two small JSON files are read,
 * and the headers of weights on this machine.
 *
 * @param memoryGib  of the card, where it was given
 */
export async function dryRun(
  config: RunConfig,
  { terminal, openPlatform }: Pick<CommandContext, "terminal" | "openPlatform">,
  memoryGib?: number,
): Promise<number> {
  const print = (lines: readonly string[]) => {
    for (const line of lines) terminal.print(line);
  };
  print(configLines(config));
  const platform = await openPlatform(true);
  const memoryBytes = memoryGib ? memoryGib * 2 ** 30 : null;
  const memory = await runMemory(config, platform, { memoryBytes, mayFetch: true, asCard: memoryBytes !== null });
  const { found, fit, notes, adapterName } = memory;
  if (found) print(memoryLines(found));
  print(notes.map((note) => `  ${note}`));
  print([`This machine: ${adapterName || platform.gpuMissing || "no graphics adapter"}`]);
  print(fitLines(config, fit));
  if (found) print(timeLines(config, found, memory.software ? software(navigator.hardwareConcurrency) : h200));
  return 0;
}
