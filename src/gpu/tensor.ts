export type Dtype = "f32" | "u32" | "i32";

/** Numbers on the GPU. No methods: ops take tensors and make tensors. Every dtype has 4 bytes an element. */
export interface Tensor {
  /** Named as in the checkpoint for weights, `op.tensor` for activations; used in labels and messages. */
  readonly name: string;
  /** Last index fastest. */
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly buffer: GPUBuffer;
  /** Start in the buffer, a multiple of 256. */
  readonly offsetBytes: number;
  /** The tensor that this one is another shape of; its gradient is that one's. */
  readonly base?: Tensor;
}

/** Number of elements. */
export const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export const shapeText = (shape: readonly number[]): string => `(${shape.join(", ")})`;

/** @throws RangeError that names the tensor, its shape and the expected one; -1 accepts any extent. */
export function expectShape(tensor: Tensor, ...shape: number[]): void {
  const fits = tensor.shape.length === shape.length && shape.every((d, i) => d === -1 || d === tensor.shape[i]);
  if (!fits) throw new RangeError(`${tensor.name} has shape ${shapeText(tensor.shape)}, expected ${shapeText(shape)}`);
}

/** The same numbers in another shape. @throws RangeError where the sizes differ. */
export function reshape(tensor: Tensor, ...shape: number[]): Tensor {
  if (size(shape) !== size(tensor.shape))
    throw new RangeError(`${tensor.name} of shape ${shapeText(tensor.shape)} cannot be read as ${shapeText(shape)}`);
  return { ...tensor, shape, base: tensor.base ?? tensor };
}
