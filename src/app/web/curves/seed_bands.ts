import type { Point } from "../run/run_state.ts";

/** How runs of one setting are drawn: each, or as their mean with the standard deviation or the range around it. */
export type SeedView = "each" | "deviation" | "range";
export const seedViews: readonly SeedView[] = ["each", "deviation", "range"];

/** The metrics of a point of several runs. */
export const bandKeys = { mean: "mean", low: "low", high: "high", runs: "runs" } as const;

/**
 * One metric of several runs, step by step over the runs that have it there: mean, the ends of the band, and how many
 * they were. Of one run alone there is no deviation: the band is as wide as the line.
 */
export function seedPoints(
  runs: readonly (readonly Point[])[],
  key: string,
  band: Exclude<SeedView, "each">,
): readonly Point[] {
  const steps = new Map<number, number[]>();
  for (const points of runs) {
    for (const { step, metrics } of points) {
      const value = metrics[key];
      if (value === undefined || !Number.isFinite(value)) continue;
      const values = steps.get(step);
      if (values) values.push(value);
      else steps.set(step, [value]);
    }
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const [low, high] = band === "range" ? extremes(values) : around(values, mean);
      return { step, durationMs: 0, metrics: { mean, low, high, runs: values.length } };
    });
}

const extremes = (values: readonly number[]): [number, number] => [
  values.reduce((a, b) => Math.min(a, b)),
  values.reduce((a, b) => Math.max(a, b)),
];

function around(values: readonly number[], mean: number): [number, number] {
  if (values.length < 2) return [mean, mean];
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (values.length - 1));
  return [mean - deviation, mean + deviation];
}
