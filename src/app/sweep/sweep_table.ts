import type { RunConfig } from "../../train/knobs.ts";
import type { RunResult } from "../run/run_summary.ts";
import { runsOf, type Sweep, settingOf } from "./sweep_plan.ts";

/** Where one run of a sweep stands. */
export interface SweepRun {
  /** The name or folder that it is stored under; null where it has not begun. */
  name: string | null;
  state: "waiting" | "running" | "done" | "stopped" | "failed" | "removed";
  step: number;
  steps: number;
  result: RunResult | null;
  /** Why it failed, in a sentence. */
  problem?: string;
}

/** A number over the runs of one setting. */
export interface Spread {
  mean: number;
  /** Of the sample (n - 1); null of one run. */
  deviation: number | null;
  least: number;
  most: number;
  count: number;
}

/** All runs of one setting: they differ in the seed alone. */
export interface SweepRow {
  setting: string;
  /** What its runs change. */
  changes: Partial<RunConfig>;
  runs: SweepRun[];
  /** Made to the end; the numbers are over these. */
  done: number;
  accuracy: Spread | null;
  best: Spread | null;
  zoomRate: Spread | null;
  calls: Spread | null;
  gain: Spread | null;
  harm: Spread | null;
  reward: Spread | null;
  seconds: Spread | null;
}

/** A row for each setting of a sweep. @param runs  in the order of `runsOf(sweep)` */
export function sweepRows(sweep: Sweep, runs: readonly SweepRun[]): SweepRow[] {
  const settings = new Map<string, { changes: Partial<RunConfig>; runs: SweepRun[] }>();
  for (const [i, changes] of runsOf(sweep).entries()) {
    const setting = settingOf(sweep, changes);
    const row = settings.get(setting) ?? { changes, runs: [] };
    if (runs[i]) row.runs.push(runs[i]);
    settings.set(setting, row);
  }
  return [...settings].map(([setting, row]) => {
    const results = row.runs.flatMap(({ state, result }) => (state === "done" && result ? [result] : []));
    return {
      setting,
      ...row,
      done: results.length,
      accuracy: spreadOf(results.map(({ accuracy }) => accuracy)),
      best: spreadOf(results.map(({ best }) => best?.accuracy ?? null)),
      zoomRate: spreadOf(results.map(({ zoomRate }) => zoomRate)),
      calls: spreadOf(results.map(({ calls }) => calls)),
      gain: spreadOf(results.map(({ gain }) => gain)),
      harm: spreadOf(results.map(({ harm }) => harm)),
      reward: spreadOf(results.map(({ reward }) => reward)),
      seconds: spreadOf(results.map(({ seconds }) => seconds)),
    };
  });
}

/** Of the numbers that are known; null where none is. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const count = known.length;
  if (count === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / count;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null,
    least: Math.min(...known),
    most: Math.max(...known),
    count,
  };
}

/** "0.812 ± 0.031"; "0.812" of one run, "–" of none. @param digits  behind the point */
export function spreadText(spread: Spread | null, digits = 3): string {
  if (spread === null) return "–";
  const { mean, deviation } = spread;
  return deviation === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

/** The columns of a sweep's table, and the cells of a row; what no run measured has no column. */
export function sweepColumns(rows: readonly SweepRow[]): { label: string; cell(row: SweepRow): string }[] {
  const all: { label: string; of(row: SweepRow): Spread | null; digits?: number; isRare?: boolean }[] = [
    { label: "accuracy", of: ({ accuracy }) => accuracy },
    { label: "best accuracy", of: ({ best }) => best },
    { label: "zoom rate", of: ({ zoomRate }) => zoomRate },
    { label: "calls", of: ({ calls }) => calls, digits: 2 },
    { label: "gain", of: ({ gain }) => gain, isRare: true },
    { label: "harm", of: ({ harm }) => harm, isRare: true },
    { label: "reward", of: ({ reward }) => reward },
    { label: "seconds", of: ({ seconds }) => seconds, digits: 1 },
  ];
  return all
    .filter(({ of, isRare = false }) => !isRare || rows.some((row) => of(row) !== null))
    .map(({ label, of, digits }) => ({ label, cell: (row) => spreadText(of(row), digits) }));
}

/** On what the runs were made, "" where that is not known. */
export function madeOn(runs: readonly SweepRun[]): string {
  const devices = new Set(runs.flatMap(({ result }) => result?.device || []));
  return devices.size === 0 ? "" : `seconds of all steps, on ${[...devices].join(" and ")}`;
}

/** By what the accuracies were measured: all in one way, else said. */
export function measuredBy(runs: readonly SweepRun[]): string {
  const results = runs.flatMap(({ result }) => result ?? []);
  const heldOut = results.filter(({ isHeldOut }) => isHeldOut).length;
  if (heldOut === 0)
    return "accuracy of training rollouts, mean of the last 10 steps at most; --eval-every measures held-out tasks";
  return heldOut === results.length
    ? "accuracy on held-out tasks, sampled, in the last evaluation"
    : "accuracy on held-out tasks where a run was evaluated, else of its last 10 steps";
}

const columns = [
  "preset",
  "seed",
  "state",
  "step",
  "steps",
  "accuracy",
  "best_accuracy",
  "best_step",
  "zoom_rate",
  "reward",
  "held_out",
  "calls",
  "gain",
  "harm",
  "seconds",
  "device",
];

/** A line for each run, with the values of what is varied as columns: for spreadsheets and notebooks. */
export function sweepCsv(sweep: Sweep, runs: readonly SweepRun[]): string {
  const varied = sweep.axes.map(({ knob }) => knob).filter((knob) => !columns.includes(knob));
  const lines = runsOf(sweep).map((changes, i) => {
    const run = runs[i]!;
    const { accuracy = null, best = null, zoomRate = null, reward = null, isHeldOut = false } = run.result ?? {};
    const { preset = "needle", seed = 0 } = changes;
    return [
      run.name,
      ...varied.map((knob) => changes[knob]),
      ...[preset, seed, run.state, run.step, run.steps, accuracy, best?.accuracy, best?.step, zoomRate, reward],
      run.result ? isHeldOut : "",
      ...[run.result?.calls, run.result?.gain, run.result?.harm, run.result?.seconds, run.result?.device],
    ];
  });
  return [["run", ...varied, ...columns], ...lines].map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

function csvCell(value: unknown): string {
  const text = String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
