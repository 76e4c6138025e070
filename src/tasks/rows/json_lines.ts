import { jsonObjectOf } from "./json_check.ts";
import { textOf } from "./text_encoding.ts";

/** Several pictures of 12 megapixels in base64 fit. */
const longestLineBytes = 2 ** 26;
/** Their offsets are held in memory. */
const mostRows = 2e6;
const newline = 10;
const carriageReturn = 13;
const blanks = [0x20, 0x09];

/**
 * The objects of a JSON Lines file, line ends of any kind, empty lines left out. Lines are parsed when they are asked
 * for, so that one bad line costs one row, and only their offsets are stored.
 * @param bytes in UTF-8, without a byte order mark
 * @throws Error with one sentence where there are too many
 */
export function readJsonLines(
  bytes: Uint8Array,
  file: string,
): { rows: number; row(index: number): Record<string, unknown> } {
  const starts: number[] = [];
  const ends: number[] = [];
  const numbers: number[] = [];
  let number = 1;
  for (let start = 0; start < bytes.length; number++) {
    let end = start;
    while (end < bytes.length && bytes[end] !== newline && bytes[end] !== carriageReturn) end++;
    const next = bytes[end] === carriageReturn && bytes[end + 1] === newline ? end + 2 : end + 1;
    while (start < end && blanks.includes(bytes[start]!)) start++;
    if (start < end) {
      starts.push(start);
      ends.push(end);
      numbers.push(number);
      if (starts.length > mostRows) throw new Error(`${file}: more than ${mostRows} rows; cut it into several files`);
    }
    start = next;
  }
  return {
    rows: starts.length,
    row: (index) => parsed(bytes.subarray(starts[index]!, ends[index]!), `${file}, line ${numbers[index]}`),
  };
}

/** @throws Error with one sentence where the line is not an object in JSON, or one that says a thing twice */
function parsed(line: Uint8Array, where: string): Record<string, unknown> {
  if (line.length > longestLineBytes)
    throw new Error(
      `${where}: expected a line of at most ${longestLineBytes / 2 ** 20} MiB, found ${Math.ceil(line.length / 2 ** 20)}; put its pictures beside the file`,
    );
  return jsonObjectOf(textOf(line, where), where);
}
