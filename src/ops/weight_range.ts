import source from "../../shaders/weight_range.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import { bytesOf, extents2, size, type Tensor } from "../gpu/tensor.ts";
import { rowRanges, weightConstants, weightShaders, weightTensors } from "./weight_kernels.ts";

const shaderFor = weightShaders("weight_range", source);

/** Workgroups for one weight: enough to fill a card. */
const mostGroups = 1024;

/** Whether the kernel can measure a weight: it loads vec4. */
const isMeasured = (weight: Tensor): boolean => size(weight.shape) % 4 === 0;

/**
 * The largest magnitude in each weight, in one read; NaN where a weight has a NaN, or a size that four does not divide.
 *
 * @param weights  matrices of any dtype of weights
 */
export async function largestMagnitudes(gpu: Gpu, weights: readonly Tensor[]): Promise<Float32Array> {
  if (weights.length === 0) return new Float32Array();
  const plan = new Plan(gpu, "weight ranges");
  try {
    const unmeasured = new Float32Array(weights.map((weight) => (isMeasured(weight) ? 0 : Number.NaN)));
    const largest = plan.upload("largest", unmeasured, [weights.length]);
    for (const [at, whole] of weights.entries()) {
      if (!isMeasured(whole)) continue;
      for (const { weight } of rowRanges(gpu, { weight: whole, first: 0, count: extents2(whole)[0] })) {
        const count = size(weight.shape);
        plan.dispatch({
          shader: shaderFor(weight),
          entry: "measure",
          tensors: { ...weightTensors(weight), largest },
          params: { count, at },
          groups: [Math.min(mostGroups, Math.ceil(count / 1024))],
          constants: weightConstants(weight),
        });
      }
    }
    plan.run();
    return await gpu.read(largest);
  } finally {
    plan.free();
  }
}

/** The bytes of a tensor in its buffer. */
export const bytesRange = (tensor: Tensor): readonly [from: number, to: number] => [
  tensor.offsetBytes,
  tensor.offsetBytes + bytesOf(tensor),
];
