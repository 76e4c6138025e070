import type { Pixels } from "./pixels.ts";

export type Filter = "bicubic" | "bilinear" | "box";

/** Half-width of each kernel at scale 1, and the kernel itself. Bicubic has a = -1/2, as Pillow's. */
const kernels: Record<Filter, { support: number; weight: (x: number) => number }> = {
  bicubic: {
    support: 2,
    weight: (x) => {
      const t = Math.abs(x);
      if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
      return t < 2 ? -0.5 * (((t - 5) * t + 8) * t - 4) : 0;
    },
  },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
};

/** Fixed-point digits of a coefficient: a sum of 8-bit values times coefficients, overshoot included, fits in 32 bits. */
export const precisionBits = 32 - 8 - 2;
const half = 1 << (precisionBits - 1);

/** For each output position: where its inputs begin, how many there are, and their integer coefficients. */
export interface Taps {
  first: Int32Array;
  count: Int32Array;
  /** (output length, stride) */
  coefficients: Int32Array;
  stride: number;
}

export function taps(filter: Filter, inputLength: number, outputLength: number): Taps {
  const { support, weight } = kernels[filter];
  const scale = inputLength / outputLength;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(outputLength);
  const count = new Int32Array(outputLength);
  const coefficients = new Int32Array(outputLength * stride);
  const weights = new Float64Array(stride);
  const inverse = 1 / filterScale;
  for (let o = 0; o < outputLength; o++) {
    const center = (o + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const length = Math.min(inputLength, Math.trunc(center + reach + 0.5)) - from;
    let sum = 0;
    for (let k = 0; k < length; k++) {
      const w = weight((k + from - center + 0.5) * inverse);
      weights[k] = w;
      sum += w;
    }
    for (let k = 0; k < length; k++) {
      const w = weights[k]!;
      const scaled = (sum === 0 ? w : w / sum) * (1 << precisionBits);
      coefficients[o * stride + k] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[o] = from;
    count[o] = length;
  }
  return { first, count, coefficients, stride };
}

/** The inputs that outputs read, of which there is at least one. */
export const readRange = ({ first, count }: Taps): [begin: number, end: number] => [
  first[0]!,
  first[first.length - 1]! + count[count.length - 1]!,
];

/**
 * Which pass comes first shows in the rounding. Pillow has gone by columns first since 13.0 where the height shrinks
 * by more than twice as many pixels as the width (src/libImaging/Resample.c, pull request 9549).
 */
export const columnsFirst = ({ width, height }: Pick<Pixels, "width" | "height">, widthPx: number, heightPx: number) =>
  height > heightPx && height - heightPx > 2 * (width - widthPx);

/** A pass along rows: every row of `pixels` to `widthPx`. */
function resizeRows({ width, height, data }: Pixels, widthPx: number, x: Taps): Pixels {
  // Writing to a clamped array clips.
  const out = new Uint8ClampedArray(height * widthPx * 3);
  const { first, count, coefficients, stride } = x;
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let o = 0; o < widthPx; o++) {
      let from = (row * width + first[o]!) * 3;
      const begin = o * stride;
      const end = begin + count[o]!;
      let red = half;
      let green = half;
      let blue = half;
      for (let k = begin; k < end; k++, from += 3) {
        const c = coefficients[k]!;
        red = (red + Math.imul(data[from]!, c)) | 0;
        green = (green + Math.imul(data[from + 1]!, c)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, c)) | 0;
      }
      out[to++] = red >> precisionBits;
      out[to++] = green >> precisionBits;
      out[to++] = blue >> precisionBits;
    }
  }
  return { width: widthPx, height, data: new Uint8Array(out.buffer) };
}

/** A pass along columns. Row 0 of `pixels` is row `firstRow` of the picture that `y` counts rows in. */
function resizeColumns({ width, data }: Pixels, heightPx: number, firstRow: number, y: Taps): Pixels {
  const rowBytes = width * 3;
  const out = new Uint8ClampedArray(heightPx * rowBytes);
  const sums = new Int32Array(rowBytes);
  const { first, count, coefficients, stride } = y;
  for (let o = 0; o < heightPx; o++) {
    sums.fill(half);
    const firstOfTaps = first[o]!;
    const countOfTaps = count[o]!;
    for (let k = 0; k < countOfTaps; k++) {
      const c = coefficients[o * stride + k]!;
      const from = (firstOfTaps + k - firstRow) * rowBytes;
      for (let i = 0; i < rowBytes; i++) sums[i]! += Math.imul(data[from + i]!, c);
    }
    const to = o * rowBytes;
    for (let i = 0; i < rowBytes; i++) out[to + i] = sums[i]! >> precisionBits;
  }
  return { width, height: heightPx, data: new Uint8Array(out.buffer) };
}

/**
 * The picture at another size, equal bit for bit to `Image.resize` of an 8-bit RGB image in Pillow 13: the kernel is
 * widened when shrinking (antialias), levels are rounded and clipped between the two passes.
 * @param widthPx, heightPx whole, at least 1
 */
export function resize(
  pixels: Pixels,
  widthPx: number,
  heightPx: number,
  { filter = "bicubic" }: { filter?: Filter } = {},
): Pixels {
  if (!Number.isInteger(widthPx) || !Number.isInteger(heightPx) || widthPx < 1 || heightPx < 1)
    throw new Error(
      `A picture can be resized to whole sizes of at least 1 x 1 pixels, not to ${widthPx} x ${heightPx}`,
    );
  const { width, height, data } = pixels;
  if (width === widthPx && height === heightPx) return { width, height, data: data.slice() };
  if (height === heightPx) return resizeRows(pixels, widthPx, taps(filter, width, widthPx));
  const y = taps(filter, height, heightPx);
  if (width === widthPx) return resizeColumns(pixels, heightPx, 0, y);
  const x = taps(filter, width, widthPx);
  if (columnsFirst(pixels, widthPx, heightPx)) return resizeRows(resizeColumns(pixels, heightPx, 0, y), widthPx, x);
  // Rows that no output row reads need no pass of their own.
  const [firstRow, endRow] = readRange(y);
  const read = { width, height: endRow - firstRow, data: data.subarray(firstRow * width * 3, endRow * width * 3) };
  return resizeColumns(resizeRows(read, widthPx, x), heightPx, firstRow, y);
}
