/** The error for data that breaks the rules of its format. */
export const damaged = (what: string): Error => new Error(`packed data ${what}`);

/** The place of the highest bit that is set, -1 in 0. */
export const highestBit = (value: number): number => 31 - Math.clz32(value);

/**
 * Bits that are read from the end of some bytes to their beginning. The highest bit that is set in the last byte marks
 * where they begin.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits that are not read yet; below 0 where more were read than there are. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes.at(-1) ?? 0;
    if (last === 0) throw damaged("ends without the mark of its last bit");
    this.#bytes = bytes;
    this.left = (bytes.length - 1) * 8 + highestBit(last);
  }

  /** The next bits (0 to 30) as a number. @throws where fewer are left */
  take(count: number): number {
    // Four bytes hold 25 bits whatever bit they begin at.
    if (count > 25) return this.take(count - 16) * 0x10000 + this.take(16);
    this.left -= count;
    if (this.left < 0) throw damaged("ends too early");
    return this.#at(this.left, count);
  }

  /** The next bits (0 to 25), zeros where there are none; `left` says whether there were. */
  takeOrZeros(count: number): number {
    this.left -= count;
    if (this.left >= 0) return this.#at(this.left, count);
    const missing = -this.left;
    return missing >= count ? 0 : this.#at(0, count - missing) << missing;
  }

  #at(bit: number, count: number): number {
    const bytes = this.#bytes;
    const byte = bit >> 3;
    const four = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24);
    return (four >>> (bit & 7)) & ((1 << count) - 1);
  }
}

/** A finite state code: each state has a symbol, and leads to the state `base` + the next `bits` bits. */
export interface StateCode {
  log: number;
  symbols: Uint8Array;
  bits: Uint8Array;
  base: Uint16Array;
}

/** The code of one symbol again and again, which takes no bits. */
export const oneSymbol = (symbol: number): StateCode => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: new Uint8Array(1),
  base: new Uint16Array(1),
});

/**
 * RFC 8878, section 4.1.1, from probabilities to states.
 * @param shares of 2 ** log that each symbol has, all of them together; -1 is less than one, and takes one state
 */
export function stateCode(shares: readonly number[], log: number): StateCode {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = shares.map((share) => Math.abs(share));
  let high = size;
  shares.forEach((share, symbol) => {
    if (share === -1) symbols[--high] = symbol;
  });
  let at = 0;
  shares.forEach((share, symbol) => {
    for (let i = 0; i < share; i++) {
      symbols[at] = symbol;
      do at = (at + (size >> 1) + (size >> 3) + 3) & (size - 1);
      while (at >= high);
    }
  });
  const bits = new Uint8Array(size);
  const base = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const count = next[symbols[state]!]!++;
    bits[state] = log - highestBit(count);
    base[state] = (count << bits[state]!) - size;
  }
  return { log, symbols, bits, base };
}

/**
 * Reads the description of a state code (RFC 8878, section 4.1.1).
 * @returns the code, and how many bytes described it
 * @throws Error where it is cut off, or its probabilities do not add up
 */
export function readStateCode(
  bytes: Uint8Array,
  largestLog: number,
  mostSymbols: number,
): { code: StateCode; bytes: number } {
  let bit = 0;
  /** At most 10 bits are looked at; zeros behind the end. */
  const peek = (count: number): number => {
    const byte = bit >> 3;
    return ((bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)) >>> (bit & 7)) & ((1 << count) - 1);
  };
  const log = peek(4) + 5;
  bit += 4;
  if (log > largestLog) throw damaged(`holds a code of ${log} bits where ${largestLog} are allowed`);
  const shares: number[] = [];
  let left = 1 << log;
  while (left > 0) {
    // Numbers up to left + 1 in as few bits as that takes; the small ones in one bit less.
    const count = highestBit(left + 1) + 1;
    const half = 1 << (count - 1);
    const short = 2 * half - 2 - left;
    const value = peek(count);
    const isShort = (value & (half - 1)) < short;
    bit += isShort ? count - 1 : count;
    const share = (isShort ? value & (half - 1) : value >= half ? value - short : value) - 1;
    shares.push(share);
    left -= Math.abs(share);
    if (share === 0)
      for (let repeat = 3; repeat === 3; ) {
        repeat = peek(2);
        bit += 2;
        for (let i = 0; i < repeat; i++) shares.push(0);
        if (shares.length > mostSymbols) break;
      }
    if (shares.length > mostSymbols) throw damaged("holds a code of more symbols than there are");
  }
  const read = (bit + 7) >> 3;
  if (left < 0) throw damaged("holds a code that does not add up");
  if (read > bytes.length) throw damaged("ends too early");
  return { code: stateCode(shares, log), bytes: read };
}

