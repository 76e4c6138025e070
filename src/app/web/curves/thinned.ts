import type { Point } from "../run/run_state.ts";

/**
 * Fewer points that are drawn as the same curves: of each stretch of steps those where one of the metrics is smallest or
 * largest there, and the first and last of all. What is drawn alone: log, table and file keep every step.
 * @param stretches  about as many as the plot is wide in pixels, half as many at least
 */
export function thinned(points: readonly Point[], keys: readonly string[], stretches: number): readonly Point[] {
  const each = Math.ceil(points.length / stretches);
  if (each <= 2 * keys.length) return points;
  const kept = new Set([0, points.length - 1]);
  for (let begin = 0; begin < points.length; begin += each) {
    const end = Math.min(begin + each, points.length);
    for (const key of keys) {
      let [low, high] = [-1, -1];
      for (let i = begin; i < end; i++) {
        const value = points[i]!.metrics[key];
        if (value === undefined || Number.isNaN(value)) continue;
        if (low < 0 || value < points[low]!.metrics[key]!) low = i;
        if (high < 0 || value > points[high]!.metrics[key]!) high = i;
      }
      if (low >= 0) kept.add(low).add(high);
    }
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]!);
}
