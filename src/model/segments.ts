import type { Gpu } from "../gpu/gpu.ts";
import { bytesOf, type Tensor } from "../gpu/tensor.ts";
import type { PlaceInSegment, SegmentSizes } from "./parameter_layout.ts";
import { sidesOf, type WeightForm } from "./weight_form.ts";

/** One range of weights with gradient and optimizer state of the same layout, in four buffers. */
export interface Segment {
  weight: Tensor;
  d: Tensor;
  m: Tensor;
  v: Tensor;
  /** Of i8, i4 and nf4. */
  scales: Tensor | null;
  /** Of weights that are trained and read as the nearest bf16: those numbers, to be computed again where weights change. */
  rounded: Tensor | null;
  /** Matrices stand before this index, vectors after it: weight decay can leave out the vectors. */
  matrixEnd: number;
}

export type SegmentPart = "weight" | "d" | "m" | "v";

/** Buffers of a segment, all zero. @param isRounded whether some of its weights are read as the nearest bf16 */
export function allocateSegment(
  gpu: Gpu,
  index: number,
  { dtype, length, scales, matrixEnd }: SegmentSizes,
  { trained, isRounded }: { trained: boolean; isRounded: boolean },
): Segment {
  const zeros = (name: string, count = length, of: Tensor["dtype"] = dtype) => {
    const tensor = gpu.empty(`${name}.${index}`, [count], of);
    gpu.clear(tensor);
    return tensor;
  };
  const weight = zeros("weights");
  const rest = {
    scales: scales > 0 ? zeros("scales", scales, "u32") : null,
    rounded: isRounded ? zeros("rounded", length, gpu.plain ? "f32" : "bf16") : null,
    matrixEnd,
  };
  return trained
    ? { weight, d: zeros("dweights"), m: zeros("exp_avg"), v: zeros("exp_avg_sq"), ...rest }
    : { weight, d: weight, m: weight, v: weight, ...rest };
}

/** A weight, or all of a pack, that begins at a place of a segment, as the segment stores it. */
export function storedTensor(
  segment: Segment,
  { name, shape }: { name: string; shape: number[] },
  at: PlaceInSegment,
  { dtype, block }: WeightForm,
): Tensor {
  const { rows, columns } = sidesOf({ shape });
  const tensor = {
    name,
    shape,
    dtype,
    buffer: segment.weight.buffer,
    offsetBytes: bytesOf({ shape: [at.start], dtype }),
  };
  if (block === undefined) return tensor;
  const { scales } = segment;
  if (!scales) throw new TypeError(`${name} is ${dtype}, but its segment has no scales`);
  return {
    ...tensor,
    block,
    scales: {
      name: `scales(${name})`,
      shape: [rows, columns / block],
      dtype: "u32",
      buffer: scales.buffer,
      offsetBytes: at.scalesStart * 4,
    },
  };
}

/** The same in the nearest bf16 beside it. */
export function roundedTensor(
  { rounded }: Segment,
  { name, shape }: { name: string; shape: number[] },
  { start }: PlaceInSegment,
): Tensor {
  if (!rounded) throw new TypeError(`${name} is read as bf16, but its segment holds no rounded weights`);
  const { dtype, buffer } = rounded;
  return { name, shape, dtype, buffer, offsetBytes: bytesOf({ shape: [start], dtype }) };
}
