/**
 * Quantized weights. Rows of a matrix (O, I) are cut into blocks along I, each with a scale and a zero point:
 * value = (q - zero) * scale, in f32.
 *
 * | dtype | q                                             | zero                  | packed       |
 * | i8    | -127 to 127, a signed byte                    | 0                     | 4 a u32      |
 * | i4    | 0 to 15                                       | 8, or as published    | 8 a u32      |
 * | nf4   | 0 to 15, a place in the table of NormalFloats | 0; table[q] * scale   | 8 a u32      |
 *
 * The lowest bits of a u32 come first along I. Scales stand in the order of the blocks, row by row: the low half of a
 * u32 is the scale, the high half the zero point, both f16. A scale may be subnormal, which `unpack2x16float` is
 * allowed to take for zero.
 */
export interface QuantizedForm {
  dtype: "i8" | "i4" | "nf4";
  /** Numbers along I that share a scale; it divides I. */
  block: number;
}

/** Whole rows of a matrix. */
export interface QuantizedRows {
  data: Uint32Array<ArrayBuffer>;
  scales: Uint32Array<ArrayBuffer>;
}

/** values[start .. start + count), to be multiplied by `inverse`, one over their scale. */
export interface ScaledBlock {
  values: Float32Array;
  start: number;
  count: number;
  inverse: number;
}

/** Numbers in one u32. */
export const perWord = { i8: 4, i4: 8, nf4: 8 } as const;

/** Why a matrix of this many columns cannot be stored in a form, as the end of a sentence; null where it can. */
export function misfit(columns: number, { dtype, block }: QuantizedForm): string | null {
  const word = perWord[dtype];
  if (!Number.isInteger(block) || block < word || block % word !== 0)
    return `blocks of ${dtype} must be multiples of ${word}, found ${block}`;
  if (columns === 0 || columns % block !== 0)
    return `rows of ${columns} numbers are not a multiple of blocks of ${block}`;
  return null;
}

/** @returns the number of rows. @throws RangeError where the form does not fit, or the numbers are not whole rows */
export function checkRows(count: number, columns: number, form: QuantizedForm): number {
  const problem = misfit(columns, form);
  if (problem) throw new RangeError(problem);
  if (count % columns !== 0) throw new RangeError(`expected whole rows of ${columns} numbers, found ${count}`);
  return count / columns;
}
