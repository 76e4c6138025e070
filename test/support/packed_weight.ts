import type { Plan } from "../../src/gpu/plan.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { pack, unpack, type WeightForm } from "../../src/model/weight_form.ts";

/** A matrix kept in a form, and one of the numbers that this stands for in f32. */
export function packedWeight(
  plan: Plan,
  values: Float32Array,
  [rows, columns]: readonly [number, number],
  form: WeightForm,
): { packed: Tensor; plain: Tensor; numbers: Float32Array } {
  const { data, scales } = pack(values, columns, form, { name: "weight" });
  const numbers = unpack({ data, scales }, columns, form);
  const { dtype, block } = form;
  const words = plan.upload("weight.packed", data as Float32Array | Uint32Array, [data.length]);
  const packed: Tensor = {
    ...words,
    name: "weight",
    shape: [rows, columns],
    dtype,
    ...(block !== undefined && { block, scales: plan.upload("scales", scales!, [rows, columns / block]) }),
  };
  return { packed, plain: plan.upload("weight.f32", numbers, [rows, columns]), numbers };
}

/** One form of every dtype for rows of so many numbers. */
export const formsFor = (columns: number): WeightForm[] => [
  { dtype: "bf16" },
  { dtype: "f16" },
  { dtype: "i8", block: columns },
  { dtype: "i8", block: columns / 2 },
  { dtype: "i4", block: columns % 32 === 0 ? 32 : 8 },
  { dtype: "nf4", block: columns % 64 === 0 ? 64 : 24 },
];
