import type { Gpu } from "../../gpu/gpu.ts";
import { matrixUnitsOf } from "../../gpu/matrix_units.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import type { Model } from "../../model/model.ts";
import type { WeightForm } from "../../model/weight_form.ts";
import { admitToMatrixUnits } from "../../ops/matrix_admission.ts";
import { tilesFor } from "../../ops/product_matrix.ts";
import { bytesRange, largestMagnitudes } from "../../ops/weight_range.ts";
import { matrixError, mostMatrixError } from "./matrix_error.ts";

/** The largest half. */
const largestHalf = 65_504;

/** What the adapter that is used lacks of matrix units, in a few words; null where they can be used, or nothing can. */
export async function matrixUnitsLack(gpu: GPU): Promise<string | null> {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  const units = adapter && matrixUnitsOf(adapter);
  return typeof units === "string" ? units : null;
}

/**
 * Lets a model's weights that are not trained be multiplied on the device's matrix units, once it has shown that it does so
 * rightly. A weight with numbers that are not halves keeps to f32.
 *
 * @returns sentences for people: what stays in f32, and why
 */
export async function useMatrixUnits(gpu: Gpu, { parameters }: Pick<Model, "parameters">): Promise<string[]> {
  if (!gpu.matrixUnits || parameters.trained) return [];
  const matrices = parameters.shapes.filter(({ shape }) => shape.length >= 2).map(({ name }) => parameters.get(name));
  const refused = new Map<Tensor["dtype"], string>();
  for (const weight of matrices) {
    const { dtype, block } = weight;
    if (refused.has(dtype)) continue;
    const problem = await problemOnce(gpu, { dtype, block } as WeightForm);
    if (problem !== null) refused.set(dtype, problem);
  }
  const notices = [...refused].map(
    ([dtype, problem]) => `Products with weights in ${dtype} stay in f32, not on matrix units: ${problem}`,
  );
  const largest = gpu.counts ? null : await largestMagnitudes(gpu, matrices);
  const tooLarge = matrices.filter((_, i) => largest !== null && !(largest[i]! <= largestHalf));
  if (tooLarge.length > 0)
    notices.push(
      `${tooLarge.length} ${tooLarge.length === 1 ? "weight has" : "weights have"} numbers above ${largestHalf}, the largest half, and stay in f32: the first is ${tooLarge[0]!.name}`,
    );
  const without = new Set([...tooLarge, ...matrices.filter(({ dtype }) => refused.has(dtype))]);
  for (const buffer of new Set(matrices.map((weight) => weight.buffer))) {
    const own = matrices.filter((weight) => weight.buffer === buffer);
    admitToMatrixUnits(own[0]!, own.filter((weight) => without.has(weight)).map(bytesRange));
  }
  return notices;
}

const problems = new WeakMap<Gpu, Map<string, Promise<string | null>>>();

/** Tried once for each form on a device. */
function problemOnce(gpu: Gpu, form: WeightForm): Promise<string | null> {
  if (gpu.counts) return Promise.resolve(null);
  const known = problems.get(gpu) ?? new Map<string, Promise<string | null>>();
  problems.set(gpu, known);
  const problem = known.get(form.dtype) ?? problemOf(gpu, form);
  known.set(form.dtype, problem);
  return problem;
}

/** Null where products on matrix units are those of the f32 kernels but for rounding to halves; otherwise what is wrong. */
async function problemOf(gpu: Gpu, { dtype, block }: WeightForm): Promise<string | null> {
  const I = block === undefined ? 136 : 256;
  const form = (dtype === "i8" ? { dtype, block: I } : { dtype, block }) as WeightForm;
  try {
    for (const tile of tilesFor(gpu))
      for (const kind of ["NT", "NN"] as const) {
        const error = await matrixError(gpu, { form, kind, N: 131, O: 200, I, tile });
        if (!(error <= mostMatrixError))
          return `in a trial (${kind}, tiles of ${tile}) their error is ${error.toPrecision(2)}, expected at most ${mostMatrixError.toPrecision(2)}`;
      }
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
