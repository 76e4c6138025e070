import source from "../../shaders/adamw.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { wordsOf } from "../gpu/params.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("adamw", source);

/** Numbers that a workgroup squares: PER_GROUP of the shader. */
const perGroup = 4096;

/**
 * The global norm of all gradients, summed in a fixed order.
 *
 * @param ds  gradients of any shape, at least one
 * @returns   (1)
 */
export function gradNorm(plan: Plan, ds: readonly Tensor[]): Tensor {
  const parts = ds.map((d) => ({ d, groups: Math.ceil(size(d.shape) / perGroup) }));
  const count = parts.reduce((sum, { groups }) => sum + groups, 0);
  const partial = plan.activation("adamw.partial", [count]);
  const norm = plan.activation("adamw.norm", [1]);
  let first = 0;
  for (const { d, groups } of parts) {
    const params = { count: size(d.shape), first, decay_end: 0 };
    plan.dispatch({ shader, entry: "square", tensors: { d, partial }, params, groups: grid(groups, 1) });
    first += groups;
  }
  plan.dispatch({
    shader,
    entry: "root",
    tensors: { partial, norm },
    params: { count, first: 0, decay_end: 0 },
    groups: [1],
  });
  return norm;
}

export interface AdamSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** 0: no clipping. */
  maxGradNorm: number;
}

/** Settings as the kernel reads them. @param step  counted from 1 since the moments were zero */
export const adamWords = (s: AdamSettings, step: number): Uint32Array =>
  wordsOf(shader, "Settings", {
    learning_rate: s.learningRate,
    beta1: s.beta1,
    beta2: s.beta2,
    eps: s.eps,
    weight_decay: s.weightDecay,
    max_grad_norm: s.maxGradNorm,
    correction1: 1 - s.beta1 ** step,
    correction2: 1 - s.beta2 ** step,
  });

export const adamWordCount = shader.struct("Settings").length;

/** All parameters end to end, f32 (n) each. */
export interface Parameters {
  weight: Tensor;
  /** Their gradient; 0 after the step. */
  d: Tensor;
  /** First and second moment, 0 before the first step. */
  m: Tensor;
  v: Tensor;
  /** Weight decay applies to the numbers before this one. */
  decayEnd: number;
  /** `adamWords`, rewritten by the host before every step. */
  settings: Tensor;
  /** f32 (1) from `gradNorm`. Where it is not finite, the step only clears d. */
  norm: Tensor;
}

/** One step of AdamW, like torch.optim.AdamW after torch.nn.utils.clip_grad_norm_. */
export function adamw(plan: Plan, { weight, d, m, v, decayEnd, settings, norm }: Parameters): void {
  const count = size(weight.shape);
  for (const tensor of [d, m, v]) expectShape(tensor, ...weight.shape);
  expectShape(settings, adamWordCount);
  expectShape(norm, 1);
  if (!(decayEnd >= 0 && decayEnd <= count))
    throw new RangeError(`decayEnd is ${decayEnd}, expected between 0 and the ${count} numbers of ${weight.name}`);
  plan.dispatch({
    shader,
    entry: "update",
    tensors: { weight, d, m, v, settings, norm },
    params: { count, first: 0, decay_end: decayEnd },
    groups: grid(count, 256),
  });
}
