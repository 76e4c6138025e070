/** Bits that count up to `most`. */
export const bitsOf = (most: number): number => 32 - Math.clz32(most);

/** Packed values behind the last that is needed; what takes no bytes could say any number. */
const mostPadding = 2 ** 16;

/**
 * Runs of one value and runs of packed values (parquet's RLE hybrid) that must give `count` values. Packed ones come in
 * eights, and DuckDB writes them in blocks of 256, so that the last may hold more than is needed; no run of one value
 * does. Where fewer stand there a reader would go on behind them.
 * @param counted counts the values that equal this; -1 for none
 * @returns how many do
 * @throws Error that says what is wrong
 */
export function checkRuns(bytes: Uint8Array, bits: number, count: number, counted = -1): number {
  let found = 0;
  let at = 0;
  let seen = 0;
  while (seen < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length || shift > 28) throw new Error("a run's length is cut off");
      header += (bytes[at]! & 127) * 2 ** shift;
      if (bytes[at++]! < 128) break;
    }
    const isPacked = header % 2 === 1;
    const run = isPacked ? ((header - 1) / 2) * 8 : header / 2;
    const wanted = Math.min(run, count - seen);
    const runBytes = isPacked ? (run / 8) * bits : (bits + 7) >> 3;
    const standsThere = at + runBytes <= bytes.length;
    // More than the last eight are taken where all of their bytes stand there: a reader goes through them.
    if (run > count - seen + (isPacked ? 7 : 0) && !(isPacked && standsThere && run - wanted <= mostPadding))
      throw new Error(`a run says that it has ${run} of ${count - seen} values`);
    // Of the last eight some bytes may be left out.
    if (!standsThere && (!isPacked || at + Math.ceil((wanted * bits) / 8) > bytes.length))
      throw new Error("a run is cut off");
    if (counted >= 0)
      found += isPacked
        ? packedEqual(bytes, { start: at, bits, count: wanted }, counted)
        : runEqual(bytes, at, bits, counted)
          ? run
          : 0;
    seen += run;
    at += runBytes;
  }
  return found;
}

/** Levels have few bits: the value of a run stands in its first byte. */
const runEqual = (bytes: Uint8Array, at: number, bits: number, value: number): boolean =>
  (bits > 0 ? bytes[at]! : 0) === value;

/** How many of the packed numbers from a byte on are `value`. */
function packedEqual(
  bytes: Uint8Array,
  { start, bits, count }: { start: number; bits: number; count: number },
  value: number,
): number {
  const mask = (1 << bits) - 1;
  let found = 0;
  for (let i = 0, bit = 0; i < count; i++, bit += bits) {
    const at = start + (bit >> 3);
    if ((((bytes[at]! | ((bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & mask) === value) found++;
  }
  return found;
}
