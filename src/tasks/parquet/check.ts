import { checkDeltas, checkPrefixed } from "./delta.ts";
import type { PageHeader } from "./file.ts";
import { bitsOf, checkRuns } from "./runs.ts";

/** More entries in one column of one row group than any file of tasks has. */
const mostValues = 2 ** 26;

/** A column at the end of its path: how it is nested, and what stands in it. */
export interface Leaf {
  /** What its levels count up to. */
  repetition: number;
  definition: number;
  /** Parquet's name of the type, e.g. "BYTE_ARRAY", and for values of a fixed length their bytes. */
  type?: string;
  valueBytes?: number;
}

/** More than is read of a file of its size. */
export class TooLarge extends Error {}

/**
 * Limits of a read, for all its columns together: how much a small file may unpack to is bounded, a large one may
 * unpack to several times its size.
 */
export class Allowance {
  #bytes: number;
  #values: number;
  readonly #mostBytes: number;
  readonly #mostValues: number;

  /**
   * A value comes to about 500 bytes in memory, lists and structs around it included; a row of tasks has some twenty,
   * and takes more than a hundred bytes of the file.
   * @param packedBytes size of what is read, as it stands in the file
   */
  constructor(packedBytes: number) {
    this.#mostBytes = this.#bytes = 48 * 2 ** 20 + 8 * packedBytes;
    this.#mostValues = this.#values = 2 ** 18 + Math.floor(packedBytes / 4);
  }

