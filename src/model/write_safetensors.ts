import { toBf16 } from "./float_bytes.ts";
import { elementSizeBytes } from "./safetensors.ts";

export interface TensorToWrite {
  name: string;
  dtype: "F32" | "BF16";
  shape: readonly number[];
  values: Float32Array;
}

/**
 * The bytes of a file. F32 tensors come first, so that every tensor begins at a multiple of its element size.
 * transformers refuses files whose metadata lacks "format".
 */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors.filter((t) => t.dtype === "F32"), ...tensors.filter((t) => t.dtype === "BF16")];
  const entries = new Map<string, object>([["__metadata__", { format: "pt", ...metadata }]]);
  let dataBytes = 0;
  for (const { name, dtype, shape, values } of ordered) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (values.length !== count)
      throw new Error(`Tensor "${name}" of shape (${shape.join(", ")}) needs ${count} values, found ${values.length}`);
    if (entries.has(name)) throw new Error(`Two tensors to write are named "${name}"`);
    const end = dataBytes + count * elementSizeBytes[dtype];
    entries.set(name, { dtype, shape, data_offsets: [dataBytes, end] });
    dataBytes = end;
  }
  // By hand, since an object would move names that look like numbers to the front.
  const json = `{${[...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(",")}}`;
  const unpadded = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(unpadded.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.fill(0x20, 8 + unpadded.length, 8 + headerBytes).set(unpadded, 8);
  let at = 8 + headerBytes;
  for (const { dtype, values } of ordered) {
    const source = dtype === "F32" ? values : toBf16(values);
    bytes.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), at);
    at += source.byteLength;
  }
  return bytes;
}
