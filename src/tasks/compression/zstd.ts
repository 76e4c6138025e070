import {
  BackwardBits,
  damaged,
  type PrefixCode,
  readPrefixCode,
  type StateCode,
  unpackLiterals,
} from "./zstd_codes.ts";
import { type Kind, literalLengths, matchLengths, RecentOffsets, SequenceCodes } from "./zstd_sequences.ts";

const largestBlock = 1 << 17;
const frameMark = 0xfd2fb528;
/** Marks of frames that are passed over: sixteen of them. */
const passedMark = 0x184d2a5;

/**
 * Decompresses Zstandard (RFC 8878) into a known number of bytes and not one more. Frames may follow each other; a
 * dictionary is not known, check sums are not looked at. Written here because other decoders either trust the sizes in a
 * block, so that one of 16 bytes makes them compute for minutes, or need permissions that our workers lack.
 * Every step here takes a bit of the input or writes a byte of the output.
 * @throws Error where the data is damaged or unpacks to another length
 */
export function unpackZstd(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let filled = 0;
  for (let at = 0; at < input.length; ) {
    if (at + 8 > input.length) throw damaged("ends too early");
    const mark = view.getUint32(at, true);
    if (mark >>> 4 === passedMark) {
      at += 8 + view.getUint32(at + 4, true);
      if (at > input.length) throw damaged("ends too early");
      continue;
    }
    if (mark !== frameMark) throw damaged("is not a frame of Zstandard");
    const frame = new Frame(input, at + 4, out, filled);
    filled = frame.unpack();
    at = frame.at;
  }
  if (filled !== length) throw damaged(`holds ${filled} bytes where ${length} are promised`);
  return out;
}

class Frame {
  /** Where the next byte of the input is read. */
  at: number;
  readonly #input: Uint8Array;
  readonly #out: Uint8Array;
  readonly #start: number;
  #to: number;
  #window = 0;
  /** The code of literals may be used again by a later block, as those of sequences may. */
  #prefix: PrefixCode | null = null;
  readonly #codes = new SequenceCodes();
  readonly #recent = new RecentOffsets();
  #literals: Uint8Array | null = null;

  constructor(input: Uint8Array, at: number, out: Uint8Array, start: number) {
    this.#input = input;
    this.at = at;
    this.#out = out;
    this.#start = this.#to = start;
  }

