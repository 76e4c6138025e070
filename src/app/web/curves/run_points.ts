import type { EvalPoint, Point, RunState } from "../run/run_state.ts";

/** What is drawn of a run: its steps, and its evaluations under names of their own. */
export interface RunPoints {
  updates: readonly Point[];
  /** One point a step; sampled and greedy evaluations of a step share it. */
  heldOut: readonly Point[];
}

const heldOutPrefix = "heldout/";

/** The name of an evaluation's metric, as exported logs have it. */
export const heldOutKey = (name: string, greedy: boolean): string =>
  `${heldOutPrefix}${greedy ? "greedy" : "sampled"}/${name}`;

export const isHeldOut = (key: string): boolean => key.startsWith(heldOutPrefix);

/** The points that have a metric. */
export const pointsOf = ({ updates, heldOut }: RunPoints, key: string): readonly Point[] =>
  isHeldOut(key) ? heldOut : updates;

export const runPoints = ({ updates, evals }: Pick<RunState, "updates" | "evals">): RunPoints => ({
  updates,
  heldOut: heldOutPoints(evals),
});

export function heldOutPoints(evals: readonly EvalPoint[]): readonly Point[] {
  const steps = new Map<number, Point>();
  for (const { step, greedy, metrics, durationMs } of evals) {
    const point = steps.get(step) ?? { step, metrics: {}, durationMs: 0 };
    for (const [name, value] of Object.entries(metrics)) point.metrics[heldOutKey(name, greedy)] = value;
    point.durationMs += durationMs;
    steps.set(step, point);
  }
  return [...steps.values()].sort((a, b) => a.step - b.step);
}

/** The names of all metrics that some points have, in the order in which they came. A list that grew is read from where it was left. */
export class KeysSeen {
  #keys = new Set<string>();
  #first: Point | null = null;
  #count = 0;

  of(points: readonly Point[]): ReadonlySet<string> {
    const first = points[0] ?? null;
    if (first !== this.#first || points.length < this.#count) {
      this.#keys = new Set();
      this.#count = 0;
      this.#first = first;
    }
    const before = this.#keys.size;
    const found = this.#count === points.length ? this.#keys : new Set(this.#keys);
    for (let i = this.#count; i < points.length; i++) for (const key in points[i]!.metrics) found.add(key);
    this.#count = points.length;
    // The same set as long as nothing was added.
    if (found.size > before || this.#keys.size === 0) this.#keys = found;
    return this.#keys;
  }
}
