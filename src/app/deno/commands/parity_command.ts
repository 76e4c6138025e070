import { Gpu } from "../../../gpu/gpu.ts";
import type { CheckpointFiles } from "../../../model/checkpoint_files.ts";
import type { Check } from "../../parity/check.ts";
import { parity } from "../../parity/parity.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";

/** Compares folders of reference values with what this machine's GPU makes of them. Returns the exit code. */
export async function parityCommand(
  folders: readonly string[],
  plain: boolean,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const platform = await context.openPlatform(true);
  if (!platform.gpu) throw new Error(platform.gpuMissing);
  const sum = { passed: 0, failed: 0 };
  for (const folder of folders) {
    terminal.print(visible(folder));
    // On disk, even where a shipped variant has the same name.
    const root = /^([./\\]|[a-zA-Z]:)/.test(folder) ? folder : `./${folder}`;
    const files: CheckpointFiles = {
      read: (name, startByte, endByte) => platform.readAsset(`${root}/${name}`, startByte, endByte),
      sizeBytes: (name) => platform.assetSize(`${root}/${name}`),
    };
    // A device for each: what one folder does to it, an error or a lot of memory, is not the next one's.
    const gpu = await Gpu.open(platform.gpu, { plain });
    try {
      for await (const check of parity(gpu, files)) {
        sum[check.passed ? "passed" : "failed"]++;
        terminal.print(checkLine(check));
        if (context.stopping()) return exitCodes.interrupted;
      }
      gpu.check();
    } catch (error) {
      sum.failed++;
      terminal.print(`  FAIL  ${visible((error as Error).message)}`);
    } finally {
      gpu.close();
    }
  }
  terminal.print(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed > 0 || sum.passed === 0 ? exitCodes.failed : exitCodes.done;
}

export function checkLine({ quantity, passed, error, tolerance: { measure, limit }, note }: Check): string {
  const measured =
    measure === "exact" ? (passed ? "equal" : "different") : `${error.toExponential(1)} of ${limit} ${measure}`;
  return `  ${passed ? "ok  " : "FAIL"}  ${quantity.padEnd(32)}  ${measured}${note && `  ${visible(note)}`}`;
}
