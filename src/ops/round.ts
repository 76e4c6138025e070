import source from "../../shaders/round.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("round", source);

/**
 * Rounds numbers to the nearest bf16.
 *
 * @param values   f32, of a size that four divides
 * @param rounded  of the same shape, in bf16 or in f32
 */
export function roundToBf16(plan: Plan, values: Tensor, rounded: Tensor): void {
  expectShape(rounded, ...values.shape);
  const count = size(values.shape);
  if (count % 4 !== 0) throw new RangeError(`${values.name} has ${count} numbers, expected a multiple of 4`);
  plan.dispatch({
    shader,
    entry: rounded.dtype === "bf16" ? "pack" : "round_only",
    tensors: { words4: values, packed: rounded, rounded4: rounded },
    params: { count },
    groups: grid(count / 4, 64),
  });
}