/** A prefix code: symbol * 16 + length for whatever the next `bits` bits are. */
export interface PrefixCode {
  bits: number;
  entries: Uint16Array;
}

const longestPrefix = 11;
/** A symbol's weight is 0, or one more than the difference of its length from the longest. */
const mostWeights = longestPrefix + 1;

/**
 * Reads the description of the literals' code (RFC 8878, section 4.2.1).
 * @returns the code, and how many bytes described it
 */
export function readPrefixCode(bytes: Uint8Array): { code: PrefixCode; bytes: number } {
  const header = bytes[0] ?? 0;
  const packed = header < 128 ? header : (header - 126) >> 1;
  if (packed === 0 || 1 + packed > bytes.length) throw damaged("ends too early");
  const body = bytes.subarray(1, 1 + packed);
  const weights =
    header < 128
      ? weightsIn(body)
      : Array.from({ length: header - 127 }, (_, i) => (i % 2 ? body[i >> 1]! & 15 : body[i >> 1]! >> 4));
  const sum = weights.reduce((all, weight) => all + ((1 << weight) >> 1), 0);
  // The last weight is not written: it is what the sum lacks to a power of 2.
  const bits = highestBit(sum) + 1;
  const lacking = (1 << bits) - sum;
  if (sum === 0 || bits > longestPrefix || (lacking & (lacking - 1)) !== 0)
    throw damaged("holds a code that does not add up");
  weights.push(highestBit(lacking) + 1);
  const entries = new Uint16Array(1 << bits);
  let at = 0;
  for (let weight = 1; weight <= bits; weight++)
    weights.forEach((one, symbol) => {
      if (one !== weight) return;
      const end = at + (1 << (weight - 1));
      entries.fill((symbol << 4) | (bits + 1 - weight), at, end);
      at = end;
    });
  return { code: { bits, entries }, bytes: 1 + packed };
}

/** Weights that are packed with a code of two states, which take turns until the bits are over. */
function weightsIn(bytes: Uint8Array): number[] {
  const { code, bytes: read } = readStateCode(bytes, 6, mostWeights);
  const bits = new BackwardBits(bytes.subarray(read));
  const weights: number[] = [];
  let state = bits.take(code.log);
  let other = bits.take(code.log);
  while (bits.left >= 0) {
    weights.push(code.symbols[state]!);
    [state, other] = [other, code.base[state]! + bits.takeOrZeros(code.bits[state]!)];
    if (weights.length > 254) throw damaged("holds a code of more symbols than there are");
  }
  weights.push(code.symbols[state]!);
  return weights;
}

/** Unpacks one stream of literals, which fills `out`. @throws where its bits are too few or too many */
export function unpackLiterals(bytes: Uint8Array, { bits, entries }: PrefixCode, out: Uint8Array): void {
  let { left } = new BackwardBits(bytes);
  const mask = entries.length - 1;
  for (let to = 0; to < out.length; to++) {
    const from = left - bits;
    const byte = from >> 3;
    const next =
      from >= 0
        ? (bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)) >>> (from & 7)
        : (bytes[0]! | (bytes[1]! << 8)) << -from;
    const entry = entries[next & mask]!;
    out[to] = entry >> 4;
    left -= entry & 15;
    if (left < 0) throw damaged("ends too early");
  }
  if (left !== 0) throw damaged("goes on behind its last literal");
}
