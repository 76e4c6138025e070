import bf16 from "../../shaders/weights/bf16.wgsl" with { type: "text" };
import f16 from "../../shaders/weights/f16.wgsl" with { type: "text" };
import f32 from "../../shaders/weights/f32.wgsl" with { type: "text" };
import i4 from "../../shaders/weights/i4.wgsl" with { type: "text" };
import i8 from "../../shaders/weights/i8.wgsl" with { type: "text" };
import nf4 from "../../shaders/weights/nf4.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/gpu.ts";
import { Shader } from "../gpu/shader.ts";
import { bytesOf, type PackedDtype, rowsOf, size, type Tensor } from "../gpu/tensor.ts";

export type WeightDtype = "f32" | PackedDtype;

/** How the kernels that read weights read a dtype: what stands behind such a kernel's file, by the end of its name. */
export const weightParts: Readonly<Record<WeightDtype, string>> = { f32, bf16, f16, i8, i4, nf4 };

/** A file that calls `weight_four` as one shader for each dtype, made when it is first asked for. */
export function weightShaders(name: string, source: string): (weight: Tensor) => Shader {
  const made = new Map<WeightDtype, Shader>();
  return ({ name: weight, dtype }) => {
    if (dtype === "u32" || dtype === "i32")
      throw new TypeError(`${weight} is of ${dtype}, which is no dtype of weights`);
    let shader = made.get(dtype);
    if (!shader) {
      shader = new Shader(dtype === "f32" ? name : `${name}_${dtype}`, source, weightParts[dtype]);
      made.set(dtype, shader);
    }
    return shader;
  };
}

/** The tensors that such a shader reads a weight from. */
export const weightTensors = (weight: Tensor): { weight_data: Tensor; weight_scales: Tensor } => ({
  weight_data: weight,
  weight_scales: weight.scales ?? weight,
});

/** The constants that it needs for it. */
export const weightConstants = ({ block }: Tensor): Record<string, number> => (block ? { BLOCK: block } : {});

/** @throws TypeError for a weight that kernels read number by number, which have f32 only */
export function expectF32({ name, dtype }: Tensor): void {
  if (dtype !== "f32") throw new TypeError(`${name} is of ${dtype}, the kernel for its size takes f32 only`);
}

/** Weights too large to be bound whole are cut before rows of this multiple: 256 bytes of any bias or dtype. */
const rowStep = 64;

/** Some of the rows that a product takes, as far as they can be bound at once. */
export interface RowRange {
  /** The weight, or a part of it that can be bound, and the bias of the same rows. */
  weight: Tensor;
  bias?: Tensor | null;
  /** The first row, counted from the part's own first. */
  first: number;
  count: number;
  /** The first column of the product that they make. */
  column: number;
}

/**
 * The `count` rows of a weight from `first` on, in as few ranges as the device's limit for bindings allows.
 * @throws RangeError where it must be cut and `first` is no multiple of 64
 */
export function rowRanges(
  { maxBindingBytes }: Gpu,
  weight: Tensor,
  first: number,
  count: number,
  bias?: Tensor | null,
): RowRange[] {
  const [rows] = weight.shape as [number];
  const bytes = bytesOf(weight);
  if (bytes <= maxBindingBytes) return [{ weight, bias, first, count, column: 0 }];
  const most = Math.floor((maxBindingBytes * rows) / bytes / rowStep) * rowStep;
  if (most === 0 || first % rowStep !== 0)
    throw new RangeError(
      `${weight.name} takes ${bytes} bytes, of which ${maxBindingBytes} can be bound: it can be cut at every ${rowStep}th row only, which rows from ${first} on do not allow`,
    );
  const ranges: RowRange[] = [];
  for (let start = first - (first % most); start < first + count; start += most) {
    const from = Math.max(first, start);
    ranges.push({
      weight: rowsOf(weight, start, most),
      bias: bias && rowsOf(bias, start, most),
      first: from - start,
      count: Math.min(first + count, start + most) - from,
      column: from - first,
    });
  }
  return ranges;
}

/** A product (N, O) without its first columns; its rows stay O apart. */
export function fromColumn(tensor: Tensor, column: number): Tensor {
  if (column === 0) return tensor;
  return { ...tensor, shape: [size(tensor.shape) - column], offsetBytes: tensor.offsetBytes + column * 4 };
}
