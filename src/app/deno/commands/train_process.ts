import type { RunConfig } from "../../../train/knobs.ts";
import { noSummary, type RunSummary, withEvent } from "../../run/run_summary.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { kebab } from "../command_line/command_table.ts";
import { endProcess } from "../processes/end_process.ts";

/** How a training process ended. */
export interface TrainEnd {
  code: number;
  /** The last line that it wrote about what is wrong, empty where there is none. */
  problem: string;
}

/** Trains in a process of its own, so that runs beside each other have a processor each, and none ends the others. */
export type TrainElsewhere = (
  words: readonly string[],
  watch: (summary: RunSummary) => void,
  context: Pick<CommandContext, "untilStopped">,
) => Promise<TrainEnd>;

/** Changes of knobs as flags of `train`. */
export const flagsOf = (changes: Partial<RunConfig>): string[] =>
  Object.entries(changes).map(([key, value]) => `--${kebab(key)}=${value}`);

/** So long a process that was asked to stop by the terminal has to say so; it would end at once if it were asked twice. */
const noticedMs = 400;

export const trainElsewhere: TrainElsewhere = async (words, watch, { untilStopped }) => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      decodeURIComponent(new URL("../cli.ts", import.meta.url).pathname),
      "train",
      ...words,
      "--log-json",
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isOver = false;
  let isStopping = false;
  // A terminal tells all its processes of Ctrl-C; other signals reach this one alone.
  void untilStopped().then(() =>
    setTimeout(() => {
      if (!isOver && !isStopping) endProcess(child, "SIGTERM");
    }, noticedMs),
  );
  let summary = noSummary;
  let problem = "";
  await Promise.all([
    eachLine(child.stdout, (line) => {
      if (!/^\{"type":"(update|run|eval|end)"/.test(line)) return;
      summary = withEvent(summary, JSON.parse(line));
      watch(summary);
    }),
    eachLine(child.stderr, (line) => {
      if (line.startsWith("Stopping at the next event")) isStopping = true;
      else if (line.trim() !== "") problem = line;
    }),
  ]);
  const { code } = await child.status;
  isOver = true;
  return { code, problem };
};

async function eachLine(from: ReadableStream<Uint8Array<ArrayBuffer>>, take: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const piece of from.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  }
  if (rest !== "") take(rest);
}
