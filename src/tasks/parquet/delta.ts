import { deltaBinaryUnpack } from "hyparquet/src/delta.js";

/** Values of a block, and of each of its parts, are multiples of these; the standard says so. */
const blockStep = 128;
const partStep = 32;
const largestBlock = 1 << 20;
const longestNumber = 10;

/**
 * Reads numbers that are written as differences (DELTA_BINARY_PACKED) and checks what a reader would rely on.
 * @returns where they end
 * @throws Error that says what is wrong
 */
export function checkDeltas(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  const number = (): number => {
    let value = 0;
    for (let i = 0; i < longestNumber; i++) {
      if (at >= bytes.length) break;
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Error("a page of differences is cut off");
  };
  const block = number();
  const parts = number();
  number();
  number();
  const perPart = block / parts;
  if (!(block > 0 && block <= largestBlock && block % blockStep === 0 && parts > 0 && perPart % partStep === 0))
    throw new Error(`a page says that its numbers stand in blocks of ${block} in ${parts} parts`);
  for (let seen = 1; seen < count; ) {
    number();
    const widths = at;
    at += parts;
    for (let part = 0; part < parts && seen < count; part++, seen += perPart) {
      const bits = bytes[widths + part] ?? 65;
      if (bits > 64) throw new Error(`a page says that its differences have ${bits} bits`);
      at += (perPart * bits) / 8;
    }
  }
  if (at > bytes.length) throw new Error("a page of differences is cut off");
  return at;
}

/**
 * Texts of which each begins as the one before does (DELTA_BYTE_ARRAY): a few bytes may stand for any length.
 * @returns bytes of all texts together
 */
export function checkPrefixed(bytes: Uint8Array, start: number, count: number): number {
  const suffixes = checkDeltas(bytes, start, count);
  const texts = checkDeltas(bytes, suffixes, count);
  const prefixLengths = deltas(bytes.subarray(start, suffixes), count);
  const suffixLengths = deltas(bytes.subarray(suffixes, texts), count);
  let sum = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    if (prefixLengths[i]! < 0 || prefixLengths[i]! > before || suffixLengths[i]! < 0)
      throw new Error("a text is said to begin as no text before it does");
    before = prefixLengths[i]! + suffixLengths[i]!;
    sum += before;
  }
  return sum;
}

function deltas(bytes: Uint8Array, count: number): Int32Array {
  const out = new Int32Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (count > 0) deltaBinaryUnpack({ view, offset: 0 }, count, out);
  return out;
}
