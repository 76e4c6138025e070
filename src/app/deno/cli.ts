import { openGpuSession } from "../session/open_gpu_session.ts";
import { withUnseen } from "../text/unseen.ts";
import { type Help, parseArguments } from "./command_line/arguments.ts";
import { endCode, exitCodes, Misused, type Stop } from "./command_line/exit_codes.ts";
import { commandHelp, generalHelp } from "./command_line/help_text.ts";
import { openTerminal } from "./command_line/terminal.ts";
import { runCommand } from "./commands/commands.ts";
import { compileKernels } from "./gpu/compile.ts";
import { createDawnCompiler } from "./gpu/dawn.ts";
import { versionText } from "./gpu/version.ts";
import { openDenoPlatform, quietDriver } from "./platform.ts";
import { systemSentence } from "./storage/durable_files.ts";

/** Signals that end a command, by what they mean; Windows knows the first alone. */
const signals: readonly [Deno.Signal, Stop][] = [
  ["SIGINT", "interrupted"],
  ["SIGTERM", "terminated"],
  ["SIGHUP", "hungUp"],
];

/** The command line: `npm run saccade -- <command> [flags]`. */
async function main(): Promise<number> {
  let parsed: ReturnType<typeof parseArguments>;
  try {
    parsed = parseArguments(Deno.args);
  } catch (error) {
    console.error(withUnseen((error as Error).message));
    return exitCodes.misused;
  }
  let stopped: Stop | null = null;
  let release = () => {};
  const untilStopped = new Promise<void>((resolve) => {
    release = resolve;
  });
  const stop = (why: Stop) => {
    stopped ??= why;
    release();
  };
  let unwritten: Error | null = null;
  const terminal = openTerminal(
    () => stop("unread"),
    (error) => {
      unwritten = error;
      console.error(`What is printed cannot be written (${error.message}); the command goes on without it`);
    },
  );
  if (parsed.help) {
    terminal.print(await helpOf(parsed));
    return exitCodes.done;
  }
  // Beside what is printed, which may be JSON lines.
  for (const note of parsed.notes ?? []) console.error(note);
  const byPerson = (why: Stop) => {
    if (stopped) Deno.exit(exitCodes[why]);
    stop(why);
    console.error("Stopping at the next event; Ctrl-C again ends at once");
  };
  for (const [signal, why] of Deno.build.os === "windows" ? signals.slice(0, 1) : signals)
    Deno.addSignalListener(signal, () => byPerson(why));
  // A file that may not grow any more is then an error of its write, which is put into words, not the end of the process.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
  try {
    const code = await runCommand(parsed, {
      terminal,
      openPlatform: openDenoPlatform,
      openSession: openGpuSession,
      compileKernels,
      compilers,
      stopping: () => stopped !== null,
      untilStopped: () => untilStopped,
      dist: decodeURIComponent(new URL("../../../dist/", import.meta.url).pathname).replace(/^\/([a-zA-Z]:)/, "$1"),
    });
    return unwritten && code === exitCodes.done ? exitCodes.failed : endCode(code, stopped);
  } catch (error) {
    const { stack, message } = error as Error;
    // What stands in the line that is written over would stand in front of the sentence.
    terminal.progress("");
    // A sentence is for whoever typed the command; where our own code broke, the stack is for whoever fixes it.
    const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    console.error(withUnseen((isBug ? stack : (systemSentence(error) ?? message)) ?? ""));
    return error instanceof Misused ? exitCodes.misused : exitCodes.failed;
  }
}

async function helpOf(asked: Help): Promise<string> {
  if (asked.command !== null) return commandHelp(asked.command, asked.topic);
  if (asked.topic !== "version") return generalHelp(asked.topic);
  const { os, arch } = Deno.build;
  return `saccade ${await versionText()}, Deno ${Deno.version.deno}, ${os} ${arch}`;
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
