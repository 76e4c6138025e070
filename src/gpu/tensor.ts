/** Dtypes of stored weights smaller than f32; ops read them in kernels of their own (ops/weight_kernels.ts). */
export type PackedDtype = "bf16" | "f16" | "i8" | "i4" | "nf4";

export type Dtype = "f32" | "u32" | "i32" | PackedDtype;

const bits: Readonly<Record<Dtype, number>> = { f32: 32, u32: 32, i32: 32, bf16: 16, f16: 16, i8: 8, i4: 4, nf4: 4 };

/** An array of numbers on the GPU. No methods: ops take tensors and return tensors. */
export interface Tensor {
  /** Named as in the checkpoint for weights, `op.tensor` for activations; used in labels and messages. */
  readonly name: string;
  /** Last index fastest. */
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly buffer: GPUBuffer;
  /** Start in the buffer, a multiple of 256. */
  readonly offsetBytes: number;
  /** The tensor that this one is a view of in another shape; they share a gradient. */
  readonly base?: Tensor;
  /** Of i8, i4 and nf4: number of neighbouring elements of a row that share a scale. */
  readonly block?: number;
  /** Of i8, i4 and nf4: u32, one for each block in order; scale and zero point in f16, the scale in the lower half. */
  readonly scales?: Tensor;
}

/** As an index in a u32 tensor: no row, no token, no target. `NO_INDEX` in WGSL. */
export const noIndex = 0xffffffff;

/** Number of elements. */
export const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Bytes of a tensor, rounded up to whole words. */
export const bytesOf = ({ shape, dtype }: Pick<Tensor, "shape" | "dtype">): number =>
  Math.ceil((size(shape) * bits[dtype]) / 32) * 4;

export const shapeText = (shape: readonly number[]): string => `(${shape.join(", ")})`;

/** @throws RangeError that names the tensor, its shape and the expected one; -1 accepts any extent. */
export function expectShape(tensor: Tensor, ...shape: number[]): void {
  const fits = tensor.shape.length === shape.length && shape.every((d, i) => d === -1 || d === tensor.shape[i]);
  if (!fits) throw new RangeError(`${tensor.name} has shape ${shapeText(tensor.shape)}, expected ${shapeText(shape)}`);
}

/** @throws RangeError where the tensor has another number of dimensions */
function extents(tensor: Tensor, count: number): readonly number[] {
  if (tensor.shape.length !== count) expectShape(tensor, ...new Array<number>(count).fill(-1));
  return tensor.shape;
}

/** The extents of a matrix. @throws RangeError where the tensor is none */
export const extents2 = (tensor: Tensor) => extents(tensor, 2) as readonly [number, number];

/** The extents of a tensor of three dimensions. @throws RangeError where it has another number of them */
export const extents3 = (tensor: Tensor) => extents(tensor, 3) as readonly [number, number, number];

/** The length of a vector. @throws RangeError where the tensor is none */
export const lengthOf = (tensor: Tensor): number => extents(tensor, 1)[0] ?? 0;

/** The same numbers in another shape. @throws RangeError where the sizes differ. */
export function reshape(tensor: Tensor, ...shape: number[]): Tensor {
  if (size(shape) !== size(tensor.shape))
    throw new RangeError(`${tensor.name} of shape ${shapeText(tensor.shape)} cannot be read as ${shapeText(shape)}`);
  return { ...tensor, shape, base: tensor.base ?? tensor };
}

/**
 * Up to `count` of a tensor's first extent, from `from` on, in the same buffer. The bytes before must be a multiple of 256,
 * as for any binding.
 */
export function rowsOf(tensor: Tensor, from: number, count: number): Tensor {
  const [extent = 1, ...rest] = tensor.shape;
  const skipped = bytesOf({ shape: [from, ...rest], dtype: tensor.dtype });
  const { block = 1, scales } = tensor;
  return {
    ...tensor,
    shape: [Math.min(count, extent - from), ...rest],
    offsetBytes: tensor.offsetBytes + skipped,
    ...(scales && { scales: rowsOf(reshape(scales, extent, size(rest) / block), from, count) }),
  };
}