  /** @returns where the bytes of `out` end that are filled */
  unpack(): number {
    const { contentBytes, checkBytes } = this.#header();
    for (let isLast = false; !isLast; ) {
      const header = this.#number(3);
      isLast = (header & 1) === 1;
      const kind = (header >> 1) & 3;
      const size = header >> 3;
      const most = Math.min(largestBlock, this.#window);
      if (kind === 3) throw damaged("holds an unknown block");
      if (size > most) throw damaged(`holds a block of ${size} bytes where ${most} are allowed`);
      if (kind === 2) this.#packedBlock(this.#bytes(size), most);
      else if (kind === 0) this.#append(this.#bytes(size));
      else {
        const byte = this.#number(1);
        this.#expectRoom(size);
        this.#out.fill(byte, this.#to, this.#to + size);
        this.#to += size;
      }
    }
    this.#bytes(checkBytes);
    const found = this.#to - this.#start;
    if (contentBytes !== null && contentBytes !== found)
      throw damaged(`holds a frame of ${found} bytes that says it has ${contentBytes}`);
    return this.#to;
  }

  #header(): { contentBytes: number | null; checkBytes: number } {
    const flags = this.#number(1);
    if (flags & 8) throw damaged("is of an unknown version");
    const isSingle = (flags & 32) !== 0;
    const window = isSingle ? 0 : this.#number(1);
    if (this.#number([0, 1, 2, 4][flags & 3]!) !== 0) throw damaged("needs a dictionary, which is not supported");
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!;
    const contentBytes = sizeBytes === 0 ? null : this.#number(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    this.#window = isSingle ? contentBytes! : 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
    if (contentBytes !== null) this.#expectRoom(contentBytes);
    return { contentBytes, checkBytes: flags & 4 };
  }

  #packedBlock(block: Uint8Array, most: number): void {
    const { literals, bytes } = this.#readLiterals(block, most);
    const end = this.#to + most;
    const rest = this.#sequences(block.subarray(bytes), literals, end);
    if (this.#to + rest.length > end) throw damaged(`holds a block of more than the ${most} bytes that are allowed`);
    this.#append(rest);
  }

  /** Section 3.1.1.3.1. @returns the literals of a block, and how many bytes held them */
  #readLiterals(block: Uint8Array, most: number): { literals: Uint8Array; bytes: number } {
    if (block.length === 0) throw damaged("ends too early");
    const kind = block[0]! & 3;
    const format = (block[0]! >> 2) & 3;
    const isPacked = kind >= 2;
    const headerBytes = isPacked ? [3, 3, 4, 5][format]! : [1, 2, 1, 3][format]!;
    if (headerBytes > block.length) throw damaged("ends too early");
    let header = 0;
    for (let i = 0; i < headerBytes; i++) header += block[i]! * 2 ** (8 * i);
    const sizeBits = [10, 10, 14, 18][format]!;
    const size = isPacked ? Math.floor(header / 16) % 2 ** sizeBits : header >> (format % 2 ? 4 : 3);
    const packed = isPacked ? Math.floor(header / 2 ** (4 + sizeBits)) : kind === 0 ? size : 1;
    if (size > most) throw damaged(`holds ${size} literals in a block where ${most} bytes are allowed`);
    const bytes = headerBytes + packed;
    if (bytes > block.length) throw damaged("ends too early");
    let body = block.subarray(headerBytes, bytes);
    if (kind === 0) return { literals: body, bytes };
    this.#literals ??= new Uint8Array(Math.min(largestBlock, this.#window));
    const literals = this.#literals.subarray(0, size);
    if (kind === 1) return { literals: literals.fill(body[0]!), bytes };
    if (kind === 2) {
      const read = readPrefixCode(body);
      this.#prefix = read.code;
      body = body.subarray(read.bytes);
    }
    if (!this.#prefix) throw damaged("uses a code that was not described");
    if (format === 0) unpackLiterals(body, this.#prefix, literals);
    else unpackFour(body, this.#prefix, literals);
    return { literals, bytes };
  }

  /**
   * Section 3.1.1.3.2: literals and matches in turn.
   * @param end of the output that this block may fill
   * @returns the literals behind the last match
   */
  #sequences(bytes: Uint8Array, literals: Uint8Array, end: number): Uint8Array {
    const [first = -1, second = 0, third = 0] = bytes;
    let at = first < 128 ? 1 : first < 255 ? 2 : 3;
    if (first < 0 || at > bytes.length) throw damaged("ends too early");
    let count = first < 128 ? first : first < 255 ? ((first - 128) << 8) + second : second + (third << 8) + 0x7f00;
    if (count === 0) {
      if (at < bytes.length) throw damaged("goes on behind its last literal");
      return literals;
    }
    const modes = bytes[at++] ?? 0;
    if (modes & 3) throw damaged("holds an unknown code");
    const read = (kind: Kind, mode: number): StateCode => {
      const found = this.#codes.read(kind, mode, bytes.subarray(at));
      at += found.bytes;
      return found.code;
    };
    const lengthCode = read("literals", modes >> 6);
    const offsetCode = read("offsets", (modes >> 4) & 3);
    const matchCode = read("matches", (modes >> 2) & 3);
    const bits = new BackwardBits(bytes.subarray(at));
    let lengthState = bits.take(lengthCode.log);
    let offsetState = bits.take(offsetCode.log);
    let matchState = bits.take(matchCode.log);
    const out = this.#out;
    let to = this.#to;
    let used = 0;
    for (; count > 0; count--) {
      const offsetSymbol = offsetCode.symbols[offsetState]!;
      const said = 2 ** offsetSymbol + bits.take(offsetSymbol);
      const matchSymbol = matchCode.symbols[matchState]!;
      const match = matchLengths.base[matchSymbol]! + bits.take(matchLengths.bits[matchSymbol]!);
      const lengthSymbol = lengthCode.symbols[lengthState]!;
      const length = literalLengths.base[lengthSymbol]! + bits.take(literalLengths.bits[lengthSymbol]!);
      if (count > 1) {
        lengthState = lengthCode.base[lengthState]! + bits.take(lengthCode.bits[lengthState]!);
        matchState = matchCode.base[matchState]! + bits.take(matchCode.bits[matchState]!);
        offsetState = offsetCode.base[offsetState]! + bits.take(offsetCode.bits[offsetState]!);
      }
      const offset = this.#recent.offset(said, length === 0);
      if (used + length > literals.length) throw damaged("asks for more literals than it holds");
      if (to + length + match > end) throw damaged("holds a block of more bytes than are allowed");
      this.#to = to;
      this.#expectRoom(length + match);
      for (const last = used + length; used < last; ) out[to++] = literals[used++]!;
      if (offset > to - this.#start || offset > this.#window) throw damaged("refers to what stands before it");
      if (match > 64 && offset >= match) {
        out.copyWithin(to, to - offset, to - offset + match);
        to += match;
      } else for (const last = to + match; to < last; to++) out[to] = out[to - offset]!;
    }
    if (bits.left !== 0) throw damaged("goes on behind its last match");
    this.#to = to;
    return literals.subarray(used);
  }

  #append(bytes: Uint8Array): void {
    this.#expectRoom(bytes.length);
    this.#out.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  #expectRoom(count: number): void {
    if (this.#to + count > this.#out.length)
      throw damaged(`holds more than the ${this.#out.length} bytes that are promised`);
  }

  #bytes(count: number): Uint8Array {
    const start = this.at;
    if (start + count > this.#input.length) throw damaged("ends too early");
    this.at += count;
    return this.#input.subarray(start, this.at);
  }

  /** A number of some bytes, the lowest first. */
  #number(count: number): number {
    return this.#bytes(count).reduceRight((number, byte) => number * 256 + byte, 0);
  }
}

/** Four streams of literals, with the sizes of the first three in front. */
function unpackFour(bytes: Uint8Array, code: PrefixCode, out: Uint8Array): void {
  const each = (out.length + 3) >> 2;
  if (bytes.length < 6 || out.length < 3 * each) throw damaged("ends too early");
  for (let i = 0, at = 6; i < 4; i++) {
    const end = i < 3 ? at + (bytes[2 * i]! | (bytes[2 * i + 1]! << 8)) : bytes.length;
    if (end > bytes.length) throw damaged("ends too early");
    unpackLiterals(bytes.subarray(at, end), code, out.subarray(i * each, i < 3 ? (i + 1) * each : out.length));
    at = end;
  }
}
