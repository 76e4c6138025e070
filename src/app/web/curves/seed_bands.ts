import type { Column } from "./columns.ts";

/** How runs of one setting are drawn: each, or as their mean with the standard deviation or the range around it. */
export type SeedView = "each" | "deviation" | "range";
export const seedViews: readonly SeedView[] = ["each", "deviation", "range"];

/** Several runs, step by step over those that have a value there: mean, the ends of the band, and how many they were. */
export interface SeedColumns {
  mean: Column;
  low: Column;
  high: Column;
  runs: Column;
}

/** Of one run alone there is no deviation: the band is as wide as the line. */
export function seedColumns(runs: readonly Column[], band: Exclude<SeedView, "each">): SeedColumns {
  const all = new Set<number>();
  for (const { steps } of runs) for (const step of steps) all.add(step);
  const steps = Float64Array.from(all).sort();
  const [mean, low, high, counts] = Array.from({ length: 4 }, () => new Float64Array(steps.length)) as [
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
  ];
  /** Of each run the place of the first step that is not below the one that is looked at. */
  const places = runs.map(() => 0);
  const values: number[] = [];
  for (const [i, step] of steps.entries()) {
    values.length = 0;
    for (const [r, run] of runs.entries()) {
      const place = places[r]!;
      if (run.steps[place] !== step) continue;
      places[r] = place + 1;
      const value = run.values[place]!;
      if (!Number.isNaN(value)) values.push(value);
    }
    counts[i] = values.length;
    mean[i] = values.reduce((sum, value) => sum + value, 0) / values.length;
    [low[i], high[i]] = band === "range" ? extremes(values) : around(values, mean[i]);
  }
  return {
    mean: { steps, values: mean },
    low: { steps, values: low },
    high: { steps, values: high },
    runs: { steps, values: counts },
  };
}

const extremes = (values: readonly number[]): [number, number] =>
  values.length === 0
    ? [Number.NaN, Number.NaN]
    : [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];

function around(values: readonly number[], mean: number): [number, number] {
  if (values.length < 2) return [mean, mean];
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (values.length - 1));
  return [mean - deviation, mean + deviation];
}
