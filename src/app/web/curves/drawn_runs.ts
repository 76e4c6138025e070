import { counted } from "../labels/numbers.ts";
import { differenceNames, experimentKey, type NamedRun } from "../labels/run_differences.ts";
import type { Point } from "../run/run_state.ts";
import { palette } from "./catalogue.ts";
import type { DrawnRun } from "./chart.ts";
import { pointsOf, type RunPoints } from "./run_points.ts";
import type { SeedView } from "./seed_bands.ts";

/** A run that may be drawn beside others. */
export interface CandidateRun extends NamedRun {
  points: RunPoints;
  /** The run that the page shows, which cannot be taken away here. */
  shown: boolean;
}

/** What a legend has a line for. */
export interface LegendRun extends DrawnRun {
  /** Names of the stored runs in it that can be taken away. */
  removable: readonly string[];
}

const dashes: readonly (readonly number[] | undefined)[] = [undefined, [7, 3], [2, 2], [9, 3, 2, 3]];

/** Runs with names that say in what they differ, each with a colour and a stroke; seeds of one setting together where that is asked for. */
export function drawnRuns(runs: readonly CandidateRun[], view: SeedView): LegendRun[] {
  const sets = view === "each" ? runs.map((run) => [run]) : settingsOf(runs);
  const isOfSeeds = sets.length < runs.length;
  const names = differenceNames(sets.map(([first]) => (isOfSeeds ? withoutSeed(first!) : first!)));
  return sets.map((set, i) => ({
    name: isOfSeeds ? nameOfSeeds(set, names[i]!, sets.length) : nameOf(set[0]!, names[i]!, sets.length),
    colour: i === 0 ? "--total" : palette[(i - 1) % palette.length]!,
    dash: dashes[i % dashes.length],
    runs: set.map(({ points }) => points),
    removable: set.filter(({ shown }) => !shown).map(({ name }) => name),
  }));
}

function settingsOf(runs: readonly CandidateRun[]): CandidateRun[][] {
  const sets = new Map<string, CandidateRun[]>();
  for (const run of runs) {
    const key = experimentKey(run.config);
    const set = sets.get(key);
    if (set) set.push(run);
    else sets.set(key, [run]);
  }
  return [...sets.values()];
}

/** Settings are not told apart by their first seed, and by how far it went. */
const withoutSeed = (run: CandidateRun): NamedRun => ({ ...run, config: { ...run.config, seed: 0, steps: 0 } });

const nameOf = ({ shown }: CandidateRun, name: string, runs: number): string =>
  shown ? `this run${runs > 1 ? `: ${name}` : ""}` : name;

function nameOfSeeds(set: readonly CandidateRun[], name: string, sets: number): string {
  const seeds = counted(set.length, "seed");
  return sets === 1 ? seeds : `${name}, ${seeds}`;
}

/** Whether there are seeds of one setting to be drawn as one. */
export const haveSeeds = (runs: readonly CandidateRun[]): boolean => settingsOf(runs).some((set) => set.length > 1);

/** The last value of a metric at a step or before it; null: the last of all. */
export function valueAt(run: RunPoints, key: string, step: number | null): { step: number; value: number } | null {
  const points = pointsOf(run, key);
  for (let i = lastUntil(points, step); i >= 0; i--) {
    const value = points[i]!.metrics[key];
    if (value !== undefined) return { step: points[i]!.step, value };
    // A metric that has been missing for long is not what is asked for.
    if (step !== null && points[i]!.step < step - mostGap) return null;
  }
  return null;
}

const mostGap = 1000;

/** The place of the last point at a step or before it, -1 where there is none. */
function lastUntil(points: readonly Point[], step: number | null): number {
  if (step === null) return points.length - 1;
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.step <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
