import type { Point } from "../run/run_state.ts";
import type { Band, Line } from "../widgets/plot_lines.ts";
import type { CurveSpec, Part } from "./catalogue.ts";
import { heldOutKey, isHeldOut, pointsOf, type RunPoints } from "./run_points.ts";
import { bandKeys, type SeedView, seedPoints } from "./seed_bands.ts";
import { smoothedPoints } from "./smoothing.ts";
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
  stretches: number | null;
}

/** About half as many as a plot is wide in pixels. */
export const plotStretches = 250;

/** More lines than these would hide one another if what was smoothed were drawn as well. */
const mostRaw = 6;

/** One run: a line for each part, faintly what was smoothed, and the run before it. */
export function ownChart(spec: CurveSpec, run: RunPoints, previous: RunPoints | null, drawing: Drawing): Chart {
  const columns: Column[] = [];
  const { parts, band } = spec;
  if (previous)
    for (const part of parts)
      columns.push({
        ...columnOf(part, previous, drawing, drawing.smoothing),
        name: `${part.name}, previous run`,
        look: "faint",
      });
  const showRaw = drawing.smoothing > 0 && drawing.stretches !== null && parts.length <= mostRaw;
  if (showRaw)
    for (const part of parts)
      columns.push({ ...columnOf(part, run, drawing, 0), name: `${part.name}, as logged`, look: "faint" });
  const edges = band ? columns.length : -1;
  if (band) {
    const [part] = parts;
    columns.push(
      { ...columnOf({ ...part, key: band.low }, run, drawing, drawing.smoothing), name: "smallest", look: "edge" },
      { ...columnOf({ ...part, key: band.high }, run, drawing, drawing.smoothing), name: "largest", look: "edge" },
    );
  }
  for (const part of parts) columns.push(columnOf(part, run, drawing, drawing.smoothing));
  const [first] = parts;
  columns.push(...heldOutDots(first, run, drawing));
  return chartOf(columns, band ? [{ low: edges, high: edges + 1, colour: first.colour }] : []);
}

/** The same metric of evaluations, where there are any: not smoothed, they are few. */
const heldOutDots = (part: Part, run: RunPoints, drawing: Drawing): Column[] =>
  [false, true].flatMap((greedy) => {
    const key = heldOutKey(part.key, greedy);
    if (isHeldOut(part.key) || !run.heldOut.some(({ metrics }) => Object.hasOwn(metrics, key))) return [];
    const name = `${part.name}, held-out, ${greedy ? "greedy" : "sampled"}`;
    return [
      { ...columnOf({ ...part, key }, run, drawing, 0), name, look: greedy ? ("rings" as const) : ("dots" as const) },
    ];
  });

/** Several runs: one metric, a line for each, or a mean in its band for those of one setting. */
export function overlayChart(part: Part, drawn: readonly DrawnRun[], view: SeedView, drawing: Drawing): Chart {
  const columns: Column[] = [];
  const bands: Band[] = [];
  const faint = drawing.smoothing > 0 && drawing.stretches !== null && drawn.length <= mostRaw;
  for (const { name, colour, dash, runs } of drawn) {
    const [first] = runs;
    if (view === "each" || runs.length < 2 || !first) {
      for (const run of runs) {
        if (faint)
          columns.push({
            ...columnOf({ ...part, colour }, run, drawing, 0),
            name: `${name}, as logged`,
            look: "faint",
          });
        columns.push({ ...columnOf({ ...part, colour }, run, drawing, drawing.smoothing), name, dash });
      }
      continue;
    }
    const points = seedPoints(
      runs.map((run) => pointsOf(run, part.key)),
      part.key,
      view,
    );
    const of = (key: string): Column => columnOfPoints({ key, name, colour }, points, drawing, drawing.smoothing);
    bands.push({ low: columns.length, high: columns.length + 1, colour });
    const edge = view === "range" ? ["smallest", "largest"] : ["mean − deviation", "mean + deviation"];
    columns.push({ ...of(bandKeys.low), name: `${name}: ${edge[0]}`, look: "edge" });
    columns.push({ ...of(bandKeys.high), name: `${name}: ${edge[1]}`, look: "edge" });
    columns.push({ ...of(bandKeys.mean), name: `${name}: mean`, dash });
    // How many runs a mean is of is for the table.
    if (drawing.stretches === null)
      columns.push({
        ...columnOfPoints({ key: bandKeys.runs, name, colour }, points, drawing, 0),
        name: `${name}: runs`,
      });
  }
  return chartOf(columns, bands);
}

/** A line with its own steps. */
type Column = Omit<Line, "values"> & { points: readonly Point[]; key: string };

const columnOf = (part: Part, run: RunPoints, drawing: Drawing, weight: number): Column =>
  columnOfPoints(part, pointsOf(run, part.key), drawing, weight);

function columnOfPoints(
  { key, name, colour }: Part,
  points: readonly Point[],
  drawing: Drawing,
  weight: number,
): Column {
  // What lies outside the window is smoothed with, so that zooming in shows the same line.
  const smooth = smoothedPoints(points, [key], weight);
  const within = windowed(smooth, drawing.window);
  const drawn = drawing.stretches === null ? within : thinned(within, [key], drawing.stretches);
  return { key, name, colour, points: drawn };
}

const windowed = (points: readonly Point[], window: Drawing["window"]): readonly Point[] =>
  window ? points.filter(({ step }) => step >= window[0] && step <= window[1]) : points;

/** Nothing that a run computes in 32 bits is larger, and the axis of a plot ends there. */
const largest = 3.4e38;

/** The columns over all of their steps. */
function chartOf(columns: readonly Column[], bands: Band[]): Chart {
  const all = new Set<number>();
  for (const { points } of columns) for (const { step } of points) all.add(step);
  const steps = [...all].sort((a, b) => a - b);
  const places = new Map(steps.map((step, i) => [step, i]));
  const lines = columns.map(({ points, key, ...line }): Line => {
    const values = new Array<number | null>(steps.length).fill(null);
    for (const { step, metrics } of points) {
      const value = metrics[key];
      if (value !== undefined && Math.abs(value) <= largest) values[places.get(step)!] = value;
    }
    return { ...line, values };
  });
  return { steps, lines, bands };
}
