import { serveFolder } from "../../serve/static_server.mjs";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";

/** Serves the built page on this machine until the person stops it. Returns the exit code. */
export async function serveCommand(options: Options, context: CommandContext): Promise<number> {
  const server = await serveFolder(context.dist, options.port ?? 8080).catch((error) => {
    if (error.code === "ENOENT")
      throw new Error(`Expected the built page in ${context.dist}, found no such folder; npm start builds it`);
    throw error;
  });
  context.terminal.print(`The page is at ${server.address}; Ctrl-C ends`);
  await context.untilStopped();
  await server.close();
  return exitCodes.done;
}
