/**
 * Decompresses a block of LZ4 into a known number of bytes and not one more.
 * @returns the bytes that were filled from `start` on
 * @throws Error where the block is damaged or unpacks to more
 */
function unpackBlock(input: Uint8Array, out: Uint8Array, start: number): number {
  let to = start;
  let at = 0;
  /** A length goes on in further bytes while they are 255. */
  const lengthFrom = (nibble: number): number => {
    if (nibble < 15) return nibble;
    let length = nibble;
    for (let byte = 255; byte === 255; length += byte) {
      if (at >= input.length) throw new Error("packed data ends too early");
      byte = input[at++]!;
    }
    return length;
  };
  const expectRoom = (count: number) => {
    if (to + count > out.length)
      throw new Error(`packed data holds more than the ${out.length} bytes that are promised`);
  };
  while (at < input.length) {
    const token = input[at++]!;
    const literals = lengthFrom(token >> 4);
    if (at + literals > input.length) throw new Error("packed data ends too early");
    expectRoom(literals);
    out.set(input.subarray(at, at + literals), to);
    to += literals;
    at += literals;
    // The last sequence has no match. That of an empty block, the one byte 00, has no literals either.
    if (at === input.length) break;
    if (at + 2 > input.length) throw new Error("packed data ends too early");
    const distance = input[at]! | (input[at + 1]! << 8);
    at += 2;
    const length = lengthFrom(token & 15) + 4;
    if (distance === 0 || distance > to - start) throw new Error("packed data refers to what stands before it");
    expectRoom(length);
    for (const end = to + length; to < end; to++) out[to] = out[to - distance]!;
  }
  return to - start;
}

/** A page of the codec LZ4_RAW: one block. */
export function unpackLz4Raw(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const filled = unpackBlock(input, out, 0);
  if (filled !== length) throw new Error(`packed data holds ${filled} bytes where ${length} are promised`);
  return out;
}

/**
 * A page of the codec LZ4: frames as Hadoop writes them, each with the sizes of its block in front (unpacked, packed, 4
 * bytes each, highest first); of some writers a bare block.
 */
export function unpackLz4(input: Uint8Array, length: number): Uint8Array {
  return unpackHadoop(input, length) ?? unpackLz4Raw(input, length);
}

/** Null where the sizes in front are none. */
function unpackHadoop(input: Uint8Array, length: number): Uint8Array | null {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const blocks: { unpacked: number; start: number; end: number }[] = [];
  let sum = 0;
  for (let at = 0; at < input.length; ) {
    if (at + 8 > input.length) return null;
    const [unpacked, packed] = [view.getUint32(at), view.getUint32(at + 4)];
    blocks.push({ unpacked, start: at + 8, end: at + 8 + packed });
    at += 8 + packed;
    sum += unpacked;
    if (at > input.length || sum > length) return null;
  }
  if (sum !== length) return null;
  const out = new Uint8Array(length);
  let to = 0;
  for (const { unpacked, start, end } of blocks) {
    const filled = unpackBlock(input.subarray(start, end), out.subarray(0, to + unpacked), to);
    if (filled !== unpacked) throw new Error(`packed data holds ${filled} bytes where ${unpacked} are promised`);
    to += unpacked;
  }
  return out;
}
