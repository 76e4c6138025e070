import { fromHalf } from "../half.ts";
import { checkRows, type QuantizedForm, type QuantizedRows } from "./form.ts";
import { nf4Values } from "./nf4.ts";

/**
 * The numbers of whole rows, each rounded to f32 as on the GPU: q - zero and its product with a half are exact in f32,
 * and a value of NormalFloat times a half is rounded once.
 */
export function dequantizeRows(
  { data, scales }: QuantizedRows,
  columns: number,
  form: QuantizedForm,
): Float32Array<ArrayBuffer> {
  const { dtype, block } = form;
  const count = scales.length * block;
  checkRows(count, columns, form);
  const values = new Float32Array(count);
  const bytes = new Int8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let b = 0; b < scales.length; b++) {
    const word = scales[b]!;
    const scale = fromHalf(word & 0xffff);
    const zero = fromHalf(word >>> 16);
    const end = (b + 1) * block;
    if (dtype === "i8") for (let i = b * block; i < end; i++) values[i] = (bytes[i]! - zero) * scale;
    else
      for (let i = b * block; i < end; i++) {
        const q = (data[i >>> 3]! >>> ((i & 7) * 4)) & 15;
        values[i] = dtype === "i4" ? (q - zero) * scale : nf4Values[q]! * scale;
      }
  }
  return values;
}
