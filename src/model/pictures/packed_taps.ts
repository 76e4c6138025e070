import { precisionBits, readRange, taps } from "../../image/resize.ts";
import type { PackedTaps } from "../../ops/resize.ts";

/** Taps along an axis for the device, and the inputs that they read. */
export interface AxisTaps extends PackedTaps {
  range: readonly [begin: number, end: number];
}

/** Pairs of lengths that are kept: boxes of zooms come in many sizes, the sizes of model inputs are few. */
const mostKept = 512;
/** Longer tables, of large pictures, are made again. */
const mostKeptWords = 2 ** 14;

const kept = new Map<string, AxisTaps>();

/** The taps of `resize` from one length to another, bicubic. */
export function packedTaps(from: number, to: number): AxisTaps {
  const key = `${from} ${to}`;
  const known = kept.get(key);
  if (known) return known;
  const made = from === to ? unchanged(from) : packed(from, to);
  if (made.words.length > mostKeptWords) return made;
  const [oldest] = kept.keys();
  if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
  kept.set(key, made);
  return made;
}

function packed(from: number, to: number): AxisTaps {
  const found = taps("bicubic", from, to);
  const { first, count, coefficients, stride } = found;
  const words = new Int32Array(to * (2 + stride));
  for (let i = 0; i < to; i++) {
    const at = i * (2 + stride);
    words[at] = first[i]!;
    words[at + 1] = count[i]!;
    words.set(coefficients.subarray(i * stride, (i + 1) * stride), at + 2);
  }
  return { words, stride, range: readRange(found) };
}

/** Each output is its input: (level * 2^22 + 2^21) >> 22. */
function unchanged(length: number): AxisTaps {
  const words = new Int32Array(length * 3);
  for (let i = 0; i < length; i++) words.set([i, 1, 1 << precisionBits], i * 3);
  return { words, stride: 1, range: [0, length] };
}
