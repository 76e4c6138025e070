import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { endProcess } from "../processes/end_process.ts";
import { exists, join } from "../storage/durable_files.ts";

/** What an export cannot be without. */
const needed = ["check.py", "settings.json", "overrides.txt", "rollouts/rollouts.jsonl"];

/**
 * Has the check.py of an export run by a Python that has verl: the same as without Saccade. Prints what that prints.
 * @param python  the interpreter; python3 unless given
 * @returns the exit code, 1 where something differs
 * @throws Error where the folder is no export, or the Python cannot be started
 */
export async function checkVerlExport(
  folder: string,
  python = "python3",
  { terminal, untilStopped }: CommandContext,
): Promise<number> {
  const missing = [];
  for (const name of needed) if (!(await exists(join(folder, name)))) missing.push(name);
  if (missing.length > 0)
    throw new Error(
      `Expected a folder that saccade export verl wrote in ${folder}, found no ${missing[0]} there; name the one that was given as --out`,
    );
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: ["-u", join(folder, "check.py")],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // No card is needed, and none is to be taken.
      env: { CUDA_VISIBLE_DEVICES: "", PYTHONWARNINGS: "ignore" },
    }).spawn();
  } catch (error) {
    throw new Error(
      `--python: ${python} cannot be started (${(error as Error).message}); name a Python that has verl 0.9.1, as its requirements.txt installs it`,
    );
  }
  let stopped = false;
  void untilStopped().then(() => {
    stopped = true;
    endProcess(child, "SIGTERM");
  });
  const errors = textOf(child.stderr);
  let pending = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + piece).split("\n");
    pending = lines.pop()!;
    for (const line of lines) terminal.print(line);
  }
  if (pending !== "") terminal.print(pending);
  const { code } = await child.status;
  if (stopped) return exitCodes.interrupted;
  // A check that ends as it should says itself what differs.
  if (code !== 0 && code !== 1)
    throw new Error(
      `check.py ended with code ${code}: ${(await errors).trim().split("\n").at(-1) || "it said nothing"}; run it by hand in ${folder} to see more`,
    );
  await errors;
  return code === 0 ? exitCodes.done : exitCodes.failed;
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of stream) text = (text + decoder.decode(piece, { stream: true })).slice(-20_000);
  return text;
}
