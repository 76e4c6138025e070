import type { Column } from "./columns.ts";

/**
 * Fewer points that are drawn as the same curve: of each range of steps the smallest and the largest value, and the
 * first and last of all. What is drawn alone: log, table and file keep every step.
 * @param ranges  about as many as the plot is wide in pixels, half as many at least
 */
export function thinned({ steps, values }: Column, ranges: number): Column {
  const each = Math.ceil(values.length / ranges);
  if (each <= 2) return { steps, values };
  const kept: number[] = [];
  const keep = (i: number): void => {
    if (i > (kept.at(-1) ?? -1)) kept.push(i);
  };
  keep(0);
  for (let begin = 0; begin < values.length; begin += each) {
    const end = Math.min(begin + each, values.length);
    let [low, high] = [-1, -1];
    for (let i = begin; i < end; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < values[low]!) low = i;
      if (high < 0 || value > values[high]!) high = i;
    }
    if (low < 0) continue;
    keep(Math.min(low, high));
    keep(Math.max(low, high));
  }
  keep(values.length - 1);
  return { steps: Float64Array.from(kept, (i) => steps[i]!), values: Float64Array.from(kept, (i) => values[i]!) };
}
