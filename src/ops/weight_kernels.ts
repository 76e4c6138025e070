import chunksBf16 from "../../shaders/chunks/bf16.wgsl" with { type: "text" };
import chunksF16 from "../../shaders/chunks/f16.wgsl" with { type: "text" };
import chunksI4 from "../../shaders/chunks/i4.wgsl" with { type: "text" };
import chunksI8 from "../../shaders/chunks/i8.wgsl" with { type: "text" };
import chunksNf4 from "../../shaders/chunks/nf4.wgsl" with { type: "text" };
import chunksVec4 from "../../shaders/chunks/vec4.wgsl" with { type: "text" };
import quantiles from "../../shaders/tables/nf4.wgsl" with { type: "text" };
import bf16 from "../../shaders/weights/bf16.wgsl" with { type: "text" };
import f16 from "../../shaders/weights/f16.wgsl" with { type: "text" };
import f32 from "../../shaders/weights/f32.wgsl" with { type: "text" };
import i4 from "../../shaders/weights/i4.wgsl" with { type: "text" };
import i8 from "../../shaders/weights/i8.wgsl" with { type: "text" };
import nf4 from "../../shaders/weights/nf4.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/gpu.ts";
import { Shader } from "../gpu/shader.ts";
import { bytesOf, extents2, type PackedDtype, rowsOf, size, type Tensor } from "../gpu/tensor.ts";

export type WeightDtype = "f32" | PackedDtype;

/** WGSL that reads weights of a dtype, appended to the files of kernels that do. Keys are suffixes of shader names. */
export const weightParts: Readonly<Record<WeightDtype, string>> = {
  f32,
  bf16,
  f16,
  i8,
  i4,
  nf4: `${quantiles}\n${nf4}`,
};

/** How many vec4 a chunk makes. */
export type Vec4sInChunk = 1 | 2 | 4 | 8;

/** The same for kernels that read 16 bytes of a weight at a time; `vec4s`: how many vec4 those 16 bytes make. */
const wholeChunks: Readonly<Record<PackedDtype, { part: string; vec4s: Vec4sInChunk }>> = {
  bf16: { part: chunksBf16, vec4s: 2 },
  f16: { part: chunksF16, vec4s: 2 },
  i8: { part: chunksI8, vec4s: 4 },
  i4: { part: chunksI4, vec4s: 8 },
  nf4: { part: `${quantiles}\n${chunksNf4}`, vec4s: 8 },
};

/** All variants of a kernel that reads weights in chunks, by suffix of the shader's name. */
export const chunkParts: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(weightParts).map(([dtype, part]) => [dtype, `${part}\n${chunksVec4}`])),
  ...Object.fromEntries(Object.entries(wholeChunks).map(([dtype, { part }]) => [`${dtype}_chunks`, part])),
};

/** A file as one shader for each part, made when it is first used. */
function variants(
  name: string,
  source: string,
  parts: Readonly<Record<string, string>>,
  directives = "",
): (variant: string) => Shader {
  const made = new Map<string, Shader>();
  return (variant) => {
    let shader = made.get(variant);
    if (!shader) {
      shader = new Shader(variant === "f32" ? name : `${name}_${variant}`, source, parts[variant], directives);
      made.set(variant, shader);
    }
    return shader;
  };
}

/** A file that calls `weight_vec4`, as one shader for each dtype. */
export function weightShaders(name: string, source: string, directives = ""): (weight: Tensor) => Shader {
  const of = variants(name, source, weightParts, directives);
  return (weight) => of(weightDtype(weight));
}

function weightDtype({ name, dtype }: Tensor): WeightDtype {
  if (dtype === "u32" || dtype === "i32")
    throw new TypeError(`${name} is of ${dtype}, which is not a dtype of weights`);
  return dtype;
}

/** How a kernel reads a weight in chunks. */
export interface Chunks {
  shader: Shader;
  /** vec4 in a chunk. */
  vec4s: Vec4sInChunk;
  /** Whether each chunk has a word with scale and zero point. */
  scaled: boolean;
}

/** A file that calls `chunk_at`: with chunks of 16 bytes where they divide a quarter of a row and a block, else of one vec4. */
export function chunkShaders(name: string, source: string): (weight: Tensor) => Chunks {
  const of = variants(name, source, chunkParts);
  return (weight) => {
    const dtype = weightDtype(weight);
    const [, I] = extents2(weight);
    if (dtype !== "f32") {
      const { vec4s } = wholeChunks[dtype];
      if (I % (16 * vec4s) === 0 && (weight.block ?? 0) % (4 * vec4s) === 0)
        return { shader: of(`${dtype}_chunks`), vec4s, scaled: weight.block !== undefined };
    }
    return { shader: of(dtype), vec4s: 1, scaled: false };
  };
}

/** The bindings of a weight in such a shader. */
export const weightTensors = (weight: Tensor): { weight_data: Tensor; weight_scales: Tensor } => ({
  weight_data: weight,
  weight_scales: weight.scales ?? weight,
});

/** The override constants of a weight in such a shader. */
export const weightConstants = ({ block }: Tensor): Record<string, number> => (block ? { BLOCK: block } : {});

/** For kernels that read single numbers of a weight. @throws TypeError where it is not in f32 */
export function expectF32({ name, dtype }: Tensor): void {
  if (dtype !== "f32") throw new TypeError(`${name} is of ${dtype}, the kernel for its size takes f32 only`);
}

/** Weights too large to be bound whole are split at multiples of this many rows: 256 bytes of any dtype, and of a bias. */
const rowStep = 64;

/** Rows of a product's weight that can be bound together. */
export interface RowRange {
  /** The weight, or the part of it to bind, and the bias of the same rows. */
  weight: Tensor;
  bias?: Tensor | null;
  /** First row, counted from the beginning of that part. */
  first: number;
  count: number;
  /** First column of the product that these rows make. */
  column: number;
}

/**
 * `count` rows of a weight from `first` on, in as few ranges as the device's binding limit allows.
 *
 * @throws RangeError where the weight must be split and `first` is not a multiple of 64
 */
export function rowRanges(
  { maxBindingBytes }: Gpu,
  { weight, bias, first, count }: Pick<RowRange, "weight" | "bias" | "first" | "count">,
): RowRange[] {
  const [rows] = extents2(weight);
  const bytes = bytesOf(weight);
  if (bytes <= maxBindingBytes) return [{ weight, bias, first, count, column: 0 }];
  const most = Math.floor((maxBindingBytes * rows) / bytes / rowStep) * rowStep;
  if (most === 0 || first % rowStep !== 0)
    throw new RangeError(
      `${weight.name} takes ${bytes} bytes, of which ${maxBindingBytes} can be bound: it can be split at every ${rowStep}th row only, which rows from ${first} on do not allow`,
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

/** A view of a product (N, O) from a column on; its rows are still O numbers apart. */
export function fromColumn(tensor: Tensor, column: number): Tensor {
  if (column === 0) return tensor;
  return { ...tensor, shape: [size(tensor.shape) - column], offsetBytes: tensor.offsetBytes + column * 4 };
}
