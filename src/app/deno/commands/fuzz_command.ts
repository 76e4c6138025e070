import type { RunConfig } from "../../../train/knobs.ts";
import { caseOf, readers, runCase, seedsOf } from "../../fuzz/cases.ts";
import type { FuzzedReader } from "../../fuzz/reader.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { readSeeds } from "../fuzz/fuzz_seeds.ts";
import { processorMs } from "../fuzz/process_memory.ts";
import { endProcess } from "../processes/end_process.ts";

/** Processor time of one case: the machine may be busy with other things. */
const longestCaseMs = 2000;
/** A case that waits for something, rather than computes, is ended after so long. */
const longestWaitMs = 30_000;
const mostBytes = 512 * 2 ** 20;
const lookEveryMs = 100;
/** Kinds of failures of one reader that are printed. */
const printedKinds = 20;

interface Fuzzing {
  seed: number;
  seconds: number;
  /** Of the files to begin from. */
  folders: readonly string[];
  stopping: () => boolean;
}

interface Found {
  cases: number;
  peakBytes: number;
  failures: { index: number; path: string; problem: string }[];
}

/**
 * `fuzz [READER...]`: gives every reader of third-party files damaged copies of real ones, in processes that can be ended.
 * Fails where one hangs, takes too much memory, or throws what is not a sentence for people. Returns the exit code.
 */
export async function fuzzCommand(
  changes: Partial<RunConfig>,
  options: Options,
  { terminal, stopping }: CommandContext,
): Promise<number> {
  const chosen = chosenReaders(options.folders ?? []);
  const folders = options.seeds === undefined ? ownFolders() : [options.seeds];
  const seed = changes.seed ?? 0;
  if (options.case !== undefined) return replay(chosen, { seed, index: options.case, folders }, terminal);
  const secondsEach = (options.seconds ?? 60) / chosen.length;
  let cases = 0;
  let failures = 0;
  for (const reader of chosen) {
    const found = await fuzz(reader, { seed, seconds: secondsEach, folders, stopping });
    cases += found.cases;
    failures += found.failures.length;
    const memory = found.peakBytes > 0 ? `, at most ${Math.round(found.peakBytes / 2 ** 20)} MiB` : "";
    terminal.print(`${reader.name}: ${found.cases} cases, ${found.failures.length} failures${memory}`);
    for (const { first, count } of kindsOf(found.failures).slice(0, printedKinds)) {
      const from = first.path.split("/").slice(-2).join("/");
      terminal.print(visible(`  FAIL  ${count} times, first in case ${first.index} (${from}): ${first.problem}`));
    }
    if (stopping()) return exitCodes.interrupted;
  }
  terminal.print(`${cases} cases with seed ${seed}: ${cases - failures} passed, ${failures} failed`);
  return failures > 0 || cases === 0 ? exitCodes.failed : exitCodes.done;
}

/** Failures that come from one place, the most frequent first. */
function kindsOf(failures: Found["failures"]): { first: Found["failures"][0]; count: number }[] {
  const kinds = new Map<string, { first: Found["failures"][0]; count: number }>();
  for (const failure of failures) {
    const place = failure.problem.replace(/\): .*/s, "").replace(/\d+/g, "N");
    const kind = kinds.get(place) ?? { first: failure, count: 0 };
    kind.count++;
    kinds.set(place, kind);
  }
  return [...kinds.values()].sort((a, b) => b.count - a.count);
}

function chosenReaders(names: readonly string[]): readonly FuzzedReader[] {
  if (names.length === 0) return readers;
  return names.map((name) => {
    const found = readers.find((reader) => reader.name === name);
    if (!found)
      throw new Error(`Expected a reader among ${readers.map((one) => one.name).join(", ")}, found "${name}"`);
    return found;
  });
}

/** Files of the project's tests, and what is shipped with the page. */
const ownFolders = (): string[] =>
  ["../../../../test/golden", "../../../../public"].map((path) =>
    decodeURIComponent(new URL(path, import.meta.url).pathname),
  );

