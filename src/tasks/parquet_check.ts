import type { PageHeader } from "./parquet_file.ts";

/** More entries in one column of one row group than any file of tasks has. */
const mostValues = 2 ** 26;
const largestPageBytes = 2 ** 30;

/** How a column is nested: what its levels count up to. */
export interface Levels {
  repetition: number;
  definition: number;
}

/**
 * Walks the pages of a column in memory and checks every count that a reader would obey: sizes, numbers of values,
 * lengths of runs. A damaged or lying count would otherwise have it write for minutes, or fill the memory.
 * @throws Error that says which count
 */
export function checkPages(
  chunk: Uint8Array,
  values: number,
  levels: Levels,
  pageHeader: (bytes: Uint8Array) => { header: PageHeader; headerBytes: number },
  decompress: (bytes: Uint8Array, length: number) => Uint8Array,
): void {
  if (!(values >= 0 && values <= mostValues)) throw new Error(`a column says that it has ${values} values`);
  for (let at = 0; at < chunk.length; ) {
    const { header, headerBytes } = pageHeader(chunk.subarray(at));
    const start = at + headerBytes;
    const size = header.compressed_page_size;
    const unpacked = header.uncompressed_page_size;
    if (!(size >= 0 && start + size <= chunk.length && unpacked >= 0 && unpacked <= largestPageBytes))
      throw new Error("a page's size is wrong");
    const body = chunk.subarray(start, start + size);
    at = start + size;
    const count = (header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header)?.num_values;
    if (count === undefined) continue;
    if (!(count >= 0 && count <= values)) throw new Error(`a page says that it has ${count} of ${values} values`);
    if (header.data_page_header) {
      const page = decompress(body, unpacked);
      let from = 0;
      for (const most of [levels.repetition, levels.definition]) {
        if (most === 0) continue;
        const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(from, true);
        checkRuns(page.subarray(from + 4, from + 4 + length), bitsOf(most), count);
        from += 4 + length;
      }
      if (isDictionary(header.data_page_header.encoding)) checkIndices(page.subarray(from), count);
    } else if (header.data_page_header_v2) {
      const v2 = header.data_page_header_v2;
      const repetition = v2.repetition_levels_byte_length;
      const both = repetition + v2.definition_levels_byte_length;
      if (!(repetition >= 0 && both >= repetition && both <= Math.min(size, unpacked) && v2.num_nulls <= count))
        throw new Error(`a page says that its levels have ${both} of ${size} bytes`);
      if (levels.repetition) checkRuns(body.subarray(0, repetition), bitsOf(levels.repetition), count);
      if (levels.definition) checkRuns(body.subarray(repetition, both), bitsOf(levels.definition), count);
      if (isDictionary(v2.encoding)) {
        const rest = body.subarray(both);
        checkIndices(v2.is_compressed === false ? rest : decompress(rest, unpacked - both), count - v2.num_nulls);
      }
    }
  }
}

const isDictionary = (encoding: string): boolean => encoding.endsWith("_DICTIONARY");
const bitsOf = (most: number): number => 32 - Math.clz32(most);

/** Numbers into the dictionary: their width, then runs. Rows without a value have none, so there may be fewer. */
function checkIndices(bytes: Uint8Array, count: number): void {
  if (count === 0) return;
  const width = bytes[0] ?? 0;
  if (width > 32) throw new Error(`a page says that its numbers have ${width} bits`);
  if (width > 0) checkRuns(bytes.subarray(1), width, count);
}

/**
 * Runs of one value and runs of packed values (parquet's RLE hybrid). Packed ones come in eights, so that the last
 * may hold more than is needed; no run of one value does.
 */
function checkRuns(bytes: Uint8Array, bits: number, count: number): void {
  for (let at = 0, seen = 0; seen < count && at < bytes.length; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length || shift > 28) throw new Error("a run's length is cut off");
      header += (bytes[at]! & 127) * 2 ** shift;
      if (bytes[at++]! < 128) break;
    }
    const isPacked = header % 2 === 1;
    const run = isPacked ? ((header - 1) / 2) * 8 : header / 2;
    if (run > count - seen + (isPacked ? 7 : 0))
      throw new Error(`a run says that it has ${run} of ${count - seen} values`);
    seen += run;
    at += isPacked ? (run / 8) * bits : (bits + 7) >> 3;
  }
}
