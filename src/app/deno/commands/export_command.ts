import type { RunConfig } from "../../../train/knobs.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { expectNewFolder, writeNewFolder } from "../storage/run_folder.ts";
import { withSession } from "./open_session.ts";

/** Writes a run's model, or that of the configuration, as a folder for transformers or PEFT. Returns the exit code. */
export async function exportCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  await expectNewFolder(options.out!);
  return withSession(changes, options, context, async (session) => {
    await writeNewFolder(options.out!, await session.exportFiles());
    context.terminal.print(`The model is in ${options.out}`);
    return exitCodes.done;
  });
}
