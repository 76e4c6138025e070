/**
 * Packed matrices of AWQ and GPTQ, which have the inputs first, as rows (O, I). Sizes: I inputs, O outputs, G
 * groups; all tensors are whole, so that a range of outputs can be read from all of them.
 * Sources: AutoAWQ's `packing_utils.py` and `WQLinear_GEMM`, GPTQModel's `TorchLinear.dequantize_weight`.
 */

import { toHalf } from "../half.ts";
import type { QuantizedRows } from "./form.ts";

/** The tensors of one linear layer. */
export interface PackedLinear {
  /** How errors name it. */
  name: string;
  I: number;
  O: number;
  G: number;
  /** AWQ: (I, O / 8), eight outputs a u32. GPTQ: (I / 8, O) or (I / 4, O), eight or four inputs a u32, the lowest first. */
  qweight: Uint32Array;
  /** (G, O / 8) or (G, O / 4), packed along the outputs. */
  qzeros: Uint32Array;
  /** (G, O), halves. */
  scales: Uint16Array;
}

/** Which of eight outputs the nibbles of AWQ's u32 belong to, from the lowest on. */
const awqOutputs = [0, 2, 4, 6, 1, 3, 5, 7] as const;
const plainOutputs = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/**
 * Rows [first, first + count) of an AWQ layer as i4; both are multiples of 8. Eight u32 of eight nibbles are turned as
 * a square, in halves, quarters and eighths: nibble k of word p becomes nibble p of word k. In variables, since a loop
 * over an array takes three times as long.
 */
export function awqRows(layer: PackedLinear, first: number, count: number): QuantizedRows {
  const qweight = signed(layer.qweight);
  const data = new Int32Array((count * layer.I) / 8);
  const row = layer.I / 8;
  const next = layer.O / 8;
  for (let word = 0; word < row; word++)
    for (let o = 0; o < count; o += 8) {
      const from = word * layer.O + (first + o) / 8;
      let a = qweight[from]!;
      let b = qweight[from + next]!;
      let c = qweight[from + 2 * next]!;
      let d = qweight[from + 3 * next]!;
      let e = qweight[from + 4 * next]!;
      let f = qweight[from + 5 * next]!;
      let g = qweight[from + 6 * next]!;
      let h = qweight[from + 7 * next]!;
      let swapped = ((a >>> 16) ^ e) & 0xffff;
      e ^= swapped;
      a ^= swapped << 16;
      swapped = ((b >>> 16) ^ f) & 0xffff;
      f ^= swapped;
      b ^= swapped << 16;
      swapped = ((c >>> 16) ^ g) & 0xffff;
      g ^= swapped;
      c ^= swapped << 16;
      swapped = ((d >>> 16) ^ h) & 0xffff;
      h ^= swapped;
      d ^= swapped << 16;
      swapped = ((a >>> 8) ^ c) & 0xff00ff;
      c ^= swapped;
      a ^= swapped << 8;
      swapped = ((b >>> 8) ^ d) & 0xff00ff;
      d ^= swapped;
      b ^= swapped << 8;
      swapped = ((e >>> 8) ^ g) & 0xff00ff;
      g ^= swapped;
      e ^= swapped << 8;
      swapped = ((f >>> 8) ^ h) & 0xff00ff;
      h ^= swapped;
      f ^= swapped << 8;
      swapped = ((a >>> 4) ^ b) & 0x0f0f0f0f;
      b ^= swapped;
      a ^= swapped << 4;
      swapped = ((c >>> 4) ^ d) & 0x0f0f0f0f;
      d ^= swapped;
      c ^= swapped << 4;
      swapped = ((e >>> 4) ^ f) & 0x0f0f0f0f;
      f ^= swapped;
      e ^= swapped << 4;
      swapped = ((g >>> 4) ^ h) & 0x0f0f0f0f;
      h ^= swapped;
      g ^= swapped << 4;
      const to = o * row + word;
      data[to] = a;
      data[to + 2 * row] = b;
      data[to + 4 * row] = c;
      data[to + 6 * row] = d;
      data[to + row] = e;
      data[to + 3 * row] = f;
      data[to + 5 * row] = g;
      data[to + 7 * row] = h;
    }
  return {
    data: new Uint32Array(data.buffer),
    scales: scaleRows(layer, first, count, { bits: 4, outputs: awqOutputs, add: 0 }),
  };
}

/**
 * Rows [first, first + count) of a GPTQ layer, as i4 or i8; both are multiples of 8.
 * @param isZeroLessOne whether one is to be added to stored zero points, over the whole u32 as GPTQModel does
 */
export function gptqRows(
  layer: PackedLinear,
  first: number,
  count: number,
  { bits, isZeroLessOne }: { bits: 4 | 8; isZeroLessOne: boolean },
): QuantizedRows {
  const { I, O } = layer;
  const qweight = signed(layer.qweight);
  const rowWords = (I * bits) / 32;
  const data = new Int32Array(count * rowWords);
  // Bytes that count from 128 become signed ones.
  const sign = bits === 8 ? 0x80808080 : 0;
  for (let o = 0; o < count; o++)
    for (let word = 0, at = first + o; word < rowWords; word++, at += O)
      data[o * rowWords + word] = qweight[at]! ^ sign;
  const add = isZeroLessOne ? (bits === 8 ? 0x01010101 : 0x11111111) : 0;
  return {
    data: new Uint32Array(data.buffer),
    scales: scaleRows(layer, first, count, { bits, outputs: plainOutputs, add }),
  };
}

interface ZeroPoints {
  bits: 4 | 8;
  /** The output of each number in a u32, from the lowest on. */
  outputs: readonly number[];
  /** Added to each u32. */
  add: number;
}

/**
 * Scales as they are stored and zero points as halves; of 8 bits less the 128 that the numbers lost.
 * @throws Error naming the layer where a scale is not finite
 */
function scaleRows(
  { name, O, G, qzeros, scales }: PackedLinear,
  first: number,
  count: number,
  { bits, outputs, add }: ZeroPoints,
): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(count * G);
  const each = 32 / bits;
  const zeroPoints = bits === 8 ? less128 : halves;
  for (let g = 0; g < G; g++)
    for (let o = 0; o < count; o += each) {
      const zeros = qzeros[(g * O + first + o) / each]! + add;
      for (let k = 0; k < each; k++) {
        const output = o + outputs[k]!;
        const scale = scales[g * O + first + output]!;
        if ((scale & 0x7c00) === 0x7c00)
          throw new Error(
            `${name}: expected finite scales, found another in row ${first + output}; is the download complete?`,
          );
        result[output * G + g] = scale | (zeroPoints[(zeros >>> (k * bits)) & (2 ** bits - 1)]! << 16);
      }
    }
  return result;
}

/** By zero point, its half. */
const halves = Uint16Array.from({ length: 16 }, (_, zero) => toHalf(zero));
const less128 = Uint16Array.from({ length: 256 }, (_, zero) => toHalf(zero - 128));

/** The same bits: JavaScript engines hold u32 that may lie above 2^31 as doubles. */
const signed = ({ buffer, byteOffset, length }: Uint32Array) => new Int32Array(buffer, byteOffset, length);
