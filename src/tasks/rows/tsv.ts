import type { ByteSource } from "../byte_source.ts";
import { textOf } from "./text_encoding.ts";

/** A row of a TSV file; its large fields are left where they stand. */
export interface TsvRow {
  fields: Record<string, string>;
  /** Bytes [start, end) of each large field in the file, quotes included. */
  places: Record<string, [startByte: number, endByte: number]>;
}

const tab = 9;
const newline = 10;
const carriageReturn = 13;
const quote = 34;
const windowBytes = 1 << 23;
/** Longest field that is held in memory. */
const longestFieldBytes = 1 << 20;
const mostColumns = 1024;
const mostRows = 1 << 20;

/**
 * The rows of a TSV file as pandas writes it: tabs between fields, quotes around those that hold a tab, a quote or a
 * line's end, a quote inside doubled. The file is read once from end to end in windows; files with pictures in them are
 * larger than memory.
 * @param large names of columns whose fields are not held in memory
 * @throws Error with one sentence that names the row
 */
export async function tsvRows(source: ByteSource, large: readonly string[]): Promise<TsvRow[]> {
  const rows: TsvRow[] = [];
  let header: string[] | null = null;
  let record: { text: string; place: [number, number] }[] = [];
  let parts: Uint8Array[] = [];
  let collected = 0;
  let fieldStart = 0;
  let inQuotes = false;
  let quoteBefore = false;

  const keeps = () => header === null || !large.includes(header[record.length] ?? "");
  const where = () => `${source.name}, ${header === null ? "its first line" : `row ${rows.length}`}`;
  const collect = (bytes: Uint8Array) => {
    if (bytes.length === 0 || !keeps()) return;
    parts.push(bytes);
    collected += bytes.length;
    if (collected > longestFieldBytes)
      throw new Error(
        `${where()}: expected fields of at most ${longestFieldBytes} bytes beside ${large.join(" and ")}, found a longer one; is this a TSV file?`,
      );
  };
  const endField = (endByte: number) => {
    if (record.length >= mostColumns)
      throw new Error(`${where()}: expected at most ${mostColumns} fields, found more; is this a TSV file?`);
    record.push({ text: parts.length === 0 ? "" : textOf(joined(parts), where()), place: [fieldStart, endByte] });
    parts = [];
    collected = 0;
    fieldStart = endByte + 1;
    inQuotes = false;
    quoteBefore = false;
  };
  const endRecord = () => {
    const fields = record;
    record = [];
    if (fields.length === 1 && fields[0]!.text === "") return;
    const last = fields.at(-1)!;
    last.text = last.text.replace(/\r$/, "");
    const texts = fields.map(({ text }) => unquoted(text));
    if (header === null) {
      header = texts.map((name) => name.replace(/^\uFEFF/, "").trim());
      return;
    }
    if (fields.length !== header.length)
      throw new Error(`${where()}: expected ${header.length} fields as in the first line, found ${fields.length}`);
    const row: TsvRow = { fields: {}, places: {} };
    for (const [i, name] of header.entries()) {
      if (large.includes(name)) row.places[name] = fields[i]!.place;
      else row.fields[name] = texts[i]!;
    }
    if (rows.length >= mostRows)
      throw new Error(`${source.name}: expected at most ${mostRows} rows, found more; is this a TSV file?`);
    rows.push(row);
  };

  for (let at = 0; at < source.sizeBytes; at += windowBytes) {
    const chunk = await source.read(at, Math.min(at + windowBytes, source.sizeBytes));
    let begun = 0;
    /** Next places of the bytes that may end a chunk; looked for again only once they are passed. */
    const next = new Map<number, number>();
    const find = (byte: number, from: number): number => {
      const known = next.get(byte);
      if (known !== undefined && known >= from) return known;
      const found = chunk.indexOf(byte, from);
      next.set(byte, found < 0 ? chunk.length : found);
      return next.get(byte)!;
    };
    for (let i = 0; i < chunk.length; ) {
      if (!inQuotes && fieldStart === at + i && chunk[i] === quote) {
        inQuotes = true;
        i++;
        continue;
      }
      // A quote inside is doubled: opened and closed anew, which comes to the same.
      if (quoteBefore && chunk[i] === quote) {
        inQuotes = true;
        quoteBefore = false;
        i++;
        continue;
      }
      quoteBefore = false;
      if (inQuotes) {
        i = find(quote, i);
        if (i === chunk.length) break;
        inQuotes = false;
        quoteBefore = true;
        i++;
        continue;
      }
      i = Math.min(find(tab, i), find(newline, i));
      if (i === chunk.length) break;
      collect(chunk.subarray(begun, i));
      const endsRecord = chunk[i] === newline;
      endField(at + i);
      if (endsRecord) endRecord();
      i++;
      begun = i;
    }
    collect(chunk.subarray(begun));
  }
  if (inQuotes) throw new Error(`${where()}: a quote is opened and never closed; the file is not whole`);
  endField(source.sizeBytes);
  endRecord();
  if (header === null) throw new Error(`${source.name}: expected a first line that names the columns, found none`);
  return rows;
}

/** The text of a large field. */
export async function largeField(source: ByteSource, [startByte, endByte]: readonly [number, number]): Promise<string> {
  const bytes = await source.read(startByte, endByte);
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
  return unquoted(textOf(bytes.subarray(0, end), source.name));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const unquoted = (text: string): string =>
  text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
