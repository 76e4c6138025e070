/** Rounds a count up to the next size that plans are recorded for: eight sizes an octave, so at most an eighth is padding. */
export function bucket(count: number, multiple = 1): number {
  const step = Math.max(multiple, 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, count))) - 3));
  const rounded = Math.ceil(Math.max(1, count) / step) * step;
  return Math.ceil(rounded / multiple) * multiple;
}
