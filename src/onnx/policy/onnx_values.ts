import { fromHalf, toHalf } from "../../model/half.ts";
import type { OnnxData, OnnxDtype, OnnxTensor } from "../runtime/runtime.ts";

export const int64 = (shape: readonly number[], values: readonly number[]): OnnxTensor => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(values, BigInt),
});

/** Numbers as f32, whatever float they are. @throws TypeError for integers */
export function floatsOf(data: OnnxData, dtype: OnnxDtype): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "float16" && data instanceof Uint16Array) return Float32Array.from(data, fromHalf);
  throw new TypeError(`expected float32 or float16, found ${dtype}`);
}

/** f32 as the float that an input takes. */
export function floats(dtype: OnnxDtype, shape: readonly number[], values: Float32Array): OnnxTensor {
  return { dtype, shape, data: dtype === "float16" ? Uint16Array.from(values, toHalf) : values };
}

export const isFloat = (dtype: OnnxDtype): boolean => dtype === "float32" || dtype === "float16";
