import source from "../../shaders/gather.wgsl" with { type: "text" };
import vec4Source from "../../shaders/gather_vec4.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, noIndex, type Tensor } from "../gpu/tensor.ts";
import { passGradient } from "./add.ts";
import { expectF32, rowRanges, weightConstants, weightShaders, weightTensors } from "./weight_kernels.ts";

const shader = new Shader("gather", source);
const vec4Shader = weightShaders("gather_vec4", vec4Source);

/** Which rows of a table (R, C) make up each of N rows. The host may rewrite all of it between runs of a plan. */
export interface GatherMap {
  /** u32 (N, E): rows of the table, or `noIndex`. */
  index: Tensor;
  /** f32 (N, E): their weights, 1 if left out. Inputs without a gradient. */
  weight?: Tensor;
  /** `inverseOf(index)`; needed only where the table is trained or computed from something trained. */
  inverse?: {
    /** u32 (R + 1) */
    start: Tensor;
    /** u32 (capacity), the first start[R] of which are used */
    entry: Tensor;
  };
}

/**
 * out[n] = (addTo[n] +) sum over e of weight[n, e] table[index[n, e]].
 *
 * @param table  (R, C)
 * @param addTo  (N, C)
 * @returns      (N, C)
 */
export function gather(tape: Tape, table: Tensor, map: GatherMap, addTo?: Tensor): Tensor {
  const { index, weight, inverse } = map;
  expectShape(table, -1, -1);
  expectShape(index, -1, -1);
  const [R, C] = extents2(table);
  const [N, E] = extents2(index);
  if (weight) expectShape(weight, N, E);
  if (addTo) expectShape(addTo, N, C);
  if (inverse) expectShape(inverse.start, R + 1);
  else if (tape.tracks(table))
    throw new TypeError(`The gradient of ${table.name} needs the inverse of ${index.name}; make it with inverseOf()`);
  const out = tape.empty(`gather(${table.name})`, [N, C]);
  const WEIGHT = weight ? 1 : 0;
  const readsVec4 = !tape.gpu.plain && C % 4 === 0;
  if (!readsVec4) expectF32(table);
  for (const { weight: rows, count, column: first } of rowRanges(tape.gpu, { weight: table, first: 0, count: R })) {
    const mixed = { index, weight: weight ?? index };
    const params = { N, E, R: count, C, first };
    const constants = { WEIGHT, ADD_TO: addTo ? 1 : 0, ADD: first > 0 ? 1 : 0 };
    if (readsVec4)
      tape.plan.dispatch({
        shader: vec4Shader(table),
        entry: "pick",
        tensors: { ...mixed, ...weightTensors(rows), add_to4: addTo ?? rows, out4: out },
        params,
        groups: grid((N * C) / 4, 64),
        constants: { ...constants, ...weightConstants(table) },
      });
    else
      tape.plan.dispatch({
        shader,
        entry: "pick",
        tensors: { ...mixed, table: rows, add_to: addTo ?? rows, out },
        params,
        groups: grid(N * C, 64),
        constants,
      });
  }

  tape.record(out, [table, addTo], () => {
    const into = tape.into(table);
    if (into) {
      const dout = tape.gradient(out);
      tape.plan.dispatch({
        shader,
        entry: "backprop_table",
        tensors: { dout, weight: weight ?? dout, ...inverse, dtable: into.d },
        params: { N, E, R, C, first: 0 },
        groups: grid(R * C, 64),
        constants: { ...into.constants, WEIGHT },
      });
    }
    if (addTo) passGradient(tape, out, addTo);
  });
  return out;
}

/**
 * For each of `rows` table rows, the positions in `index` that refer to it: entry[start[r]] to entry[start[r + 1] - 1],
 * ascending. `entry` has `capacity` elements (at least one, since buffers cannot be empty); unused ones are zero.
 *
 * @throws RangeError where an index lies beyond the table, or the capacity is too small
 */
export function inverseOf(
  index: Uint32Array,
  rows: number,
  capacity?: number,
): { start: Uint32Array; entry: Uint32Array } {
  const start = new Uint32Array(rows + 1);
  const counts = new Uint32Array(rows);
  // Loops over places: the iterators of typed arrays cost several times as much, and this is done for all rows of a step.
  for (let place = 0; place < index.length; place++) {
    const row = index[place]!;
    if (row === noIndex) continue;
    if (row >= rows) throw new RangeError(`index[${place}] is ${row}, expected a row below ${rows} or noIndex`);
    counts[row]!++;
  }
  let end = 0;
  for (let r = 0; r < rows; r++) start[r + 1] = end += counts[r]!;
  if (capacity !== undefined && capacity < end)
    throw new RangeError(`The index names ${end} rows, a capacity of ${capacity} does not hold them`);
  const entry = new Uint32Array(Math.max(1, capacity ?? end));
  const next = start.slice();
  for (let place = 0; place < index.length; place++) {
    const row = index[place]!;
    if (row !== noIndex) entry[next[row]!++] = place;
  }
  return { start, entry };
}
