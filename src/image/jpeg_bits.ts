/** Codes up to this long are found by one table lookup. */
const lookBits = 9;

/** A Huffman table, ready to decode. */
export interface HuffmanTable {
  /** Of the next 9 bits: code length * 256 + symbol, or 0 where the code is longer. */
  look: Uint16Array;
  /** Largest code of each length, -1 where there is none. */
  largest: Int32Array;
  /** Added to a code of each length, it gives the index of its symbol. */
  offset: Int32Array;
  symbols: Uint8Array;
}

/** @param counts number of codes of length 1 to 16 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const look = new Uint16Array(1 << lookBits);
  const largest = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    offset[length] = index - code;
    const count = counts[length - 1] ?? 0;
    for (let i = 0; i < count; i++, code++, index++) {
      if (code >= 1 << length) throw new Error("This JPEG's Huffman table has too many codes; the file is damaged");
      if (length <= lookBits) {
        const first = code << (lookBits - length);
        look.fill((length << 8) | symbols[index]!, first, first + (1 << (lookBits - length)));
      }
    }
    if (count > 0) largest[length] = code - 1;
  }
  return { look, largest, offset, symbols };
}

/** The bits of a scan without stuffed zeros. Stops before every marker. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** Next byte to take in. */
  #at: number;
  #bits = 0;
  #count = 0;
  #restarts = 0;
  #restartsInOrder = true;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The next `count` bits (0 to 16) as a number. */
  take(count: number): number {
    if (count === 0) return 0;
    if (this.#count < count) this.#fill(count);
    this.#count -= count;
    return (this.#bits >> this.#count) & ((1 << count) - 1);
  }

  /** A number of `count` bits in JPEG's form: the smaller half of the codes is negative. */
  signed(count: number): number {
    const value = this.take(count);
    return count > 0 && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  symbol(table: HuffmanTable): number {
    if (this.#count < 16) this.#fill(0);
    const ahead =
      this.#count >= lookBits
        ? (this.#bits >> (this.#count - lookBits)) & ((1 << lookBits) - 1)
        : (this.#bits << (lookBits - this.#count)) & ((1 << lookBits) - 1);
    const found = table.look[ahead]!;
    const length = found >> 8;
    if (length > 0 && length <= this.#count) {
      this.#count -= length;
      return found & 255;
    }
    let code = 0;
    for (let bits = 1; bits <= 16; bits++) {
      code = (code << 1) | this.take(1);
      if (code <= table.largest[bits]!) return table.symbols[code + table.offset[bits]!]!;
    }
    throw new Error("This JPEG holds a Huffman code that its table does not know; the file is damaged");
  }

  /** Drops the rest of the byte and skips the restart marker that must follow. */
  restart(): void {
    this.#count = 0;
    const [first, second] = [this.#bytes[this.#at], this.#bytes[this.#at + 1]];
    if (first !== 0xff || second === undefined || second < 0xd0 || second > 0xd7)
      throw new Error("This JPEG lacks a restart marker where one is due; the file is damaged");
    this.#restartsInOrder &&= (second & 7) === (this.#restarts++ & 7);
    this.#at += 2;
  }

  /** Whether restart markers had the numbers that were due; decoders differ where they have not. */
  get restartsInOrder(): boolean {
    return this.#restartsInOrder;
  }

  /** Where the search for the next marker begins. */
  get position(): number {
    return this.#at;
  }

  /** Reads bytes while they fit. @throws where fewer than `needed` bits are left before a marker */
  #fill(needed: number): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0)) break;
      this.#at += byte === 0xff ? 2 : 1;
      this.#bits = ((this.#bits & 0xffff) << 8) | byte;
      this.#count += 8;
    }
    if (this.#count < needed) throw new Error("This JPEG ends in the middle of its pixels; the file is not whole");
  }
}
