import type { Point } from "../run/run_state.ts";

/** One metric over steps; NaN where a step has none. */
export interface Column {
  steps: Float64Array;
  values: Float64Array;
}

/** The metrics of a list that grows, as arrays: what is drawn is worked out anew at each step of a run, which may have made 100,000. */
class Store {
  last: Point | null = null;
  count = 0;
  #steps = new Float64Array(64);
  readonly #values = new Map<string, { values: Float64Array<ArrayBuffer>; count: number }>();

  /** Takes the points that came since; false where it is another list. */
  extend(points: readonly Point[]): boolean {
    if (this.count > points.length || (this.count > 0 && points[this.count - 1] !== this.last)) return false;
    this.#steps = grown(this.#steps, points.length);
    for (let i = this.count; i < points.length; i++) this.#steps[i] = points[i]!.step;
    this.count = points.length;
    this.last = points.at(-1) ?? null;
    return true;
  }

  column(points: readonly Point[], key: string): Column {
    const found = this.#values.get(key) ?? { values: new Float64Array(64), count: 0 };
    this.#values.set(key, found);
    found.values = grown(found.values, points.length);
    for (let i = found.count; i < points.length; i++) found.values[i] = drawable(points[i]!.metrics[key]);
    found.count = points.length;
    return { steps: this.#steps.subarray(0, points.length), values: found.values.subarray(0, points.length) };
  }
}

/** Lists that grow are copied, and begin with the same point. */
const stores = new WeakMap<Point, Store>();

export function columnOf(points: readonly Point[], key: string): Column {
  const [first] = points;
  if (!first) return { steps: new Float64Array(0), values: new Float64Array(0) };
  let store = stores.get(first);
  if (!store?.extend(points)) {
    store = new Store();
    store.extend(points);
    stores.set(first, store);
  }
  return store.column(points, key);
}

/** Nothing that a run computes in 32 bits is larger, and the axis of a plot ends there. */
const largest = 3.4e38;

const drawable = (value: number | undefined): number =>
  value !== undefined && Math.abs(value) <= largest ? value : Number.NaN;

function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const larger = new Float64Array(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}

/** The part of a column within some steps, both ends included. */
export function within({ steps, values }: Column, [from, to]: readonly [number, number]): Column {
  const [begin, end] = [firstFrom(steps, from), firstFrom(steps, to + 1)];
  return { steps: steps.subarray(begin, end), values: values.subarray(begin, end) };
}

/** The place of the first step that is not below another; steps ascend. */
function firstFrom(steps: Float64Array, step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
