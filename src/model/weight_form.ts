import { size } from "../gpu/tensor.ts";
import type { WeightDtype } from "../ops/weight_kernels.ts";
import type { BaseDtype } from "./base_dtype.ts";
import { toBf16, toFloat32 } from "./float_bytes.ts";
import { toHalf } from "./half.ts";
import { embeddingWeight, headWeight } from "./names.ts";
import { dequantizeRows } from "./quantize/dequantize_rows.ts";
import { misfit, type QuantizedForm } from "./quantize/form.ts";
import { quantizeRows } from "./quantize/quantize_rows.ts";
import type { Dtype as StoredDtype } from "./safetensors.ts";

/** How a weight's numbers are stored on the device. */
export type WeightForm = { dtype: Exclude<WeightDtype, QuantizedForm["dtype"]>; block?: undefined } | QuantizedForm;

/** Numbers that share a scale: small blocks for int4, QLoRA's 64 for NF4. int8 has a scale a row. */
const blockOf = { int4: 32, nf4: 64 };

interface Matrix {
  name: string;
  shape: readonly number[];
}

/** Rows and columns that a weight has as a matrix (O, I): a convolution is one over patches. */
export function sidesOf({ shape }: Pick<Matrix, "shape">): { rows: number; columns: number } {
  const [rows = 1] = shape;
  return { rows, columns: size(shape) / rows };
}

/**
 * The form of one weight of a model that is not trained. Vectors, the table of positions, and matrices whose sides four
 * does not divide stay f32: kernels read them number by number. Few bits are for linear layers only, as in QLoRA: the
 * embedding, the head, the convolution over patches and rows that no block divides stay as in their file.
 */
export function formOf(weight: Matrix, base: BaseDtype, stored: StoredDtype): WeightForm {
  const { name, shape } = weight;
  const { rows, columns } = sidesOf(weight);
  const isTable = name.endsWith("pos_embed.weight");
  if (shape.length < 2 || isTable || rows % 4 !== 0 || columns % 4 !== 0) return { dtype: "f32" };
  const asStored: WeightForm = { dtype: stored === "BF16" ? "bf16" : stored === "F16" ? "f16" : "f32" };
  if (base === "auto") return asStored;
  if (base === "f32" || base === "bf16" || base === "f16") return { dtype: base };
  if (shape.length > 2 || name === embeddingWeight || name === headWeight) return asStored;
  const form: QuantizedForm =
    base === "int8" ? { dtype: "i8", block: columns } : { dtype: base === "int4" ? "i4" : "nf4", block: blockOf[base] };
  return misfit(columns, form) === null ? form : asStored;
}

/** The same of a weight that is quantized in its file: it stays so, unless a dtype of floating point is asked for. */
export const publishedFormOf = (form: QuantizedForm, base: BaseDtype): WeightForm =>
  base === "f32" || base === "bf16" || base === "f16" ? { dtype: base } : form;

/** Numbers in a form, packed into u32. */
export interface PackedRows {
  data: Uint32Array | Float32Array;
  scales?: Uint32Array;
}

/**
 * Whole rows of a matrix in another form; halves need not be whole rows, but an even count.
 * @param at  how errors name the matrix, and which of its numbers is the first of these
 * @throws Error naming the row of a number that the form cannot hold
 */
export function pack(
  values: Float32Array,
  columns: number,
  form: WeightForm,
  { name, first = 0 }: { name: string; first?: number },
): PackedRows {
  if (form.block !== undefined) return quantizeRows(values, columns, form, { name, firstRow: first / columns });
  if (form.dtype === "f32") return { data: values };
  const halves = form.dtype === "bf16" ? toBf16(values) : Uint16Array.from(values, toHalf);
  const infinity = form.dtype === "bf16" ? 0x7f80 : 0x7c00;
  for (let i = 0; i < halves.length; i++)
    if ((halves[i]! & 0x7fff) === infinity && Number.isFinite(values[i]))
      throw new Error(
        `${name}, row ${Math.floor((first + i) / columns)}: found ${values[i]}, which is too large for ${form.dtype}; choose another baseDtype`,
      );
  if (halves.length % 2 !== 0)
    throw new RangeError(`${name}: expected an even count of numbers, found ${halves.length}`);
  return { data: new Uint32Array(halves.buffer) };
}

/** The numbers that packed ones represent, as the device reads them. */
export function unpack({ data, scales }: PackedRows, columns: number, form: WeightForm): Float32Array {
  const words = new Uint32Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  if (form.block !== undefined)
    return dequantizeRows({ data: words, scales: Uint32Array.from(scales ?? []) }, columns, form);
  if (form.dtype === "f32") return new Float32Array(words.buffer, words.byteOffset, words.length);
  return toFloat32(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), fileDtype[form.dtype]);
}

const fileDtype = { bf16: "BF16", f16: "F16" } as const;

/** Whether a file's bytes of a dtype are those of a form. */
export const isStoredAs = (form: WeightForm, stored: StoredDtype): boolean =>
  (form.dtype === "f32" && stored === "F32") || (form.dtype in fileDtype && fileDtype[form.dtype as "bf16"] === stored);
