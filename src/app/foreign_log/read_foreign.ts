import { foreignEvents } from "../../interop/foreign/foreign_events.ts";
import type { ForeignFormat, ForeignRollout, Row } from "../../interop/foreign/foreign_rollout.ts";
import { foreignPrograms, formatOfRow } from "../../interop/foreign/formats.ts";
import { parseJson } from "../../model/json_file.ts";
import type { ByteSource } from "../../tasks/byte_source.ts";
import type { TrainEvent } from "../../train/events.ts";
import { linesOf } from "../run/log_lines.ts";

/** A log of another program, as a run. */
export interface ForeignLog {
  program: string;
  rollouts: number;
  /** What was left out, a sentence each. */
  notices: string[];
  events(): Generator<TrainEvent>;
}

/** As much text as a page opens of a log, and rows of it. */
const mostBytes = 2 ** 29;
const mostRows = 500_000;

const isRows = (name: string): boolean => /\.(jsonl|ndjson|parquet)$/i.test(name);

/**
 * Reads what another program wrote of its rollouts: one file, or those of a folder (a file a step).
 * @returns null where the first row is nobody's that is known: the file may be something else
 * @throws Error with one sentence where a file is such a log and cannot be read, or is too large
 */
export async function readForeign(files: readonly ByteSource[]): Promise<ForeignLog | null> {
  const logs = files.filter(({ name }) => isRows(name));
  const bytes = logs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const rollouts: ForeignRollout[] = [];
  const left: string[] = [];
  let format: ForeignFormat | null = null;
  for (const file of logs.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))) {
    for await (const { row, place } of rowsOf(file)) {
      if (row === null) {
        // A first line that is no object belongs to no log.
        if (format === null) return null;
        left.push(place);
        continue;
      }
      const own = formatOfRow(row);
      if (format === null) {
        if (own === null) return null;
        if (bytes > mostBytes)
          throw new Error(
            `Expected a log of at most ${mostBytes / 2 ** 20} MiB, found ${Math.ceil(bytes / 2 ** 20)} in ${file.name}${logs.length > 1 ? ` and ${logs.length - 1} more files` : ""}; open fewer steps`,
          );
        format = own;
      }
      if (own !== format) left.push(place);
      else if (rollouts.length < mostRows) rollouts.push(format.read(row));
      else
        throw new Error(
          `Expected at most ${mostRows.toLocaleString("en")} rollouts, found more in ${file.name}; open fewer steps`,
        );
    }
  }
  if (format === null || rollouts.length === 0) return null;
  const { program } = format;
  const notices = [
    `A log of ${program}: rollouts and rewards are shown, its settings and pictures are not in it`,
    ...(left.length > 0
      ? [`Left out, since they are no rows of ${program}: ${left.length.toLocaleString("en")}, first ${left[0]}`]
      : []),
  ];
  return { program, rollouts: rollouts.length, notices, events: () => foreignEvents(rollouts, program) };
}

/** The sentence for what is nobody's. */
export const notForeign = (name: string): string =>
  `Expected rollouts of ${foreignPrograms} in ${name}, or the log of a run of Saccade, found none of them`;

async function* rowsOf(file: ByteSource): AsyncGenerator<{ row: Row | null; place: string }> {
  if (/\.parquet$/i.test(file.name)) return yield* parquetRows(file);
  let number = 0;
  for await (const lines of linesOf(textOf(file)))
    for (const line of lines) {
      number++;
      if (line?.trim() === "") continue;
      yield { row: objectIn(line), place: `line ${number} of ${file.name}` };
    }
}

async function* parquetRows(file: ByteSource): AsyncGenerator<{ row: Row | null; place: string }> {
  const { ParquetTable } = await import("../../tasks/parquet/table.ts");
  const table = await ParquetTable.open(file);
  for (let i = 0; i < table.rows; i++) yield { row: await table.row(i), place: `row ${i} of ${file.name}` };
}

function objectIn(line: string | null): Row | null {
  try {
    // Python writes NaN and Infinity, which JSON has not.
    const value = parseJson(line ?? "", "the line");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}

const pieceBytes = 2 ** 22;

async function* textOf({ sizeBytes, read }: ByteSource): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for (let at = 0; at < sizeBytes; at += pieceBytes)
    yield decoder.decode(await read(at, Math.min(sizeBytes, at + pieceBytes)), { stream: true });
  yield decoder.decode();
}
