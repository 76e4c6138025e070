/** A picture with transparency, 8 bits a level. */
export interface Levels {
  width: number;
  height: number;
  /** (height, width, 4) */
  rgba: Uint8Array | Uint8ClampedArray;
}

/** The pixels of an uncompressed BMP of 24 or 32 bits with blue first, as Deno's canvas writes it. */
export function readBmp(bytes: Uint8Array): Levels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(28, true);
  if (bits !== 24 && bits !== 32) throw new Error(`Expected a BMP of 24 or 32 bits, found ${bits}`);
  const step = bits / 8;
  const stride = (width * step + 3) & ~3;
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0, to = 0; y < height; y++) {
    // A positive height counts from the bottom.
    let from = start + (signedHeight > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++, from += step, to += 4) {
      rgba[to] = bytes[from + 2]!;
      rgba[to + 1] = bytes[from + 1]!;
      rgba[to + 2] = bytes[from]!;
      rgba[to + 3] = bits === 32 ? bytes[from + 3]! : 255;
    }
  }
  return { width, height, rgba };
}
