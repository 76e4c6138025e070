import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";

/** Takes every kernel through every available compiler. Returns the exit code. */
export async function compileCommand(context: CommandContext): Promise<number> {
  let failures = 0;
  for (const { name, gpu, missing } of await context.compilers()) {
    if (!gpu) {
      context.terminal.print(`${name}: ${missing}`);
      failures++;
      continue;
    }
    let count = 0;
    for await (const { label, error } of context.compileKernels(gpu)) {
      count++;
      if (error === null) continue;
      failures++;
      context.terminal.print(`${name}: ${label}: ${error}`);
    }
    context.terminal.print(`${name}: ${count} kernels`);
  }
  context.terminal.print(failures === 0 ? "All compile" : `${failures} failed`);
  return failures === 0 ? exitCodes.done : exitCodes.failed;
}
