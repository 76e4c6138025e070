import { textOf } from "./text_encoding.ts";

/** A CSV file; a row is taken apart when it is asked for. */
export interface CsvFile {
  columns: readonly string[];
  rows: number;
  /** @throws Error with one sentence where a field is not UTF-8 */
  row(index: number): Record<string, string>;
}

const quote = 34;
/** A comma, and what programs write in its place: semicolon, tab, bar. */
const comma = 44;
const otherSeparators = [0x3b, 0x09, 0x7c];
const newline = 10;
const carriageReturn = 13;
/** Their offsets are held in memory. */
const mostRows = 2e6;
const mostColumns = 4096;

/**
 * The rows of a CSV file (RFC 4180): fields between commas, quotes around those that hold commas, quotes or line
 * ends, a quote inside doubled. The first line names the columns; where it has no comma, but semicolons, tabs or bars,
 * these stand between the fields. Line ends of any kind. The file is read once and only offsets are stored: a file of
 * nothing but commas would fill the memory as rows.
 * @param bytes in UTF-8, without a byte order mark
 * @throws Error with one sentence that names the line
 */
export function readCsv(bytes: Uint8Array, file: string): CsvFile {
  const starts: number[] = [];
  const lines: number[] = [];
  let columns: string[] | null = null;
  let separator = comma;
  let line = 1;
  for (let at = 0; at < bytes.length; ) {
    const place: Place = { bytes, start: at, line, file };
    if (columns === null) separator = separatorOf(place);
    const record = scanRecord(place, separator, columns === null ? mostColumns : columns.length);
    const [first, ...others] = record.fields;
    // An empty line is not a row.
    const isEmpty = first === undefined || (others.length === 0 && first.start === first.end && !first.quoted);
    if (!isEmpty && columns === null) {
      columns = record.fields.map((field) => fieldText(bytes, field, `${file}, line ${line}`).trim());
    } else if (!isEmpty && columns !== null) {
      if (record.count !== columns.length)
        throw new Error(
          `${file}, line ${line}: expected ${columns.length} fields as in the first line, found ${record.count}`,
        );
      starts.push(at);
      lines.push(line);
      if (starts.length > mostRows) throw new Error(`${file}: more than ${mostRows} rows; cut it into several files`);
    }
    at = record.next;
    line += record.lines;
  }
  if (!columns) throw new Error(`${file}: expected a first line that names the columns, found an empty file`);
  const names = columns;
  return {
    columns: names,
    rows: starts.length,
    row: (index) => {
      const [start, line] = [starts[index], lines[index]];
      if (start === undefined || line === undefined)
        throw new Error(`${file}: expected a row of ${starts.length}, found ${index}`);
      const where = `${file}, line ${line}`;
      const { fields } = scanRecord({ bytes, start, line, file }, separator, names.length);
      return Object.fromEntries(fields.map((field, i) => [names[i] ?? "", fieldText(bytes, field, where)]));
    },
  };
}

/** Where a record begins. */
interface Place {
  bytes: Uint8Array;
  start: number;
  line: number;
  file: string;
}

interface Field {
  /** Bytes [start, end), quotes around it left out. */
  start: number;
  end: number;
  quoted: boolean;
}

/** What stands between the fields of a first line. */
function separatorOf(place: Place): number {
  const { bytes, start } = place;
  const {
    fields: [first],
    next,
  } = scanRecord(place, comma, 1);
  if (first === undefined || first.quoted || next - start > mostColumns * 64) return comma;
  const text = bytes.subarray(first.start, first.end);
  const isAlone = bytes[first.end] !== comma;
  return (isAlone ? otherSeparators.find((sign) => text.includes(sign)) : undefined) ?? comma;
}

/**
 * @param most fields that are returned; more are only counted
 * @returns where the next record begins, and how many lines this one has
 */
function scanRecord(
  { bytes, start, line, file }: Place,
  separator: number,
  most: number,
): { fields: Field[]; count: number; next: number; lines: number } {
  const fields: Field[] = [];
  let count = 0;
  let lines = 0;
  let at = start;
  for (;;) {
    const field: Field = { start: at, end: at, quoted: bytes[at] === quote };
    if (field.quoted) {
      field.start = at + 1;
      for (at++; ; at += 2) {
        const closing = bytes.indexOf(quote, at);
        if (closing < 0) throw new Error(`${file}, line ${line + lines}: a quote is opened and never closed`);
        at = closing;
        if (bytes[closing + 1] !== quote) break;
      }
      field.end = at++;
    } else {
      while (at < bytes.length && bytes[at] !== separator && bytes[at] !== newline && bytes[at] !== carriageReturn)
        at++;
      field.end = at;
    }
    if (field.quoted) lines += lineEnds(bytes, field.start, field.end);
    if (count++ < most) fields.push(field);
    if (bytes[at] !== separator) break;
    at++;
  }
  if (at < bytes.length && bytes[at] !== newline && bytes[at] !== carriageReturn)
    throw new Error(
      `${file}, line ${line + lines}: expected ${separator === comma ? "a comma" : JSON.stringify(String.fromCharCode(separator))} or the end of the line after a quoted field`,
    );
  if (bytes[at] === carriageReturn && bytes[at + 1] === newline) at++;
  return { fields, count, next: at + 1, lines: lines + 1 };
}

function lineEnds(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++)
    if (bytes[at] === newline || (bytes[at] === carriageReturn && bytes[at + 1] !== newline)) count++;
  return count;
}

function fieldText(bytes: Uint8Array, { start, end, quoted }: Field, where: string): string {
  const text = textOf(bytes.subarray(start, end), where);
  return quoted ? text.replaceAll('""', '"') : text;
}