/** Cases of one reader until its time is over. Where a process had to be ended, another goes on with the next case. */
async function fuzz(reader: FuzzedReader, fuzzing: Fuzzing): Promise<Found> {
  const { seconds, stopping } = fuzzing;
  const found: Found = { cases: 0, peakBytes: 0, failures: [] };
  const endsAt = Date.now() + seconds * 1000;
  let next = 0;
  while (next === 0 || Date.now() < endsAt) {
    const left = Math.max(0.1, (endsAt - Date.now()) / 1000);
    const before = next;
    next = await fuzzProcess(reader, { ...fuzzing, seconds: left }, next, found);
    if (stopping() || kindsOf(found.failures).length > printedKinds || next === before) break;
  }
  found.cases = next;
  return found;
}

/** Returns the case after the last one that was tried. */
async function fuzzProcess(
  reader: FuzzedReader,
  { seed, seconds, folders, stopping }: Fuzzing,
  from: number,
  found: Found,
): Promise<number> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--v8-flags=--expose-gc",
      decodeURIComponent(new URL("../fuzz/fuzz_process.ts", import.meta.url).pathname),
      ...[reader.name, seed, from, seconds, mostBytes, "all", ...folders].map(String),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const current = { index: from - 1, sinceMs: Date.now(), processorMs: null as number | null, ended: "" };
  let hasEnded = false;
  const ended = process.status.then(() => {
    hasEnded = true;
  });
  const end = (why: string) => {
    // Of one that has ended by itself what it printed says how.
    if (endProcess(process, "SIGKILL")) current.ended = why;
  };
  const watch = setInterval(async () => {
    if (current.ended !== "" || current.index < from) return;
    if (stopping()) return end("stopped");
    const { index, sinceMs } = current;
    const used = await processorMs(process.pid);
    // Of one that has ended the system says no processor time, which would count the clock's in its place.
    if (index !== current.index || current.ended !== "" || hasEnded) return;
    current.processorMs ??= used;
    const computed = used === null ? Date.now() - sinceMs : used - current.processorMs!;
    if (computed > longestCaseMs) end(`more than ${longestCaseMs / 1000} s of a processor`);
    else if (Date.now() - sinceMs > longestWaitMs) end(`no end after ${longestWaitMs / 1000} s`);
  }, lookEveryMs);
  const errors = new Response(process.stderr).text();
  let isDone = false;
  try {
    for await (const line of linesOf(process.stdout)) {
      const message = JSON.parse(line);
      if (message.begin !== undefined)
        Object.assign(current, { index: message.begin, sinceMs: Date.now(), processorMs: null });
      if (message.problem !== undefined) found.failures.push(message);
      if (message.peak !== undefined) found.peakBytes = Math.max(found.peakBytes, message.peak);
      if (message.done !== undefined || message.peak !== undefined || message.seeds === 0) isDone = true;
    }
    await ended;
  } finally {
    clearInterval(watch);
  }
  if (!isDone && current.ended !== "stopped")
    found.failures.push({
      index: current.index,
      path: "",
      problem: current.ended || `the process ended: ${(await errors).trim().split("\n").slice(0, 3).join(" ")}`,
    });
  return current.index + 1;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** One case in this process, its file kept for a debugger. */
async function replay(
  chosen: readonly FuzzedReader[],
  { seed, index, folders }: { seed: number; index: number; folders: readonly string[] },
  terminal: CommandContext["terminal"],
): Promise<number> {
  const files = await readSeeds(folders);
  let code = 0;
  for (const reader of chosen) {
    const one = caseOf(reader, seedsOf(reader, files), seed, index);
    const place = `${await Deno.makeTempDir()}/${one.path
      .split("/")
      .at(-1)!
      .replace(/[^\w.]/g, "_")}`;
    await Deno.writeFile(place, one.bytes);
    terminal.print(`${reader.name}: case ${index}, made from ${one.path}, is in ${place}`);
    const problem = await runCase(reader, one);
    terminal.print(visible(problem === null ? "  passed" : `  FAIL  ${problem}`));
    if (problem !== null) code = 1;
  }
  return code;
}
