import { lookup, lookupOffsets } from "hyparquet-compressors/src/brotli.context.js";
import { kNumTransforms, transformDictionaryWord } from "hyparquet-compressors/src/brotli.transform.js";
import { type Codes, ForwardBits, readCodes, symbolOf } from "./brotli_codes.ts";

/** Where values begin and how many bits are added, by symbol: RFC 7932, sections 5 and 6. */
const inserts = {
  base: [0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 26, 34, 50, 66, 98, 130, 194, 322, 578, 1090, 2114, 6210, 22_594],
  bits: [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24],
};
const copies = {
  base: [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30, 38, 54, 70, 102, 134, 198, 326, 582, 1094, 2118],
  bits: [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24],
};
const counts = {
  base: [
    1, 5, 9, 13, 17, 25, 33, 41, 49, 65, 81, 97, 113, 145, 177, 209, 241, 305, 369, 497, 753, 1265, 2289, 4337, 8433,
    16_625,
  ],
  bits: [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24],
};
/** What is added to a command's three bits, by its higher ones. */
const insertRange = [0, 0, 0, 0, 8, 8, 0, 16, 8, 16, 16];
const copyRange = [0, 8, 0, 8, 0, 8, 16, 0, 16, 8, 16];
/** Which of the last four distances, and what is added to it. */
const recentIndex = [0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
const recentAdded = [0, 0, 0, 0, -1, 1, -2, 2, -3, 3, -1, 1, -2, 2, -3, 3];
/** Bits of a word's number in the dictionary, by the word's length; where the words of a length begin. */
const wordBits = [0, 0, 0, 0, 10, 10, 11, 11, 10, 10, 10, 10, 10, 9, 9, 8, 7, 7, 8, 7, 7, 6, 6, 5, 5];
const wordStart = wordBits.map((_, length) =>
  wordBits.slice(0, length).reduce((sum, bits, short) => sum + (bits > 0 ? short * 2 ** bits : 0), 0),
);
/** A word with what a transformation puts before and behind it is not longer. */
const longestWord = 64;

/**
 * Decompresses brotli (RFC 7932) into a known number of bytes and not one more; its dictionary is hyparquet's. Written here
 * because hyparquet's decoder allocates its largest window for each page, reads zeros behind the end of the data,
 * and inserts as many literals as a command says.
 * @throws Error where the data is damaged or unpacks to another length
 */
export function unpackBrotli(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const bits = new ForwardBits(input);
  const state: State = { to: 0, farthest: 2 ** windowBits(bits) - 16, recent: [4, 11, 15, 16] };
  for (let isLast = false; !isLast; ) {
    isLast = bits.take(1) === 1;
    if (isLast && bits.take(1) === 1) break;
    const nibbles = bits.take(2) + 4;
    if (nibbles === 7) {
      if (bits.take(1)) throw new Error("packed data holds an unknown block");
      const sizeBytes = bits.take(2);
      bits.bytes(sizeBytes === 0 ? 0 : bits.take(8 * sizeBytes) + 1);
      continue;
    }
    const size = bits.take(4 * nibbles) + 1;
    if (state.to + size > length) throw new Error(`packed data holds more than the ${length} bytes that are promised`);
    if (!isLast && bits.take(1)) {
      out.set(bits.bytes(size), state.to);
      state.to += size;
    } else packedBlock(bits, out, state, state.to + size);
  }
  if (state.to !== length) throw new Error(`packed data holds ${state.to} bytes where ${length} are promised`);
  return out;
}

interface State {
  /** Bytes of the output that are filled. */
  to: number;
  /** No copy reaches farther back. */
  farthest: number;
  /** The last four distances, the latest first. */
  recent: number[];
}

function windowBits(bits: ForwardBits): number {
  if (!bits.take(1)) return 16;
  const more = bits.take(3);
  if (more > 0) return 17 + more;
  const less = bits.take(3);
  if (less === 1) throw new Error("packed data has a window of an unknown size");
  return less === 0 ? 17 : 8 + less;
}

/** 1 to 256. */
const smallNumber = (bits: ForwardBits): number => {
  if (!bits.take(1)) return 1;
  const more = bits.take(3);
  return 1 + (1 << more) + bits.take(more);
};

const extended = (bits: ForwardBits, { base, bits: more }: typeof counts, symbol: number): number =>
  base[symbol]! + bits.take(more[symbol]!);

/** Which of several codes is in use, and for how many symbols still: literals, commands and distances each have their own. */
class BlockTypes {
  readonly types: number;
  type = 0;
  #before = 1;
  #left = 2 ** 24;
  readonly #typeCodes: Codes | undefined;
  readonly #countCodes: Codes | undefined;

  constructor(bits: ForwardBits) {
    this.types = smallNumber(bits);
    if (this.types === 1) return;
    this.#typeCodes = readCodes(bits, this.types + 2);
    this.#countCodes = readCodes(bits, counts.base.length);
    this.#left = extended(bits, counts, symbolOf(bits, this.#countCodes));
  }

  /** Called before each symbol. */
  next(bits: ForwardBits): void {
    if (this.#left === 0) {
      if (!this.#typeCodes || !this.#countCodes) throw new Error("packed data holds more symbols than a block may");
      const said = symbolOf(bits, this.#typeCodes);
      const type = said === 0 ? this.#before : said === 1 ? (this.type + 1) % this.types : said - 2;
      this.#before = this.type;
      this.type = type;
      this.#left = extended(bits, counts, symbolOf(bits, this.#countCodes));
    }
    this.#left--;
  }
}

/** Section 7.3: which code is used in each context. */
function contextMap(bits: ForwardBits, size: number): { codes: number; map: Uint8Array } {
  const codes = smallNumber(bits);
  const map = new Uint8Array(size);
  if (codes === 1) return { codes, map };
  const longestRun = bits.take(1) ? bits.take(4) + 1 : 0;
  const symbols = readCodes(bits, codes + longestRun);
  for (let i = 0; i < size; ) {
    const symbol = symbolOf(bits, symbols);
    if (symbol > 0 && symbol <= longestRun) i += (1 << symbol) + bits.take(symbol);
    else map[i++] = symbol === 0 ? 0 : symbol - longestRun;
    if (i > size) throw new Error("packed data holds more contexts than there are");
  }
  if (bits.take(1)) {
    const order = Uint8Array.from({ length: 256 }, (_, i) => i);
    map.forEach((place, i) => {
      const value = order[place]!;
      map[i] = value;
      order.copyWithin(1, 0, place);
      order[0] = value;
    });
  }
  return { codes, map };
}

/** Section 9.3: literals and copies in turn, up to `end`. */
function packedBlock(bits: ForwardBits, out: Uint8Array, state: State, end: number): void {
  const literals = new BlockTypes(bits);
  const commands = new BlockTypes(bits);
  const distances = new BlockTypes(bits);
  const lowBits = bits.take(2);
  const direct = bits.take(4) << lowBits;
  const distanceForm = { lowBits, direct };
  const modes = Array.from({ length: literals.types }, () => bits.take(2));
  const literalMap = contextMap(bits, 64 * literals.types);
  const distanceMap = contextMap(bits, 4 * distances.types);
  const read = (count: number, size: number) => Array.from({ length: count }, () => readCodes(bits, size));
  const literalCodes = read(literalMap.codes, 256);
  const commandCodes = read(commands.types, 704);
  const distanceCodes = read(distanceMap.codes, 16 + direct + (48 << lowBits));
  let to = state.to;
  while (to < end) {
    commands.next(bits);
    const command = symbolOf(bits, commandCodes[commands.type]!);
    const insert = extended(bits, inserts, insertRange[command >> 6]! + ((command >> 3) & 7));
    const copy = extended(bits, copies, copyRange[command >> 6]! + (command & 7));
    if (to + insert > end) throw new Error("packed data holds a block of more bytes than it says");
    for (const last = to + insert; to < last; to++) {
      literals.next(bits);
      const mode = 2 * modes[literals.type]!;
      const context =
        lookup[lookupOffsets[mode]! + (out[to - 1] ?? 0)]! | lookup[lookupOffsets[mode + 1]! + (out[to - 2] ?? 0)]!;
      out[to] = symbolOf(bits, literalCodes[literalMap.map[64 * literals.type + context]!]!);
    }
    if (to === end) break;
    let symbol = 0;
    if (command >= 128) {
      distances.next(bits);
      symbol = symbolOf(bits, distanceCodes[distanceMap.map[4 * distances.type + Math.min(copy, 5) - 2]!]!);
    }
    const distance = distanceOf(bits, symbol, distanceForm, state.recent);
    const farthest = Math.min(state.farthest, to);
    if (distance > farthest) to += copyWord(out, { to, end, length: copy, number: distance - farthest - 1 });
    else {
      if (distance <= 0 || to + copy > end) throw new Error("packed data refers to what stands before it");
      if (symbol !== 0) state.recent = [distance, ...state.recent.slice(0, 3)];
      for (const last = to + copy; to < last; to++) out[to] = out[to - distance]!;
    }
  }
  state.to = to;
}

/** Section 4. */
function distanceOf(
  bits: ForwardBits,
  symbol: number,
  { lowBits, direct }: { lowBits: number; direct: number },
  recent: readonly number[],
): number {
  if (symbol < 16) return recent[recentIndex[symbol]!]! + recentAdded[symbol]!;
  if (symbol < 16 + direct) return symbol - 15;
  const code = symbol - 16 - direct;
  const high = code >> lowBits;
  const more = 1 + (high >> 1);
  const base = ((2 + (high & 1)) << more) - 4;
  return ((base + bits.take(more)) << lowBits) + (code & ((1 << lowBits) - 1)) + direct + 1;
}

/** Section 8: a word of the dictionary, transformed. @returns how many bytes it has */
function copyWord(
  out: Uint8Array,
  { to, end, length, number }: { to: number; end: number; length: number; number: number },
): number {
  const numberBits = wordBits[length] ?? 0;
  const transform = number >> numberBits;
  if (numberBits === 0 || transform >= kNumTransforms) throw new Error("packed data refers to an unknown word");
  const word = new Uint8Array(longestWord);
  const start = wordStart[length]! + (number & ((1 << numberBits) - 1)) * length;
  const count = transformDictionaryWord(word, 0, start, length, transform);
  if (to + count > end) throw new Error("packed data holds a block of more bytes than it says");
  out.set(word.subarray(0, count), to);
  return count;
}
