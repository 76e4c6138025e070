import { fromHalf, toHalf } from "../half.ts";
import { checkRows, perWord, type QuantizedForm, type QuantizedRows, type ScaledBlock } from "./form.ts";
import { packNf4 } from "./nf4.ts";

/** How errors name the rows. */
export interface RowsAt {
  /** Of the matrix. */
  name: string;
  /** Index of the first of the rows in the matrix. */
  firstRow: number;
}

/** The zero point 8, in the high half. */
const i4Zero = toHalf(8) << 16;

/**
 * Quantizes whole rows: a block's scale follows from its largest magnitude and is rounded to f16, and every number
 * becomes the nearest that the rounded scale can give (ties upwards). A block of zeros stays zero.
 *
 * i8: |largest| / 127. i4: largest / -8, so that the number of largest magnitude is eight steps from zero whatever its
 * sign, as in ggml's Q4_0; the mean square error is 22 % smaller than with |largest| / 7, for normal and for
 * long-tailed numbers, in blocks of 32 and of 64.
 * nf4: |largest|.
 *
 * @throws Error naming the row that holds a number which is not finite or needs a scale above the largest half
 */
export function quantizeRows(
  values: Float32Array,
  columns: number,
  form: QuantizedForm,
  at: RowsAt = { name: "matrix", firstRow: 0 },
): QuantizedRows {
  checkRows(values.length, columns, form);
  const { dtype, block } = form;
  const blocks = values.length / block;
  const data = new Uint32Array(values.length / perWord[dtype]);
  const scales = new Uint32Array(blocks);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // JavaScript engines hold u32 that may lie above 2^31 as doubles.
  const words = new Int32Array(data.buffer);
  const bytes = new Int8Array(data.buffer);
  const blockWords = block / perWord[dtype];
  // One object for all blocks: a model has millions of them.
  const scaled: ScaledBlock = { values, start: 0, count: block, inverse: 0 };
  for (let b = 0; b < blocks; b++) {
    const start = b * block;
    const largest = values[indexOfLargest(bits, start, block)]!;
    const wanted = dtype === "i8" ? Math.abs(largest) / 127 : dtype === "i4" ? largest / -8 : Math.abs(largest);
    const half = scaleHalf(wanted);
    const scale = fromHalf(half);
    if (!Number.isFinite(scale)) throw new Error(scaleSentence(largest, Math.floor(start / columns), at));
    scales[b] = dtype === "i4" ? half | i4Zero : half;
    scaled.start = start;
    scaled.inverse = scale === 0 ? 0 : 1 / scale;
    if (dtype === "i8") packI8(scaled, bytes);
    else if (dtype === "i4") packI4(scaled, words, b * blockWords);
    else packNf4(scaled, words, b * blockWords);
  }
  return { data, scales };
}

/**
 * The first index in a block of the largest magnitude; bits of magnitudes are ordered as the magnitudes are, NaN last.
 * Four maxima side by side, so that none waits for the one before.
 */
function indexOfLargest(bits: Int32Array, start: number, count: number): number {
  const end = start + count;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = start; i < end; i += 4) {
    a = Math.max(a, bits[i]! & 0x7fffffff);
    b = Math.max(b, bits[i + 1]! & 0x7fffffff);
    c = Math.max(c, bits[i + 2]! & 0x7fffffff);
    d = Math.max(d, bits[i + 3]! & 0x7fffffff);
  }
  const most = Math.max(Math.max(a, b), Math.max(c, d));
  let index = start;
  while ((bits[index]! & 0x7fffffff) !== most) index++;
  return index;
}

/** To the nearest half; small ones, whose steps are coarse, away from zero, so that the largest number still fits. */
function scaleHalf(wanted: number): number {
  if (wanted === 0) return 0;
  const half = toHalf(wanted);
  const isSubnormal = (half & 0x7fff) < 0x400;
  return isSubnormal && Math.abs(fromHalf(half)) < Math.abs(wanted) ? half + 1 : half;
}

/** No product lies beyond 127.1: a normal half is off by a 2048th at most. */
function packI8({ values, start, count, inverse }: ScaledBlock, bytes: Int8Array): void {
  const end = start + count;
  for (let i = start; i < end; i++) bytes[i] = ((values[i]! * inverse + 128.5) | 0) - 128;
}

/** Products lie in [-8.01, 8.01]: what is nearest to 8 becomes 7. */
function packI4({ values, start, count, inverse }: ScaledBlock, data: Int32Array, word: number): void {
  const end = start + count;
  for (let i = start; i < end; i += 8)
    data[word++] =
      Math.min((values[i]! * inverse + 8.5) | 0, 15) |
      (Math.min((values[i + 1]! * inverse + 8.5) | 0, 15) << 4) |
      (Math.min((values[i + 2]! * inverse + 8.5) | 0, 15) << 8) |
      (Math.min((values[i + 3]! * inverse + 8.5) | 0, 15) << 12) |
      (Math.min((values[i + 4]! * inverse + 8.5) | 0, 15) << 16) |
      (Math.min((values[i + 5]! * inverse + 8.5) | 0, 15) << 20) |
      (Math.min((values[i + 6]! * inverse + 8.5) | 0, 15) << 24) |
      (Math.min((values[i + 7]! * inverse + 8.5) | 0, 15) << 28);
}

function scaleSentence(largest: number, row: number, { name, firstRow }: RowsAt): string {
  const found = Number.isFinite(largest) ? `${largest}, whose scale no half can hold` : `${largest}`;
  return `${name}, row ${firstRow + row}: expected finite weights small enough to be quantized, found ${found}; leave them unquantized (baseDtype auto), or use another checkpoint`;
}
