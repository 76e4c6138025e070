import type { RunConfig } from "../../../train/knobs.ts";
import type { RollingSession } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { rolloutLines } from "./reports.ts";

/** Prints rollouts of a few tasks. Returns the exit code. */
export async function rollout(
  session: RollingSession,
  config: RunConfig,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const wanted = {
    tasks: options.tasks ?? 1,
    rolloutsPerTask: config.rolloutsPerTask,
    greedy: options.greedy ?? false,
    signal: stopSignal(context),
  };
  let shown = 0;
  for await (const { task, rollouts } of session.roll(wanted)) {
    shown++;
    if (options.logJson) context.terminal.print(JSON.stringify({ task, rollouts }));
    else
      for (const line of rolloutLines(task, rollouts, (tokens) => session.texts(tokens))) context.terminal.print(line);
    if (context.stopping()) return exitCodes.interrupted;
  }
  if (shown < wanted.tasks && !options.logJson)
    context.terminal.print(`${shown} of ${wanted.tasks} tasks that were asked for: there are no more to show`);
  return exitCodes.done;
}
