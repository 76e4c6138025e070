import type { Point } from "../run/run_state.ts";

/**
 * An exponential moving average whose weights sum to 1 from the first value on, as TensorBoard draws it: a value counts
 * `weight` times as much as the next one. Steps without a value stay without one and do not count.
 * @param weight  0 (nothing is smoothed) to below 1
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return [...values];
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return sum / norm;
  });
}

/** The same points with some of their metrics smoothed, alone. */
export function smoothedPoints(points: readonly Point[], keys: readonly string[], weight: number): readonly Point[] {
  if (weight <= 0) return points;
  const columns = keys.map((key) =>
    smoothed(
      points.map(({ metrics }) => metrics[key] ?? null),
      weight,
    ),
  );
  return points.map(({ step, durationMs }, i) => {
    const metrics: Record<string, number> = {};
    for (const [k, key] of keys.entries()) {
      const value = columns[k]![i];
      if (value !== null && value !== undefined) metrics[key] = value;
    }
    return { step, durationMs, metrics };
  });
}
