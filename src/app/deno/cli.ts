import { openGpuSession } from "../gpu_session.ts";
import { withUnseen } from "../unseen.ts";
import { parseArguments } from "./arguments.ts";
import { runCommand } from "./commands.ts";
import { compileKernels } from "./compile.ts";
import { createDawnCompiler } from "./dawn.ts";
import { helpText } from "./help_text.ts";
import { openDenoPlatform, quietDriver } from "./platform.ts";
import { openTerminal } from "./terminal.ts";

/** The command line: `npm run saccade -- <command> [flags]`. */
async function main(): Promise<number> {
  let parsed: ReturnType<typeof parseArguments>;
  try {
    parsed = parseArguments(Deno.args);
  } catch (error) {
    console.error(withUnseen((error as Error).message));
    return 2;
  }
  const terminal = openTerminal();
  if (parsed.help) {
    terminal.print(helpText(parsed.command));
    return 0;
  }
  // Beside what is printed, which may be JSON lines.
  for (const note of parsed.notes ?? []) console.error(note);
  let stopped = false;
  let release = () => {};
  const untilStopped = new Promise<void>((resolve) => {
    release = resolve;
  });
  const stop = () => {
    if (stopped) Deno.exit(130);
    stopped = true;
    release();
    console.error("Stopping at the next event; Ctrl-C again ends at once");
  };
  Deno.addSignalListener("SIGINT", stop);
  // Windows knows no SIGTERM.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  try {
    return await runCommand(parsed, {
      terminal,
      openPlatform: openDenoPlatform,
      openSession: openGpuSession,
      compileKernels,
      compilers,
      stopping: () => stopped,
      untilStopped: () => untilStopped,
      dist: decodeURIComponent(new URL("../../../dist/", import.meta.url).pathname).replace(/^\/([a-zA-Z]:)/, "$1"),
    });
  } catch (error) {
    const { stack, message } = error as Error;
    // A sentence is for whoever typed the command; where our own code broke, the stack is for whoever mends it.
    const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    console.error(withUnseen((isBug ? stack : message) ?? ""));
    return 1;
  }
}

async function compilers() {
  quietDriver();
  const own = (await globalThis.navigator?.gpu?.requestAdapter()) ? navigator.gpu : null;
  return [
    { name: "naga (Deno)", gpu: own, missing: "Deno finds no adapter to compile for; install a Vulkan driver" },
    { name: "Tint (Chrome)", gpu: await createDawnCompiler(), missing: "" },
  ];
}

// Ends by itself, without waiting for what Deno still holds: a worker or device that is taken down at exit may crash it.
Deno.exit(await main());
