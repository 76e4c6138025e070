import type { Shader } from "./shader.ts";
import type { Tensor } from "./tensor.ts";

/** A dispatch to record. */
export interface Dispatch {
  shader: Shader;
  entry: string;
  /** Tensors by their names in the WGSL; those that the entry point does not use are ignored. */
  tensors: Readonly<Record<string, Tensor>>;
  /** Exactly the fields of the shader's Params. */
  params?: Readonly<Record<string, number>>;
  /** Workgroups in x, y, z. */
  groups: readonly [number, number?, number?];
  /** Values of `override` constants. */
  constants?: Readonly<Record<string, number>>;
  /** Values of `const NAME: u32`, put in front of the shader: sizes of private arrays, which WGSL wants to be constant. */
  sizes?: Readonly<Record<string, number>>;
  /** Given where the only thing that it makes may be computed by its readers instead (gpu/inline.ts). */
  inlined?: InlinedNorm;
  /** The same dispatch, which computes the norm that it reads; null where it cannot. */
  inline?: (norm: InlinedNorm) => Dispatch | null;
  /** A kernel with the same results whose threads share nothing: no workgroup memory, no barriers. See `GpuOptions.unshared`. */
  unshared?: Pick<Dispatch, "shader" | "entry" | "groups" | "sizes">;
}

/** out = rmsnorm(x) weight: besides out, nothing that it writes is read where it is left out. */
export interface InlinedNorm {
  x: Tensor;
  weight: Tensor;
  eps: number;
  out: Tensor;
}

/** A tensor bound by a dispatch. */
export interface BoundTensor {
  tensor: Tensor;
  /** Number of the binding. */
  binding: number;
  isWritten: boolean;
}

export const labelOf = ({ shader, entry }: Pick<Dispatch, "shader" | "entry">): string => `${shader.name}.${entry}`;

/** The tensors that a dispatch binds. @throws TypeError where one is missing */
export function boundTensors(dispatch: Pick<Dispatch, "shader" | "entry" | "tensors">): BoundTensor[] {
  const { shader, entry, tensors } = dispatch;
  const bound: BoundTensor[] = [];
  for (const name of shader.uses(entry)) {
    const { number, kind } = shader.binding(name);
    if (kind === "uniform") continue;
    const tensor = tensors[name];
    if (!tensor)
      throw new TypeError(`${labelOf(dispatch)} needs ${name}, it was given ${Object.keys(tensors).join(", ")}`);
    bound.push({ tensor, binding: number, isWritten: kind === "read_write" });
  }
  return bound;
}
