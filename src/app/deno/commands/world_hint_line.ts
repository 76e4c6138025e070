import type { RunConfig } from "../../../train/knobs.ts";
import { worldHint } from "../../../train/world_hint.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";

/** Prints what is likely to be a mistake in the settings of generated scenes; nothing where a program reads the lines. */
export function printWorldHint(config: RunConfig, { logJson }: Options, { terminal }: CommandContext): void {
  const hint = worldHint(config);
  if (hint && !logJson) terminal.print(hint.sentence);
}
