import type { TrainEvent } from "../../../train/events.ts";
import { linesOf, longestLine } from "../../run/log_lines.ts";
import { LogReader, type ReadLog } from "../../run/log_reader.ts";
import type { EventsFile } from "../../worker_api/run_api.ts";

const chooseAnother = "choose the events.jsonl of a run's folder";

/** Characters of a log that fit a tab's memory, with what is made of them. */
const longestLog = 2 ** 29;

/** Lines, empty ones too: as many as a log of that length can have. */
const mostLines = 2 ** 23;

/** Characters between two chances for the page to draw. */
const pieceCharacters = 2 ** 22;

/**
 * Reads a log: one JSON event a line. What is wrong in it is left out, and a sentence in the notices says so.
 *
 * @param remedy  what to do about a file that is not a log
 * @throws Error with one sentence that names the line.
 */
export function readEventsFile(name: string, text: string, remedy = chooseAnother): EventsFile {
  const reader = new LogReader(name, remedy);
  const events = text.split("\n").flatMap((line) => reader.line(line) ?? []);
  return { events, ...reader.end() };
}

/**
 * The same of a file, piece by piece: it may be large, packed by gzip, or saved as UTF-16.
 * @param progress called with the share that has been read, 0 to 1
 */
export async function readEventsBlob(
  name: string,
  blob: Blob,
  progress: (share: number) => void = () => {},
): Promise<EventsFile> {
  const events: TrainEvent[] = [];
  const reading = eventsOfBlob(name, blob);
  for (;;) {
    const next = await reading.next();
    if (next.done) return { events, ...next.value };
    for (const { event } of next.value.events) events.push(event);
    progress(next.value.share);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/**
 * Events that were read of a log, each with its line; null where something was left out of it. `early`: the line is of format
 * 1, and the event as format 2 has it.
 */
export interface ReadEvents {
  events: { event: TrainEvent; line: string | null; early: boolean }[];
  /** Of the log, 0 to 1. */
  share: number;
}

/** Events of a file, some megabytes of it at a time; in the end what is to be said of it. */
export async function* eventsOfBlob(name: string, blob: Blob): AsyncGenerator<ReadEvents, ReadLog> {
  const reader = new LogReader(name, chooseAnother);
  let readBytes = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, out) {
      readBytes += piece.length;
      out.enqueue(piece);
    },
  });
  const head = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  const packed = isGzip(head);
  const bytes = blob.stream().pipeThrough(counted);
  const plain = packed ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes;
  let characters = 0;
  let lineCount = 0;
  let eventCount = 0;
  let sinceGiven = 0;
  let tooLong = false;
  let read: ReadEvents["events"] = [];
  try {
    reading: for await (const lines of linesOf(textOf(plain, packed ? new Uint8Array() : head))) {
      for (const line of lines) {
        const length = (line?.length ?? longestLine) + 1;
        characters += length;
        sinceGiven += length;
        tooLong = characters > longestLog || ++lineCount > mostLines;
        if (tooLong) break reading;
        const found = readLine(reader, line);
        if (found) {
          eventCount++;
          read.push(found);
        }
        if (sinceGiven < pieceCharacters) continue;
        sinceGiven = 0;
        yield { events: read, share: Math.min(1, readBytes / blob.size) };
        read = [];
      }
    }
  } catch (error) {
    // What the browser says of a damaged archive is a TypeError.
    if (!packed || !(error instanceof TypeError) || eventCount === 0)
      throw packed && error instanceof TypeError
        ? new Error(`${name} is not a whole gzip file (${error.message}); ${chooseAnother}`)
        : error;
    yield { events: read, share: 1 };
    const { notices, ...rest } = reader.end();
    const cut = `${name} ends before its archive does; ${eventCount.toLocaleString("en")} events are shown`;
    return { ...rest, notices: [cut, ...notices.filter((sentence) => !sentence.startsWith("The last line"))] };
  }
  yield { events: read, share: 1 };
  const rest = reader.end();
  if (tooLong)
    rest.notices.unshift(
      `${name} is longer than the ${longestLog.toLocaleString("en")} characters or ${mostLines.toLocaleString("en")} lines that fit a tab's memory; what comes after them is not shown`,
    );
  return rest;
}

/** Events of a log whose pieces are whole lines, as a stored run has them; the same otherwise. */
export async function* eventsOfPieces(
  name: string,
  pieces: AsyncIterable<{ text: string; share: number }>,
  remedy: string,
): AsyncGenerator<ReadEvents, ReadLog> {
  const reader = new LogReader(name, remedy);
  for await (const { text, share } of pieces) {
    const events = text.split("\n").flatMap((line) => readLine(reader, line) ?? []);
    yield { events, share };
  }
  return reader.end();
}

function readLine(reader: LogReader, line: string | null): ReadEvents["events"][number] | null {
  const leftOut = reader.leftOut;
  const event = reader.line(line);
  return event && { event, line: reader.leftOut === leftOut ? line : null, early: reader.format === 1 };
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

const encodingOf = ([first, second]: Uint8Array): string =>
  first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";

/** Whether a log of ours begins like this. */
export const isRunLog = (beginning: string): boolean => /"type"\s*:\s*"run"/.test(beginning);

/** Bytes of a file that distinguish a log from rows: a log begins with the run's head. */
const headBytes = 4096;

/** The first characters of a file that may be a log, packed by gzip or not; "" where nothing can be read. */
export async function beginningOf(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.slice(0, headBytes).arrayBuffer());
  if (!isGzip(bytes)) return new TextDecoder(encodingOf(bytes)).decode(bytes);
  // A gzip of which there is only the beginning ends in an error behind what can be read of it.
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const first = await reader.read().catch(() => null);
  void reader.cancel().catch(() => {});
  return first?.value ? new TextDecoder().decode(first.value.slice(0, headBytes)) : "";
}

/** The text of bytes: UTF-8 or, where it says so at its beginning, UTF-16 as some shells write it. */
async function* textOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>, head: Uint8Array): AsyncGenerator<string> {
  const decoder = new TextDecoder(encodingOf(head));
  const reader = bytes.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read())
      yield decoder.decode(next.value, { stream: true });
    yield decoder.decode();
  } finally {
    await reader.cancel().catch(() => {});
  }
}
