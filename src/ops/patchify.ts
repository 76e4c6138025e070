import source from "../../shaders/patchify.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, extents2, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("patchify", source);

export interface PatchifySettings {
  /** S, pixels. */
  patchSize: number;
  /** T, frames. */
  temporalPatchSize: number;
  /** Per channel (red, green, blue), of levels from 0 to 1. */
  mean: readonly number[];
  std: readonly number[];
}

/**
 * Pictures as input of the vision tower. Without gradient.
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
  const [P] = extents2(patches);
  const [mean_r = 0, mean_g = 0, mean_b = 0] = mean;
  const [std_r = 1, std_g = 1, std_b = 1] = std;
  const out = plan.activation("pixel_values", [P, 3 * T * S * S]);
  plan.dispatch({
    shader,
    entry: "normalize",
    tensors: { levels, patches, out },
    params: { P, S, T, mean_r, mean_g, mean_b, std_r, std_g, std_b },
    groups: grid(size(out.shape), 64),
  });
  return out;
}
