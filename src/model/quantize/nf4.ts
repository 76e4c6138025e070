import type { ScaledBlock } from "./form.ts";

/**
 * The 16 values of NormalFloat, in f32: quantiles of a normal distribution that span [-1, 1] and hold 0 exactly.
 * Source: Dettmers et al. 2023 (QLoRA), appendix E; the same digits in bitsandbytes' `functional.py`.
 */
export const nf4Values = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/**
 * A table by cells of products, so narrow that a cell holds one threshold between values at most. Where it holds none,
 * `nearest` is the index of the nearest value, else `between`, and `below` the index of the value below the threshold.
 * A half's rounding error takes products beyond 1, hence the margin.
 */
const cellsPerUnit = 2048;
const margin = 1.03125 * cellsPerUnit;
const between = 255;
const nearest = new Uint8Array(2 * margin);
const below = new Uint8Array(2 * margin);
const threshold = (q: number): number => (nf4Values[q]! + nf4Values[q + 1]!) / 2;
for (let cell = 0, q = 0; cell < nearest.length; cell++) {
  const end = (cell + 1 - margin) / cellsPerUnit;
  below[cell] = q;
  nearest[cell] = q;
  if (q < 15 && threshold(q) < end) {
    nearest[cell] = between;
    q++;
  }
}

/** Indices of the nearest values in the table, eight to a word from `word` on; products lie in [-1.001, 1.001]. */
export function packNf4({ values, start, count, inverse }: ScaledBlock, data: Int32Array, word: number): void {
  const end = start + count;
  for (let i = start; i < end; i += 8) {
    let bits = 0;
    for (let k = 7; k >= 0; k--) {
      const x = values[i + k]! * inverse;
      const cell = (x * cellsPerUnit + margin) | 0;
      let q = nearest[cell]!;
      if (q === between) {
        q = below[cell]!;
        if (x > threshold(q)) q++;
      }
      bits = (bits << 4) | q;
    }
    data[word++] = bits;
  }
}
