import { halfToFloatBits } from "./half.ts";
import { type Dtype, elementSizeBytes } from "./safetensors.ts";

/** A tensor's numbers as f32. @throws Error for types that are not floating point. */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16")
    throw new Error(`Expected weights in F32, F16 or BF16, found ${dtype}`);
  if (bytes.length % elementSizeBytes[dtype] !== 0)
    throw new Error(`Expected whole ${dtype} numbers, found ${bytes.length} bytes`);
  // A copy, since a view would have to begin at a multiple of its element size.
  const own = bytes.slice().buffer;
  if (dtype === "F32") return new Float32Array(own);
  const halves = new Uint16Array(own);
  const bits = new Uint32Array(halves.length);
  if (dtype === "BF16") for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  else for (let i = 0; i < halves.length; i++) bits[i] = halfToFloatBits(halves[i]!);
  return new Float32Array(bits.buffer);
}

/** f32 to bf16, to the nearest, ties to even; NaN stays NaN. */
export function toBf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i]!;
    // Rounding could carry a NaN's fraction away into an infinity, so its quiet bit is set instead.
    halves[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return halves;
}
