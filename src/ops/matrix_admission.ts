import type { Gpu } from "../gpu/gpu.ts";
import { bytesOf, type Tensor } from "../gpu/tensor.ts";

/** Below this many rows a product waits for its weight, and the f32 kernels are as fast. */
const leastRows = 64;

/** Bytes of a buffer that hold numbers which are no halves. */
type Ranges = readonly (readonly [from: number, to: number])[];

/** Buffers of weights whose products may use matrix units, and where in them they may not. */
const admitted = new WeakMap<GPUBuffer, Ranges>();

/** Lets products with weights in a buffer use matrix units, but for those that lie in `without`. */
export const admitToMatrixUnits = ({ buffer }: Tensor, without: Ranges): void => {
  admitted.set(buffer, without);
};

/** To be called when a buffer is given back: another tensor may be put there. */
export const dismissFromMatrixUnits = (buffer: GPUBuffer): void => {
  admitted.delete(buffer);
};

/** Whether a product of N rows is made on matrix units: a large one of a weight that was admitted to them. */
export function takesMatrixUnits({ matrixUnits, plain }: Gpu, weight: Tensor, N: number, ...sizes: number[]): boolean {
  const without = admitted.get(weight.buffer);
  if (!matrixUnits || plain || !without || N < leastRows) return false;
  if (sizes.some((size) => size % 8 !== 0)) return false;
  const [from, to] = [weight.offsetBytes, weight.offsetBytes + bytesOf(weight)];
  return without.every(([first, end]) => to <= first || end <= from);
}
