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
 * [-1, 1] in cells narrower than the space between two thresholds, so that a cell holds one at most: the nearest value
 * is `cellFirst`, or the next one above `cellThreshold`. A half's rounding error takes numbers beyond 1, hence the
 * margin.
 */
const cellsPerUnit = 32;
const margin = 1.03125;
const cellCount = Math.ceil(2 * margin * cellsPerUnit);
const cellFirst = new Uint8Array(cellCount);
const cellThreshold = new Float64Array(cellCount).fill(Infinity);
for (let cell = 0; cell < cellCount; cell++) {
  const begin = cell / cellsPerUnit - margin;
  const end = begin + 1 / cellsPerUnit;
  for (let q = 0; q < 15; q++) {
    const threshold = (nf4Values[q]! + nf4Values[q + 1]!) / 2;
    if (threshold < begin) cellFirst[cell] = q + 1;
    else if (threshold < end) cellThreshold[cell] = threshold;
  }
}

/**
 * Places in the table of the values nearest to values[at .. at + count) * inverse, eight to a u32 from `word` on.
 * @param inverse  one over the scale; the products lie in [-1.001, 1.001]
 */
export function packNf4(
  values: Float32Array,
  at: number,
  count: number,
  inverse: number,
  data: Uint32Array,
  word: number,
): void {
  const end = at + count;
  for (let i = at; i < end; i += 8) {
    let bits = 0;
    for (let k = 7; k >= 0; k--) {
      const x = values[i + k]! * inverse;
      const cell = ((x + margin) * cellsPerUnit) | 0;
      bits = (bits << 4) | (x > cellThreshold[cell]! ? cellFirst[cell]! + 1 : cellFirst[cell]!);
    }
    data[word++] = bits;
  }
}
