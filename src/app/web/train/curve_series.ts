import type { EvalPoint, Point } from "../run/run_state.ts";
import type { Line } from "../widgets/plot.tsx";

/** One part of a curve: a metric's key, its short name and colour. */
export interface Part {
  key: string;
  name: string;
  colour: string;
}

export interface CurveSpec {
  title: string;
  /** The first part is the big number. */
  parts: readonly [Part, ...Part[]];
  range?: [number, number];
  /** In the place of a number where a step has none. */
  none?: string;
  /** Shown only where a step has the first part. */
  optional?: boolean;
  /** Of sampled evaluations in the place of steps. */
  evaluated?: boolean;
}

const one = (key: string, title: string, colour: string, range?: [number, number]): CurveSpec => ({
  title,
  parts: [{ key, name: title, colour }],
  range,
});

/** The curves of the page, in order; keys are those of src/train/metrics.ts, and the speed that run_state.ts adds. */
export const curveSpecs: readonly CurveSpec[] = [
  { ...one("accuracy", "accuracy", "--answer", [0, 1]), none: "none judged" },
  {
    title: "worth of the tool, held-out",
    parts: [
      { key: "causal/with_tool", name: "right with tool", colour: "--answer" },
      { key: "causal/without_tool", name: "right without", colour: "--soft" },
      { key: "causal/gain", name: "gain", colour: "--gold" },
      { key: "causal/harm", name: "harm", colour: "--bad" },
      { key: "causal/right_anyway", name: "right anyway", colour: "--tool" },
    ],
    range: [0, 1],
    optional: true,
    evaluated: true,
  },
  one("zoom_rate", "zoom rate", "--tool", [0, 1]),
  {
    title: "reward by part",
    parts: [
      { key: "reward", name: "total", colour: "--total" },
      { key: "reward/answer", name: "answer", colour: "--answer" },
      { key: "reward/zoom", name: "zoom", colour: "--tool" },
      { key: "reward/format", name: "format", colour: "--format" },
    ],
  },
  one("iou", "box IoU", "--zoom1"),
  one("response_tokens", "response tokens", "--soft"),
  one("entropy", "entropy, nats", "--soft"),
  one("tokens_per_second", "tokens/s", "--soft"),
  {
    title: "judge",
    parts: [
      { key: "judge/asked", name: "asked", colour: "--total" },
      { key: "judge/by_rule", name: "by rule", colour: "--soft" },
      { key: "judge/calls", name: "requests", colour: "--answer" },
      { key: "judge/failed", name: "no verdict", colour: "--tool" },
      { key: "judge/from_cache", name: "from the cache", colour: "--format" },
    ],
    optional: true,
  },
];

/** Those that there is something to show of. */
export const shownCurves = (updates: readonly Point[], evals: readonly EvalPoint[]): CurveSpec[] =>
  curveSpecs.filter(
    (spec) =>
      !spec.optional || pointsOf(spec, updates, evals).some(({ metrics }) => Object.hasOwn(metrics, spec.parts[0].key)),
  );

/** What a curve has its values of. */
export const pointsOf = (
  { evaluated }: CurveSpec,
  updates: readonly Point[],
  evals: readonly EvalPoint[],
): readonly Point[] => (evaluated ? evals.filter(({ greedy }) => !greedy) : updates);

/** Nothing that a run computes in 32 bits is larger, and the axis of a plot ends there. */
const largest = 3.4e38;

const drawable = (value: number | undefined): number | null =>
  value !== undefined && Math.abs(value) <= largest ? value : null;

/** Steps and lines of one curve: the run (or its evaluations), dots where it was evaluated on held-out scenes, the previous run faintly. */
export function curveLines(
  spec: CurveSpec,
  updates: readonly Point[],
  evals: readonly EvalPoint[],
  previous: readonly Point[] | null,
): { steps: number[]; lines: Line[] } {
  const all = [...updates, ...(spec.evaluated ? [] : evals), ...(previous ?? [])];
  const steps = [...new Set(all.map((point) => point.step))].sort((a, b) => a - b);
  const valuesOf = (points: readonly Point[], key: string): (number | null)[] => {
    const values = new Map(points.map((point) => [point.step, point.metrics[key]]));
    return steps.map((step) => drawable(values.get(step)));
  };
  const lines: Line[] = [];
  for (const { key, name, colour } of spec.parts) {
    if (previous) lines.push({ name: `${name}, previous run`, colour, values: valuesOf(previous, key), look: "faint" });
  }
  for (const { key, name, colour } of spec.parts) lines.push({ name, colour, values: valuesOf(updates, key) });
  const { key, name, colour } = spec.parts[0];
  if (!spec.evaluated && evals.some((point) => Object.hasOwn(point.metrics, key))) {
    lines.push({ name: `${name}, held-out`, colour, values: valuesOf(evals, key), look: "dots" });
  }
  return { steps, lines };
}

/** The curve as comma-separated values, one row a step; an empty field where there is no value. */
export function csv(steps: readonly number[], lines: readonly Line[]): string {
  const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ["step", ...lines.map((line) => line.name)].map(quoted);
  const rows = steps.map((step, i) => [step, ...lines.map((line) => line.values[i] ?? "")]);
  return [head, ...rows].map((row) => row.join(",")).join("\n");
}
