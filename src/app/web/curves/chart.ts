import type { Band, Line } from "../widgets/plot_lines.ts";
import type { CurveSpec, Part } from "./catalogue.ts";
import { type Column, columnOf, within } from "./columns.ts";
import { heldOutKey, isHeldOut, pointsOf, type RunPoints } from "./run_points.ts";
import { type SeedView, seedColumns } from "./seed_bands.ts";
import { smoothed } from "./smoothing.ts";
import { thinned } from "./thinned.ts";

/** A run, or the runs of one setting, as a chart draws it. */
export interface DrawnRun {
  name: string;
  colour: string;
  /** Lengths of strokes and gaps: told apart without colour. */
  dash?: readonly number[];
  /** More than one: seeds of one setting. */
  runs: readonly RunPoints[];
}

/** What is in a chart: its own lines of one run, or one line a run. */
export interface Chart {
  steps: number[];
  lines: Line[];
  bands: Band[];
}

export interface Drawing {
  /** 0 to below 1. */
  smoothing: number;
  /** Only these steps, both ends included; null: all. */
  window: readonly [number, number] | null;
  /** Of steps, in which the extremes are drawn; null: every step, as tables have them. */
  ranges: number | null;
}

/** About half as many as a plot is wide in pixels. */
export const plotRanges = 250;

/** More lines than these would hide one another if what was smoothed were drawn as well. */
const mostRaw = 6;

/** One run: a line for each part, faintly what was smoothed, and the run before it. */
export function ownChart(spec: CurveSpec, run: RunPoints, previous: RunPoints | null, drawing: Drawing): Chart {
  const { parts, band } = spec;
  const [first] = parts;
  const raw = { ...drawing, smoothing: 0 };
  const lines: LoneLine[] = [];
  const add = (from: RunPoints, { key, colour }: Part, name: string, how: Drawing, look?: Line["look"]) =>
    lines.push({ name, colour, ...(look && { look }), ...drawn(columnOf(pointsOf(from, key), key), how) });
  if (previous) for (const part of parts) add(previous, part, `${part.name}, previous run`, drawing, "faint");
  if (drawing.smoothing > 0 && parts.length <= mostRaw)
    for (const part of parts) add(run, part, `${part.name}, as logged`, raw, "faint");
  const edges = lines.length;
  if (band) {
    add(run, { ...first, key: band.low }, "smallest", drawing, "edge");
    add(run, { ...first, key: band.high }, "largest", drawing, "edge");
  }
  for (const part of parts) add(run, part, part.name, drawing);
  // Evaluations are few: they are not smoothed.
  for (const greedy of isHeldOut(first.key) ? [] : [false, true]) {
    const key = heldOutKey(first.key, greedy);
    if (run.heldOut.some(({ metrics }) => Object.hasOwn(metrics, key)))
      add(
        run,
        { ...first, key },
        `${first.name}, held-out, ${greedy ? "greedy" : "sampled"}`,
        raw,
        greedy ? "rings" : "dots",
      );
  }
  return chartOf(lines, band ? [{ low: edges, high: edges + 1, colour: first.colour }] : []);
}

/** Several runs: one metric, a line for each, or a mean in its band for those of one setting. */
export function overlayChart({ key }: Part, all: readonly DrawnRun[], view: SeedView, drawing: Drawing): Chart {
  const raw = { ...drawing, smoothing: 0 };
  const lines: LoneLine[] = [];
  const bands: Band[] = [];
  for (const { name, colour, dash, runs } of all) {
    const columns = runs.map((run) => columnOf(pointsOf(run, key), key));
    const add = (column: Column, name: string, how: Drawing, more: Pick<Line, "look" | "dash"> = {}) =>
      lines.push({ name, colour, ...more, ...drawn(column, how) });
    if (view === "each" || columns.length < 2) {
      for (const column of columns) {
        if (drawing.smoothing > 0 && all.length <= mostRaw) add(column, `${name}, as logged`, raw, { look: "faint" });
        add(column, name, drawing, dash && { dash });
      }
      continue;
    }
    const { mean, low, high, runs: counts } = seedColumns(columns, view);
    bands.push({ low: lines.length, high: lines.length + 1, colour });
    const [lowest, highest] = view === "range" ? ["smallest", "largest"] : ["mean − deviation", "mean + deviation"];
    add(low, `${name}: ${lowest}`, drawing, { look: "edge" });
    add(high, `${name}: ${highest}`, drawing, { look: "edge" });
    add(mean, `${name}: mean`, drawing, dash && { dash });
    // How many runs a mean is of is for the table.
    if (drawing.ranges === null) add(counts, `${name}: runs`, raw);
  }
  return chartOf(lines, bands);
}

/** A line with steps of its own. */
type LoneLine = Omit<Line, "values"> & Column;

/** What is left of a column to be drawn. It is smoothed as a whole, so that a part that is looked at closely is the same line. */
function drawn({ steps, values }: Column, { smoothing, window, ranges }: Drawing): Column {
  const smooth = { steps, values: smoothed(values, smoothing) };
  const part = window ? within(smooth, window) : smooth;
  return ranges === null ? part : thinned(part, ranges);
}

/** The lines over all of their steps. */
function chartOf(lines: readonly LoneLine[], bands: Band[]): Chart {
  const all = new Set<number>();
  for (const { steps } of lines) for (const step of steps) all.add(step);
  const steps = [...all].sort((a, b) => a - b);
  const places = new Map(steps.map((step, i) => [step, i]));
  return {
    steps,
    bands,
    lines: lines.map(({ steps: own, values: found, ...line }): Line => {
      const values = new Array<number | null>(steps.length).fill(null);
      for (const [i, step] of own.entries()) if (!Number.isNaN(found[i])) values[places.get(step)!] = found[i]!;
      return { ...line, values };
    }),
  };
}
