import type { RollingSession } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { type Asked, askedByDefault } from "./asked_tasks.ts";
import { causalTable } from "./causal_report.ts";
import { evaluationTable } from "./reports.ts";

/** Accuracy of a model on tasks it was not trained on, sampled and greedy. Returns the exit code. */
export async function evaluate(
  session: RollingSession,
  { step, asked }: { step: number } & Pick<Asked, "asked">,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const wanted = options.tasks ?? askedByDefault;
  const signal = stopSignal(context);
  const causal = options.causal ?? false;
  const sampled = await session.evaluate({ tasks: wanted, greedy: false, causal, signal });
  const greedy = await session.evaluate({ tasks: wanted, greedy: true, causal, signal });
  if (options.logJson) {
    for (const [isGreedy, result] of [
      [false, sampled],
      [true, greedy],
    ] as const)
      context.terminal.print(JSON.stringify({ type: "eval", step, greedy: isGreedy, asked, ...result }));
    return exitCodes.done;
  }
  const { tasks, notes } = sampled;
  const scored = `${tasks} ${tasks === 1 ? asked.replace(/^(held-out )?(row|scene)s\b/, "$1$2") : asked}`;
  const what = tasks < wanted ? `${scored}, of ${wanted} asked for` : scored;
  for (const line of evaluationTable(sampled.metrics, greedy.metrics, tasks, what)) context.terminal.print(line);
  if (sampled.causal) for (const line of causalTable(sampled.causal)) context.terminal.print(line);
  for (const note of notes) context.terminal.print(visible(note));
  return exitCodes.done;
}
