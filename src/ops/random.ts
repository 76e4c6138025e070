import source from "../../shaders/random.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { bytesOf, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("random", source);

/** Of dtypes with scales: the largest quantized magnitude, and the zero point. */
const blocks = { i8: { most: 128, zero: 0 }, i4: { most: 8, zero: 8 }, nf4: { most: 1, zero: 0 } } as const;

/**
 * Overwrites a tensor with random numbers from -bound to bound that depend on seed and dtype alone: uniform, except for nf4,
 * where all 16 quantiles are equally likely.
 *
 * @param out   any shape, of a dtype of weights; scales are written too
 * @param seed  u32
 */
export function fillRandom(plan: Plan, out: Tensor, bound: number, seed: number): void {
  const { dtype, scales } = out;
  const fill = (
    entry: string,
    tensors: Record<string, Tensor>,
    count: number,
    { perThread = 4, of = bound, zero = 0 } = {},
  ) =>
    plan.dispatch({
      shader,
      entry,
      tensors,
      params: { count, seed, bound: of, zero },
      groups: grid(Math.ceil(count / perThread), 64),
    });
  const count = size(out.shape);
  switch (dtype) {
    case "f32":
      fill("fill", { out }, count);
      break;
    case "bf16":
    case "f16":
      fill(`fill_${dtype}`, { words: out }, count);
      break;
    case "i8":
    case "i4":
    case "nf4": {
      if (!scales) throw new TypeError(`${out.name} is ${dtype} and has no scales`);
      const { most, zero } = blocks[dtype];
      fill("fill_words", { words: out }, bytesOf(out) / 4);
      fill("fill_scales", { words: scales }, size(scales.shape), { perThread: 1, of: bound / most, zero });
      break;
    }
    default:
      throw new TypeError(`${out.name} is ${dtype}, which is not a dtype of weights`);
  }
}