  /** @throws where there are more than all columns may have */
  takeValues(count: number): void {
    if (!(count >= 0 && count <= mostValues)) throw new Error(`a column says that it has ${count} values`);
    this.#values -= count;
    if (this.#values < 0)
      throw new TooLarge(
        `it has more than the ${this.#mostValues} values that a file of this size may have in a row group; write the file again with smaller ones`,
      );
  }

  /** @throws where that is more than all columns may come to */
  takeBytes(count: number): void {
    this.#bytes -= count;
    if (this.#bytes < 0)
      throw new TooLarge(
        `it unpacks to more than the ${Math.ceil(this.#mostBytes / 2 ** 20)} MiB that a file of this size may; write it again with smaller row groups`,
      );
  }
}

/**
 * Reads the pages of a column in memory and checks every count that a reader would rely on: sizes, numbers of values,
 * lengths of runs. A damaged or false count could otherwise make it write for minutes, or fill the memory.
 * @throws Error that says which count
 */
export function checkPages(
  chunk: Uint8Array,
  values: number,
  leaf: Leaf,
  pageHeader: (bytes: Uint8Array) => { header: PageHeader; headerBytes: number },
  decompress: (bytes: Uint8Array, length: number) => Uint8Array,
  allowance = new Allowance(chunk.length),
): void {
  allowance.takeValues(values);
  let seen = 0;
  for (let at = 0; at < chunk.length; ) {
    const { header, headerBytes } = pageHeader(chunk.subarray(at));
    const start = at + headerBytes;
    const size = header.compressed_page_size;
    const unpacked = header.uncompressed_page_size;
    if (!(size >= 0 && start + size <= chunk.length && unpacked >= 0)) throw new Error("a page's size is wrong");
    allowance.takeBytes(unpacked);
    const body = chunk.subarray(start, start + size);
    at = start + size;
    const described = expectDescribed(header);
    if (!described) continue;
    const count = described.num_values;
    if (header.type === "DICTIONARY_PAGE") {
      if (!(count >= 0 && count <= Math.max(values, unpacked)))
        throw new Error(`a page says that it has ${count} of ${values} values`);
      continue;
    }
    seen += count;
    if (!(count >= 0 && seen <= values)) throw new Error(`a page says that it has ${count} of ${values} values`);
    const [page, from, filled] =
      header.type === "DATA_PAGE"
        ? firstVersion(decompress(body, unpacked), leaf, count)
        : secondVersion(header, body, leaf, count, decompress);
    checkValues(page.subarray(from), { encoding: described.encoding, leaf, count: filled }, allowance);
  }
}

/** What a page of each type must say of itself, in whole numbers. */
const numbersOf = {
  DICTIONARY_PAGE: ["num_values"],
  DATA_PAGE: ["num_values"],
  DATA_PAGE_V2: [
    "num_values",
    "num_nulls",
    "num_rows",
    "definition_levels_byte_length",
    "repetition_levels_byte_length",
  ],
} as const;

/** The part of a header that belongs to its type; null for pages of an index. @throws where there is none, or half of one */
function expectDescribed(header: PageHeader): { num_values: number; encoding: string } | null {
  const type = header.type as string | undefined;
  if (type === "INDEX_PAGE") return null;
  if (type !== "DICTIONARY_PAGE" && type !== "DATA_PAGE" && type !== "DATA_PAGE_V2")
    throw new Error("a page is of an unknown type");
  const described = {
    DICTIONARY_PAGE: header.dictionary_page_header,
    DATA_PAGE: header.data_page_header,
    DATA_PAGE_V2: header.data_page_header_v2,
  }[type] as Record<string, unknown> | undefined;
  if (
    !described ||
    typeof described.encoding !== "string" ||
    !numbersOf[type].every((name) => Number.isInteger(described[name]))
  )
    throw new Error("a page does not say what it holds");
  return described as { num_values: number; encoding: string };
}

/** Page, where its values begin, and how many they are: rows without a value have none. */
type Found = [page: Uint8Array, from: number, values: number];

function firstVersion(page: Uint8Array, leaf: Leaf, count: number): Found {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  let from = 0;
  let filled = count;
  for (const kind of ["repetition", "definition"] as const) {
    const most = leaf[kind];
    if (most === 0) continue;
    const length = from + 4 <= page.length ? view.getUint32(from, true) : page.length;
    if (from + 4 + length > page.length) throw new Error("a page's levels are cut off");
    const full = checkRuns(page.subarray(from + 4, from + 4 + length), bitsOf(most), count, most);
    if (kind === "definition") filled = full;
    from += 4 + length;
  }
  return [page, from, filled];
}

function secondVersion(
  { data_page_header_v2, compressed_page_size: size, uncompressed_page_size: unpacked }: PageHeader,
  body: Uint8Array,
  leaf: Leaf,
  count: number,
  decompress: (bytes: Uint8Array, length: number) => Uint8Array,
): Found {
  const v2 = data_page_header_v2!;
  const repetition = v2.repetition_levels_byte_length;
  const both = repetition + v2.definition_levels_byte_length;
  if (!(repetition >= 0 && both >= repetition && both <= Math.min(size, unpacked)))
    throw new Error(`a page says that its levels have ${both} of ${size} bytes`);
  let filled = count;
  if (leaf.repetition) checkRuns(body.subarray(0, repetition), bitsOf(leaf.repetition), count);
  if (leaf.definition)
    filled = checkRuns(body.subarray(repetition, both), bitsOf(leaf.definition), count, leaf.definition);
  // A reader would trust the header.
  if (count - v2.num_nulls !== filled)
    throw new Error(`a page says that ${v2.num_nulls} of its ${count} values are missing, found ${count - filled}`);
  const rest = body.subarray(both);
  return [v2.is_compressed === false ? rest : decompress(rest, unpacked - both), 0, filled];
}

const fixedBytes: Record<string, number> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, INT96: 12 };

/** @param count values that are there */
function checkValues(
  bytes: Uint8Array,
  { encoding, leaf, count }: { encoding: string; leaf: Leaf; count: number },
  allowance: Allowance,
): void {
  if (count === 0) return;
  const { type = "" } = leaf;
  if (encoding.endsWith("_DICTIONARY") || (encoding === "RLE" && type !== "BOOLEAN")) {
    // Numbers into the dictionary: their width, then runs.
    const width = bytes[0] ?? 0;
    if (width > 32) throw new Error(`a page says that its numbers have ${width} bits`);
    if (width > 0 || bytes.length > 1) checkRuns(bytes.subarray(1), width, count);
  } else if (encoding === "RLE") checkRuns(bytes.subarray(4), 1, count);
  else if (encoding === "DELTA_BINARY_PACKED" || encoding === "DELTA_LENGTH_BYTE_ARRAY") checkDeltas(bytes, 0, count);
  else if (encoding === "DELTA_BYTE_ARRAY") allowance.takeBytes(checkPrefixed(bytes, 0, count));
  else if (encoding === "PLAIN" || encoding === "BYTE_STREAM_SPLIT") {
    const each = type === "FIXED_LEN_BYTE_ARRAY" ? (leaf.valueBytes ?? 0) : (fixedBytes[type] ?? 0);
    if (!(each >= 0 && each * count <= bytes.length))
      throw new Error(`a page has ${bytes.length} bytes for ${count} values of ${each}`);
  }
}
