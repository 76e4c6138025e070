/**
 * Decompresses gzip (RFC 1952, of several members too), or bare deflate, into a known number of bytes and not one more: what
 * would unpack to more ends there. Written here because a column's pages are unpacked without waiting, which the
 * engine's DecompressionStream cannot, and because other decoders decompress to the end of the data, whatever length was asked for.
 * @throws Error where the data is damaged or unpacks to another length
 */
export function gunzip(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let filled = 0;
  for (let at = 0; at < input.length; ) {
    const isMember = input[at] === 0x1f && input[at + 1] === 0x8b;
    if (at > 0 && !isMember) break;
    const bits = new Bits(input, isMember ? afterHeader(input, at) : at);
    filled = inflateInto(bits, out, filled);
    // A check sum and the length.
    at = bits.byte() + 8;
  }
  if (filled !== length) throw new Error(`packed data holds ${filled} bytes where ${length} are promised`);
  return out;
}

/** Passes a member's header: name, comment and what else may stand in it. */
function afterHeader(input: Uint8Array, start: number): number {
  const flags = input[start + 3]!;
  let at = start + 10;
  if (flags & 4) at += 2 + (input[at]! | (input[at + 1]! << 8));
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue;
    while (at < input.length && input[at] !== 0) at++;
    at++;
  }
  return flags & 2 ? at + 2 : at;
}

/** Bits of a deflate stream, the lowest first. */
class Bits {
  readonly #bytes: Uint8Array;
  #at: number;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The next bits (0 to 15) without taking them; zeros behind the end. */
  peek(count: number): number {
    while (this.#count < count) {
      this.#held |= (this.#bytes[this.#at++] ?? 0) << this.#count;
      this.#count += 8;
    }
    return this.#held & ((1 << count) - 1);
  }

  drop(count: number): void {
    this.#held >>>= count;
    this.#count -= count;
    // More was taken than there is.
    if (this.#at - (this.#count >> 3) > this.#bytes.length) throw new Error("packed data ends too early");
  }

  take(count: number): number {
    const value = this.peek(count);
    this.drop(count);
    return value;
  }

  /** Place of the first byte that is not begun, to which reading goes on. */
  byte(): number {
    this.#at -= this.#count >> 3;
    this.#held = 0;
    this.#count = 0;
    return this.#at;
  }

  /** @throws where fewer bytes are left */
  bytes(count: number): Uint8Array {
    const start = this.byte();
    if (start + count > this.#bytes.length) throw new Error("packed data ends too early");
    this.#at = start + count;
    return this.#bytes.subarray(start, start + count);
  }
}

/** Symbol * 16 + length by the next bits, as many as the longest code has; 0 where no code begins so. */
interface Codes {
  bits: number;
  byBits: Uint16Array;
}

function codesOf(lengths: Uint8Array): Codes {
  const bits = Math.max(
    1,
    lengths.reduce((longest, length) => Math.max(longest, length), 0),
  );
  const codes = new Uint16Array(1 << bits);
  let code = 0;
  for (let length = 1; length <= bits; length++, code <<= 1)
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      if (code >= 1 << length) throw new Error("packed data has too many codes");
      let mirrored = 0;
      for (let bit = 0; bit < length; bit++) mirrored |= ((code >> bit) & 1) << (length - 1 - bit);
      for (let at = mirrored; at < codes.length; at += 1 << length) codes[at] = (symbol << 4) | length;
      code++;
    }
  return { bits, byBits: codes };
}

function symbolOf(bits: Bits, codes: Codes): number {
  const found = codes.byBits[bits.peek(codes.bits)]!;
  if (found === 0) throw new Error("packed data holds an unknown code");
  bits.drop(found & 15);
  return found >> 4;
}

const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const distanceBits = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
/** The order in which the lengths of the codes for lengths are written. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const endOfBlock = 256;

const fixedCodes = {
  literals: codesOf(Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: codesOf(new Uint8Array(30).fill(5)),
};

function writtenCodes(bits: Bits): { literals: Codes; distances: Codes } {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const written = bits.take(4) + 4;
  const short = new Uint8Array(19);
  for (let i = 0; i < written; i++) short[lengthOrder[i]!] = bits.take(3);
  const codes = codesOf(short);
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const symbol = symbolOf(bits, codes);
    if (symbol < 16) {
      lengths[i++] = symbol;
      continue;
    }
    const repeated = symbol === 16 ? (lengths[i - 1] ?? 0) : 0;
    const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    lengths.fill(repeated, i, i + times);
    i += times;
  }
  return { literals: codesOf(lengths.subarray(0, literals)), distances: codesOf(lengths.subarray(literals)) };
}

/** @returns where the bytes of `out` end that are filled; stops with an error rather than write behind its end */
function inflateInto(bits: Bits, out: Uint8Array, start: number): number {
  let to = start;
  const expectRoom = (count: number) => {
    if (to + count > out.length)
      throw new Error(`packed data holds more than the ${out.length} bytes that are promised`);
  };
  for (let isLast = false; !isLast; ) {
    isLast = bits.take(1) === 1;
    const kind = bits.take(2);
    if (kind === 3) throw new Error("packed data holds an unknown block");
    if (kind === 0) {
      const [low, high] = bits.bytes(4);
      const stored = bits.bytes(low! | (high! << 8));
      expectRoom(stored.length);
      out.set(stored, to);
      to += stored.length;
      continue;
    }
    const { literals, distances } = kind === 1 ? fixedCodes : writtenCodes(bits);
    for (;;) {
      const symbol = symbolOf(bits, literals);
      if (symbol < endOfBlock) {
        expectRoom(1);
        out[to++] = symbol;
        continue;
      }
      if (symbol === endOfBlock) break;
      const which = symbol - 257;
      if (which >= lengthBase.length) throw new Error("packed data holds an unknown length");
      const length = lengthBase[which]! + bits.take(lengthBits[which]!);
      const far = symbolOf(bits, distances);
      if (far >= distanceBase.length) throw new Error("packed data holds an unknown distance");
      const distance = distanceBase[far]! + bits.take(distanceBits[far]!);
      if (distance > to - start) throw new Error("packed data refers to what stands before it");
      expectRoom(length);
      for (const end = to + length; to < end; to++) out[to] = out[to - distance]!;
    }
  }
  return to;
}
