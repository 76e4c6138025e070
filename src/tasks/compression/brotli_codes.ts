/** Bits of a brotli stream, the lowest first. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  /** The next bit's place. */
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next bits (0 to 25) without taking them; zeros behind the end. */
  peek(count: number): number {
    const bytes = this.#bytes;
    const byte = this.#at >> 3;
    const four = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24);
    return (four >>> (this.#at & 7)) & ((1 << count) - 1);
  }

  /** @throws where fewer are left */
  drop(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length * 8) throw new Error("packed data ends too early");
  }

  take(count: number): number {
    const value = this.peek(count);
    this.drop(count);
    return value;
  }

  /** Whole bytes from the next one on that is not begun. */
  bytes(count: number): Uint8Array {
    const start = (this.#at + 7) >> 3;
    this.#at = start * 8;
    this.drop(count * 8);
    return this.#bytes.subarray(start, start + count);
  }
}

/** Longer codes are rare and decoded bit by bit: a table of all of them would cost more than it saves. */
const quickBits = 8;
const longest = 15;

/** A prefix code. */
export interface Codes {
  /** Of the quick table. */
  bits: number;
  /** Symbol * 16 + length by the next bits; 0 where the code is longer. */
  quick: Uint16Array;
  /** How many codes each length has, and the symbols in their codes' order. */
  counts: Uint16Array;
  symbols: Uint16Array;
}

/** A code of one symbol takes no bits. */
const oneSymbol = (symbol: number): Codes => ({
  bits: 0,
  quick: Uint16Array.of(symbol << 4),
  counts: new Uint16Array(longest + 1),
  symbols: Uint16Array.of(symbol),
});

/** @param pairs symbols with their lengths, which fill the code, in the symbols' order */
function codesOf(pairs: readonly (readonly [symbol: number, length: number])[]): Codes {
  const counts = new Uint16Array(longest + 1);
  for (const [, length] of pairs) counts[length]!++;
  const next = new Uint16Array(longest + 2);
  for (let length = 1; length <= longest; length++) next[length + 1] = next[length]! + counts[length]!;
  const symbols = new Uint16Array(pairs.length);
  for (const [symbol, length] of pairs) symbols[next[length]!++] = symbol;
  let bits = quickBits;
  while (bits > 1 && !counts.subarray(bits).some((count) => count > 0)) bits--;
  const quick = new Uint16Array(1 << bits);
  for (let length = 1, code = 0, at = 0; length <= bits; length++, code <<= 1)
    for (let i = counts[length]!; i > 0; i--, code++, at++) {
      let mirrored = 0;
      for (let bit = 0; bit < length; bit++) mirrored |= ((code >> bit) & 1) << (length - 1 - bit);
      for (let to = mirrored; to < quick.length; to += 1 << length) quick[to] = (symbols[at]! << 4) | length;
    }
  return { bits, quick, counts, symbols };
}

export function symbolOf(bits: ForwardBits, codes: Codes): number {
  const entry = codes.quick[bits.peek(codes.bits)]!;
  if (entry !== 0 || codes.bits === 0) {
    bits.drop(entry & 15);
    return entry >> 4;
  }
  const next = bits.peek(longest);
  for (let length = 1, code = 0, first = 0, at = 0; length <= longest; length++) {
    code |= (next >> (length - 1)) & 1;
    const count = codes.counts[length]!;
    if (code - first < count) {
      bits.drop(length);
      return codes.symbols[at + code - first]!;
    }
    at += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw new Error("packed data holds an unknown code");
}

/**
 * Reads the description of a prefix code (RFC 7932, sections 3.4 and 3.5).
 * @param size of the alphabet
 */
export function readCodes(bits: ForwardBits, size: number): Codes {
  const skipped = bits.take(2);
  return skipped === 1 ? simpleCodes(bits, size) : codesOf(lengthsIn(bits, size, lengthCodes(bits, skipped)));
}

function simpleCodes(bits: ForwardBits, size: number): Codes {
  const count = bits.take(2) + 1;
  const symbols: number[] = [];
  for (let i = 0; i < count; i++) {
    const symbol = bits.take(32 - Math.clz32(size - 1));
    if (symbol >= size || symbols.includes(symbol)) throw new Error("packed data holds an unknown symbol");
    symbols.push(symbol);
  }
  if (count === 1) return oneSymbol(symbols[0]!);
  const lengths = count === 2 ? [1, 1] : count === 3 ? [1, 2, 2] : bits.take(1) ? [1, 2, 3, 3] : [2, 2, 2, 2];
  return codesOf(symbols.map((symbol, i) => [symbol, lengths[i]!] as const).sort(([a], [b]) => a - b));
}

/** The order in which the lengths of the codes for lengths are written. */
const lengthOrder = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** A length by its four bits at most, and how many of them it takes. */
const writtenLengths = [0, 4, 3, 2, 0, 4, 3, 1, 0, 4, 3, 2, 0, 4, 3, 5];
const writtenBits = [2, 2, 2, 3, 2, 2, 2, 4, 2, 2, 2, 3, 2, 2, 2, 4];

function lengthCodes(bits: ForwardBits, skipped: number): Codes {
  const pairs: [number, number][] = [];
  let space = 32;
  for (let i = skipped; i < lengthOrder.length && space > 0; i++) {
    const next = bits.peek(4);
    bits.drop(writtenBits[next]!);
    const length = writtenLengths[next]!;
    if (length === 0) continue;
    pairs.push([lengthOrder[i]!, length]);
    space -= 32 >> length;
  }
  if (pairs.length === 1) return oneSymbol(pairs[0]![0]);
  if (space !== 0) throw new Error("packed data holds a code that does not add up");
  return codesOf(pairs.sort(([a], [b]) => a - b));
}

function lengthsIn(bits: ForwardBits, size: number, codes: Codes): [symbol: number, length: number][] {
  const pairs: [number, number][] = [];
  let space = 1 << longest;
  let previous = 8;
  let repeated = 0;
  let times = 0;
  for (let symbol = 0; symbol < size && space > 0; ) {
    const length = symbolOf(bits, codes);
    let count = 1;
    if (length < 16) times = 0;
    else {
      // The same sign again makes the number before it a higher digit of its own.
      const now = length === 16 ? previous : 0;
      if (now !== repeated) times = 0;
      repeated = now;
      const before = times;
      times = (times > 0 ? (times - 2) << (length - 14) : 0) + bits.take(length - 14) + 3;
      count = times - before;
    }
    const written = length < 16 ? length : repeated;
    if (symbol + count > size) throw new Error("packed data holds a code of more symbols than there are");
    if (written > 0 && length < 16) previous = written;
    for (const end = symbol + count; symbol < end; symbol++) {
      if (written === 0) continue;
      pairs.push([symbol, written]);
      space -= (1 << longest) >> written;
    }
  }
  if (space !== 0) throw new Error("packed data holds a code that does not add up");
  return pairs;
}
