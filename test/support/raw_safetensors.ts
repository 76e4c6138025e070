import { type Dtype, elementSizeBytes } from "../../src/model/safetensors.ts";

export interface RawTensor {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Its numbers, in this type. */
  data: ArrayBufferView | ArrayBuffer;
}

/** A safetensors file of tensors of any type. */
export function rawSafetensors(tensors: readonly RawTensor[]): Uint8Array<ArrayBuffer> {
  const ordered = tensors.toSorted((a, b) => elementSizeBytes[b.dtype] - elementSizeBytes[a.dtype]);
  let end = 0;
  const header = Object.fromEntries(
    ordered.map(({ name, dtype, shape, data }) => {
      const begin = end;
      end += data.byteLength;
      return [name, { dtype, shape, data_offsets: [begin, end] }];
    }),
  );
  const json = new TextEncoder().encode(JSON.stringify({ __metadata__: { format: "pt" }, ...header }));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setUint32(0, start - 8, true);
  bytes.fill(0x20, 8, start).set(json, 8);
  let at = start;
  for (const { data } of ordered) {
    bytes.set(
      "buffer" in data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data),
      at,
    );
    at += data.byteLength;
  }
  return bytes;
}
