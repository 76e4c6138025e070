import type { RunConfig } from "../../train/knobs.ts";
import type { Options } from "./arguments.ts";
import { exitCodes } from "./exit_codes.ts";
import { withSession } from "./open_session.ts";
import { expectNewFolder, writeNewFolder } from "./run_folder.ts";
import type { Surroundings } from "./surroundings.ts";

/** Writes a run's model, or that of the configuration, as a folder for transformers or PEFT. Returns the exit code. */
export async function exportCommand(
  changes: Partial<RunConfig>,
  options: Options,
  around: Surroundings,
): Promise<number> {
  await expectNewFolder(options.out!);
  return withSession(changes, options, around, async (session) => {
    await writeNewFolder(options.out!, await session.exportFiles());
    around.terminal.print(`The model is in ${options.out}`);
    return exitCodes.done;
  });
}
