import type { Surroundings } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";

/** Takes every kernel through every compiler at hand. Returns the exit code. */
export async function compileCommand(around: Surroundings): Promise<number> {
  let failures = 0;
  for (const { name, gpu, missing } of await around.compilers()) {
    if (!gpu) {
      around.terminal.print(`${name}: ${missing}`);
      failures++;
      continue;
    }
    let count = 0;
    for await (const { label, error } of around.compileKernels(gpu)) {
      count++;
      if (error === null) continue;
      failures++;
      around.terminal.print(`${name}: ${label}: ${error}`);
    }
    around.terminal.print(`${name}: ${count} kernels`);
  }
  around.terminal.print(failures === 0 ? "All compile" : `${failures} failed`);
  return failures === 0 ? exitCodes.done : exitCodes.failed;
}
