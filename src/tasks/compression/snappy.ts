/**
 * Decompresses Snappy (one block, as pages of parquet files have it) into a known number of bytes and not one more. Written
 * here because hyparquet's decoder reads lengths of 31 bits and more as negative, steps back, and never ends.
 * @throws Error where the data is damaged or unpacks to another length
 */
export function unpackSnappy(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  let to = 0;
  /** A number of some bytes, the lowest first. */
  const number = (bytes: number): number => {
    if (at + bytes > input.length) throw new Error("packed data ends too early");
    let value = 0;
    for (let i = 0; i < bytes; i++) value += input[at++]! * 2 ** (8 * i);
    return value;
  };
  const expectRoom = (count: number) => {
    if (to + count > length) throw new Error(`packed data holds more than the ${length} bytes that are promised`);
  };
  // An empty page of some writers has not even a length.
  if (input.length === 0 && length === 0) return out;
  const promised = unpackedLength(() => number(1));
  if (promised !== length) throw new Error(`packed data holds ${promised} bytes where ${length} are promised`);
  while (at < input.length) {
    const tag = input[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const count = (short < 60 ? short : number(short - 59)) + 1;
      if (at + count > input.length) throw new Error("packed data ends too early");
      expectRoom(count);
      if (count > 32) out.set(input.subarray(at, at + count), to);
      else for (let i = 0; i < count; i++) out[to + i] = input[at + i]!;
      at += count;
      to += count;
      continue;
    }
    const count = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distance = kind === 1 ? (tag >> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4);
    if (distance === 0 || distance > to) throw new Error("packed data refers to what stands before it");
    expectRoom(count);
    for (const end = to + count; to < end; to++) out[to] = out[to - distance]!;
  }
  if (to !== length) throw new Error(`packed data holds ${to} bytes where ${length} are promised`);
  return out;
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow, 32 bits in all. */
function unpackedLength(byte: () => number): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 35; scale *= 128) {
    const next = byte();
    value += (next & 127) * scale;
    if (next < 128) return value;
  }
  throw new Error("packed data holds a length without an end");
}
