import { writeTrlCommand } from "../../../interop/trl/command.ts";
import { readVerlCommand, writeVerlCommand } from "../../../interop/verl/command.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { trainCommandText } from "../../run/command_text.ts";
import { configText } from "../../run/record.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";

/**
 * `settings`: reads a verl command, or flags, and prints the settings by the names that are asked for.
 * @throws Error naming what of a command cannot be done, after the rest is printed
 */
export async function settingsCommand(
  changes: Partial<RunConfig>,
  { verlCommand, as = "flags" }: Options,
  { terminal }: Pick<CommandContext, "terminal">,
): Promise<number> {
  if (verlCommand === undefined) {
    terminal.print(settingsAs(as, resolveConfig(changes)));
    return 0;
  }
  const { preset, changes: read, notes, refused } = readVerlCommand(await commandText(verlCommand));
  terminal.print(settingsAs(as, resolveConfig({ preset, ...read, ...changes })));
  for (const note of notes) {
    // JSON has no comments.
    if (as === "json") console.error(note);
    else terminal.print(`# ${note}`);
  }
  if (refused.length > 0) throw new Error(refused.join("\n"));
  return 0;
}

export function settingsAs(as: NonNullable<Options["as"]>, config: RunConfig): string {
  switch (as) {
    case "verl":
      return writeVerlCommand(config);
    case "trl":
      return writeTrlCommand(config);
    case "json":
      return configText(config).trimEnd();
    case "flags":
      return trainCommandText(config);
    default:
      throw new TypeError(`settings are not printed as ${as}`);
  }
}

async function commandText(place: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = place === "-" ? await new Response(Deno.stdin.readable).bytes() : await Deno.readFile(place);
  } catch (error) {
    throw new Error(`Expected a file with a verl command at ${place}: ${(error as Error).message}`);
  }
  try {
    // A byte order mark stays: for bash it belongs to the first word.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`Expected a text in UTF-8 at ${place}, found other bytes; convert it (iconv -t utf-8)`);
  }
}
