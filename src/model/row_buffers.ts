import type { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type GatherMap, inverseOf } from "../ops/gather.ts";

/** Which rows attend to which, from both sides; the side of the keys only where the rows are trained. u32 (N, 4) each. */
export interface SpanBuffers {
  query: Tensor;
  key?: Tensor;
}

export const spanBuffers = (plan: Plan, name: string, rows: number, trained: boolean): SpanBuffers => ({
  query: plan.empty(`${name}.query`, [rows, 4], "u32"),
  ...(trained ? { key: plan.empty(`${name}.key`, [rows, 4], "u32") } : {}),
});

/** Where who attends to whom is the same from both sides. */
export function writeSpans({ gpu }: Plan, to: SpanBuffers, spans: Uint32Array): void {
  gpu.write(to.query, spans);
  if (to.key) gpu.write(to.key, spans);
}

/** Buffers for the inverse of a map of `entries` entries into a table of `rows` rows, under the name `inverse`. */
export const inverseBuffers = (
  plan: Plan,
  name: string,
  rows: number,
  entries: number,
): Pick<GatherMap, "inverse"> => ({
  inverse: {
    start: plan.empty(`${name}.start`, [rows + 1], "u32"),
    entry: plan.empty(`${name}.entry`, [entries], "u32"),
  },
});

/** Writes the inverse of what a map's index was filled with, where the map has one. */
export function writeInverse({ gpu }: Plan, { inverse }: GatherMap, index: Uint32Array, rows: number): void {
  if (!inverse) return;
  const { start, entry } = inverseOf(index, rows, inverse.entry.shape[0]);
  gpu.write(inverse.start, start);
  gpu.write(inverse.entry, entry);
}
