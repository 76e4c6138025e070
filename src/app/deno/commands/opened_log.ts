import { type Logged, loggedSteps } from "../../../interop/logs/logged_steps.ts";
import type { TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { ForeignLog } from "../../foreign_log/read_foreign.ts";
import { linesOf } from "../../run/log_lines.ts";
import { eventsOf } from "../../run/log_reader.ts";
import { followedPieces, notThere } from "../storage/followed_log.ts";
import { openForeign } from "../storage/foreign_files.ts";

/** A log that may be read again and again. */
export interface OpenLog {
  /** From the beginning, each time. */
  events(): AsyncGenerator<TrainEvent>;
  steps(): AsyncGenerator<Logged>;
  /** The settings that the run began with. */
  settings(): Promise<RunConfig>;
  /** Of another program: it has its tokens' texts itself. */
  foreign?: ForeignLog;
}

/**
 * The log of a run's folder, or one that was exported: `.jsonl`, or `.gz` of one.
 * @param follow  to go on with the run while it is made, until this aborts; null to read what is there
 */
export async function openLog(path: string, follow: AbortSignal | null): Promise<OpenLog> {
  // Others' logs are read whole.
  const foreign = follow ? null : await openForeign(path);
  if (foreign) return openedForeign(foreign, path);
  const isFolder = await Deno.stat(path).then(
    ({ isDirectory }) => isDirectory,
    () => {
      throw new Error(`Expected the folder of a run at ${path}, found none`);
    },
  );
  if (follow && !isFolder) throw new Error(`--follow needs the folder of a run that goes on, found the file ${path}`);
  const folder = path.replace(/[/\\]+$/, "");
  const file = isFolder ? `${folder}/events.jsonl` : path;
  const events = () => (follow ? followedEvents(folder, file, follow) : eventsOf(fileLines(file), file));
  return {
    events,
    steps: () => loggedSteps(events(), nameOf(path)),
    settings: () => settingsIn(events(), file),
  };
}

function openedForeign(foreign: ForeignLog, path: string): OpenLog {
  async function* events(): AsyncGenerator<TrainEvent> {
    yield* foreign.events();
  }
  return {
    events,
    steps: () => loggedSteps(events(), nameOf(path)),
    settings: () => settingsIn(events(), path),
    foreign,
  };
}

async function settingsIn(events: AsyncIterable<TrainEvent>, file: string): Promise<RunConfig> {
  for await (const event of events) if (event.type === "run") return event.config;
  throw new Error(`${file} is empty; nothing was logged yet`);
}

/** Ends with the run. */
async function* followedEvents(folder: string, file: string, signal: AbortSignal): AsyncGenerator<TrainEvent> {
  let last: TrainEvent["type"] | null = null;
  const pieces = followedPieces(folder, "events.jsonl", { over: () => last === "end", signal });
  async function* lines() {
    for await (const some of linesOf(pieces)) yield* some;
  }
  for await (const event of eventsOf(lines(), file)) {
    last = event.type;
    yield event;
  }
}

/** The last part of a path. */
export const nameOf = (path: string): string =>
  path
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;

async function* fileLines(file: string): AsyncGenerator<string | null> {
  const opened = await Deno.open(file).catch((error) => {
    throw notThere(file, error);
  });
  const bytes = file.endsWith(".gz") ? opened.readable.pipeThrough(new DecompressionStream("gzip")) : opened.readable;
  try {
    for await (const lines of linesOf(bytes.pipeThrough(new TextDecoderStream()))) yield* lines;
  } catch (error) {
    // What a system says of a damaged stream is a TypeError.
    if (!(error instanceof TypeError)) throw error;
    throw new Error(
      `Expected a whole gzip file in ${file}, found ${error.message}; copy or download it again, or name it without .gz where it is not packed`,
    );
  }
}
