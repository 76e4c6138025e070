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
const precisionBits = 32 - 8 - 2;
const half = 1 << (precisionBits - 1);

/** For each output position: where its inputs begin, how many there are, and their integer coefficients. */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  /** (output length, stride) */
  coefficients: Int32Array;
  stride: number;
}

function taps(filter: Filter, inputLength: number, outputLength: number): Taps {
  const { support, weight } = kernels[filter];
  const scale = inputLength / outputLength;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(outputLength);
  const count = new Int32Array(outputLength);
  const coefficients = new Int32Array(outputLength * stride);
  const weights = new Float64Array(stride);
  for (let o = 0; o < outputLength; o++) {
    const center = (o + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const length = Math.min(inputLength, Math.trunc(center + reach + 0.5)) - from;
    let sum = 0;
    for (let k = 0; k < length; k++) {
      weights[k] = weight((k + from - center + 0.5) * (1 / filterScale));
      sum += weights[k];
    }
    for (let k = 0; k < length; k++) {
      const scaled = (sum === 0 ? weights[k] : weights[k] / sum) * (1 << precisionBits);
      coefficients[o * stride + k] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[o] = from;
    count[o] = length;
  }
  return { first, count, coefficients, stride };
}

/** The level of a fixed-point sum. */
const clip = (sum: number): number => {
  const level = sum >> precisionBits;
  return level < 0 ? 0 : level > 255 ? 255 : level;
};

/** Rows `firstRow` to `firstRow + rows` of the input, each shortened or stretched to `outputWidth`. */
function resizeRows(data: Uint8Array, width: number, firstRow: number, rows: number, outputWidth: number, x: Taps) {
  const out = new Uint8Array(rows * outputWidth * 3);
  const { first, count, coefficients, stride } = x;
  let to = 0;
  for (let row = firstRow; row < firstRow + rows; row++) {
    for (let o = 0; o < outputWidth; o++) {
      let from = (row * width + first[o]) * 3;
      const begin = o * stride;
      const end = begin + count[o];
      let red = half;
      let green = half;
      let blue = half;
      for (let k = begin; k < end; k++, from += 3) {
        const c = coefficients[k];
        red = (red + Math.imul(data[from], c)) | 0;
        green = (green + Math.imul(data[from + 1], c)) | 0;
        blue = (blue + Math.imul(data[from + 2], c)) | 0;
      }
      out[to++] = clip(red);
      out[to++] = clip(green);
      out[to++] = clip(blue);
    }
  }
  return out;
}

/** Columns shortened or stretched to `outputHeight`; row 0 of `data` is row `firstRow` of the picture that `y` speaks of. */
function resizeColumns(data: Uint8Array, rowBytes: number, firstRow: number, outputHeight: number, y: Taps) {
  const out = new Uint8Array(outputHeight * rowBytes);
  const sums = new Int32Array(rowBytes);
  const { first, count, coefficients, stride } = y;
  for (let o = 0; o < outputHeight; o++) {
    sums.fill(half);
    for (let k = 0; k < count[o]; k++) {
      const c = coefficients[o * stride + k];
      const from = (first[o] + k - firstRow) * rowBytes;
      for (let i = 0; i < rowBytes; i++) sums[i] += Math.imul(data[from + i], c);
    }
    const to = o * rowBytes;
    for (let i = 0; i < rowBytes; i++) out[to + i] = clip(sums[i]);
  }
  return out;
}

/**
 * The picture at another size, equal bit for bit to Pillow's `Image.resize` of an 8-bit RGB image: the kernel is
 * widened when shrinking (antialias), rows are resized before columns, and levels are rounded and clipped between.
 * @param widthPx, heightPx whole, at least 1
 */
export function resize(
  pixels: Pixels,
  widthPx: number,
  heightPx: number,
  { filter = "bicubic" }: { filter?: Filter } = {},
): Pixels {
  if (!Number.isInteger(widthPx) || !Number.isInteger(heightPx) || widthPx < 1 || heightPx < 1)
    throw new Error(`A picture can be resized to whole sizes of at least 1 x 1 pixels, not to ${widthPx} x ${heightPx}`);
  const { width, height } = pixels;
  const y = taps(filter, height, heightPx);
  const last = heightPx - 1;
  // Rows that no output row reads need no horizontal pass.
  const firstRow = height === heightPx ? 0 : y.first[0];
  const rows = height === heightPx ? height : y.first[last] + y.count[last] - firstRow;
  const narrowed =
    width === widthPx
      ? pixels.data.subarray(firstRow * width * 3, (firstRow + rows) * width * 3)
      : resizeRows(pixels.data, width, firstRow, rows, widthPx, taps(filter, width, widthPx));
  const data =
    height === heightPx
      ? width === widthPx
        ? narrowed.slice()
        : narrowed
      : resizeColumns(narrowed, widthPx * 3, firstRow, heightPx, y);
  return { width: widthPx, height: heightPx, data };
}
