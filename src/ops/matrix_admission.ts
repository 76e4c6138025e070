import type { Gpu } from "../gpu/gpu.ts";
import { bytesOf, type Tensor } from "../gpu/tensor.ts";

/** With fewer rows a product is bound by reading its weight, and the f32 kernels are as fast. */
const leastRows = 64;

/** Ranges of a buffer, in bytes, with numbers that f16 cannot hold. */
type Ranges = readonly (readonly [from: number, to: number])[];

/** Buffers of weights whose products may use matrix units, except for those within these ranges. */
const admitted = new WeakMap<GPUBuffer, Ranges>();

/** Lets products with weights in this buffer use matrix units, except for weights that overlap `without`. */
export const admitToMatrixUnits = ({ buffer }: Tensor, without: Ranges): void => {
  admitted.set(buffer, without);
};

/** To be called when a buffer is released: it may be used for another tensor. */
export const dismissFromMatrixUnits = (buffer: GPUBuffer): void => {
  admitted.delete(buffer);
};

/** Whether a product of N rows uses matrix units: a large one, with a weight that was admitted. */
export function takesMatrixUnits({ matrixUnits, plain }: Gpu, weight: Tensor, N: number, ...sizes: number[]): boolean {
  const without = admitted.get(weight.buffer);
  if (!matrixUnits || plain || !without || N < leastRows) return false;
  if (sizes.some((size) => size % 8 !== 0)) return false;
  const [from, to] = [weight.offsetBytes, weight.offsetBytes + bytesOf(weight)];
  return without.every(([first, end]) => to <= first || end <= from);
}
