import source from "../../shaders/patchify.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("patchify", source);

export interface PatchifySettings {
  /** S, pixels. */
  patchSize: number;
  /** T, frames. */
  temporalPatchSize: number;
  /** Of levels in 0 to 1, per channel. */
  mean: readonly number[];
  std: readonly number[];
}

/**
 * Pictures -> what the vision tower reads. No gradient: pictures are given.
 *
 * @param levels   u32 words of the pictures' bytes, (height, width, 3) each
 * @param patches  u32 (P, 4): first byte of the picture, row and column of the patch, width in pixels (0: padding)
 * @returns        (P, 3 T S S)
 */
export function patchify(
  plan: Plan,
  levels: Tensor,
  patches: Tensor,
  { patchSize: S, temporalPatchSize: T, mean, std }: PatchifySettings,
): Tensor {
  expectShape(levels, -1);
  expectShape(patches, -1, 4);
  const P = patches.shape[0]!;
  const out = plan.activation("pixel_values", [P, 3 * T * S * S]);
  plan.dispatch({
    shader,
    entry: "normalize",
    tensors: { levels, patches, out },
    params: {
      P,
      S,
      T,
      mean_r: mean[0]!,
      mean_g: mean[1]!,
      mean_b: mean[2]!,
      std_r: std[0]!,
      std_g: std[1]!,
      std_b: std[2]!,
    },
    groups: grid(size(out.shape), 64),
  });
  return out;
}
