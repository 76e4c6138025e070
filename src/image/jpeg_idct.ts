import type { Component } from "./jpeg_frame.ts";

// The accurate integer inverse DCT after Loeffler, Ligtenberg and Moschytz, rounded where libjpeg's jidctint rounds:
// 13 bits behind the point in constants, 2 between the passes.
const constBits = 13;
const passBits = 2;
const [c0298, c0390, c0541, c0765, c0899, c1175] = [2446, 3196, 4433, 6270, 7373, 9633];
const [c1501, c1847, c1961, c2053, c2562, c3072] = [12299, 15137, 16069, 16819, 20995, 25172];

/** One pass over 8 values `step` apart, in place; rounds `shift` bits away. */
function transform(values: Int32Array, at: number, step: number, shift: number): void {
  const in0 = values[at]!;
  const in1 = values[at + step]!;
  const in2 = values[at + 2 * step]!;
  const in3 = values[at + 3 * step]!;
  const in4 = values[at + 4 * step]!;
  const in5 = values[at + 5 * step]!;
  const in6 = values[at + 6 * step]!;
  const in7 = values[at + 7 * step]!;
  const half = 1 << (shift - 1);
  // Most columns and rows of smooth pictures.
  if ((in1 | in2 | in3 | in4 | in5 | in6 | in7) === 0) {
    const level = (in0 * (1 << constBits) + half) >> shift;
    for (let i = 0; i < 8; i++) values[at + i * step] = level;
    return;
  }

  const even = (in2 + in6) * c0541;
  const even2 = even - in6 * c1847;
  const even3 = even + in2 * c0765;
  const sum = (in0 + in4) * (1 << constBits);
  const difference = (in0 - in4) * (1 << constBits);
  const e0 = sum + even3;
  const e1 = difference + even2;
  const e2 = difference - even2;
  const e3 = sum - even3;

  const z5 = (in7 + in3 + in5 + in1) * c1175;
  const z1 = -(in7 + in1) * c0899;
  const z2 = -(in5 + in3) * c2562;
  const z3 = z5 - (in7 + in3) * c1961;
  const z4 = z5 - (in5 + in1) * c0390;
  const o0 = in7 * c0298 + z1 + z3;
  const o1 = in5 * c2053 + z2 + z4;
  const o2 = in3 * c3072 + z2 + z3;
  const o3 = in1 * c1501 + z1 + z4;

  values[at] = (e0 + o3 + half) >> shift;
  values[at + step] = (e1 + o2 + half) >> shift;
  values[at + 2 * step] = (e2 + o1 + half) >> shift;
  values[at + 3 * step] = (e3 + o0 + half) >> shift;
  values[at + 4 * step] = (e3 - o0 + half) >> shift;
  values[at + 5 * step] = (e2 - o1 + half) >> shift;
  values[at + 6 * step] = (e1 - o2 + half) >> shift;
  values[at + 7 * step] = (e0 - o3 + half) >> shift;
}

const firstHalf = 1 << (constBits - passBits - 1);
const secondHalf = 1 << (constBits + passBits + 2);

/** Whether a block has its mean alone. */
function isFlat(coefficients: Int16Array, from: number): boolean {
  for (let i = 1; i < 64; i++) if (coefficients[from + i] !== 0) return false;
  return true;
}

/** A component's samples, (height, width) without padding. */
export function samplesOf(component: Component): Uint8Array {
  const { width, height, blockColumns, blockRows, stride, coefficients, quantization } = component;
  if (!quantization)
    throw new Error("This JPEG lacks a scan or a quantization table of one of its colours; the file is damaged");
  const out = new Uint8ClampedArray(width * height);
  const block = new Int32Array(64);
  for (let blockRow = 0; blockRow < blockRows; blockRow++)
    for (let blockColumn = 0; blockColumn < blockColumns; blockColumn++) {
      const from = (blockRow * stride + blockColumn) * 64;
      const rows = Math.min(8, height - blockRow * 8);
      const columns = Math.min(8, width - blockColumn * 8);
      if (isFlat(coefficients, from)) {
        // What both passes of the transform reduce to.
        const once = (coefficients[from]! * quantization[0]! * (1 << constBits) + firstHalf) >> (constBits - passBits);
        const level = ((once * (1 << constBits) + secondHalf) >> (constBits + passBits + 3)) + 128;
        const to = blockRow * 8 * width + blockColumn * 8;
        for (let y = 0; y < rows; y++) out.fill(level, to + y * width, to + y * width + columns);
        continue;
      }
      for (let i = 0; i < 64; i++) block[i] = coefficients[from + i]! * quantization[i]!;
      for (let column = 0; column < 8; column++) transform(block, column, 8, constBits - passBits);
      for (let row = 0; row < 8; row++) transform(block, row * 8, 1, constBits + passBits + 3);
      for (let y = 0; y < rows; y++) {
        const to = (blockRow * 8 + y) * width + blockColumn * 8;
        for (let x = 0; x < columns; x++) out[to + x] = block[y * 8 + x]! + 128;
      }
    }
  return new Uint8Array(out.buffer);
}
