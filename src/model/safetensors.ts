/**
 * The safetensors format, read strictly and written plainly. Layout: 8 bytes header length (little-endian), a JSON
 * header {name: {dtype, shape, data_offsets}}, then the tensors' bytes without holes.
 * Source: https://github.com/huggingface/safetensors#format. Numbers are little-endian, as on every device with WebGPU.
 */

import { halfToFloatBits } from "./half.ts";
import { excerpt, parseJson } from "./json_file.ts";

/** Bytes [startByte, endByte) of one file. */
export type ReadRange = (startByte: number, endByte: number) => Promise<Uint8Array>;

/** Bytes of one element. Types that share a byte between elements (F4, F6) are refused. */
export const elementSizeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type Dtype = keyof typeof elementSizeBytes;

/** Where a tensor lies in its file: bytes [startByte, endByte), counted from the start of the file. */
export interface TensorEntry {
  name: string;
  dtype: Dtype;
  shape: number[];
  startByte: number;
  endByte: number;
}

export interface Header {
  /** In the order of their bytes, which leave no hole and end with the file. */
  tensors: TensorEntry[];
  metadata: Record<string, string>;
}

/** Many times what a file of any model has: what is larger is damaged or made to take the machine. */
const maxHeaderBytes = 16 * 2 ** 20;
const maxIndexBytes = 64 * 2 ** 20;
const maxTensors = 20_000;
const maxShards = 1000;
const maxSides = 16;
const maxNameLength = 1024;

/**
 * The header of a file of `sizeBytes`, from its bytes or from a reader of ranges.
 * `file` is how errors name it.
 * @throws Error where anything is missing, contradicts something else or lies outside of the file.
 */
export async function readHeader(
  source: Uint8Array | ReadRange,
  sizeBytes: number,
  file = "model.safetensors",
): Promise<Header> {
  const read = rangeReader(source, file);
  if (sizeBytes < 8)
    throw new Error(
      `${file}: expected at least the 8 bytes of a header length, found a file of ${sizeBytes} bytes; is the download complete?`,
    );
  const prefix = await read(0, 8);
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const headerBytes = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (headerBytes > maxHeaderBytes)
    throw new Error(
      `${file}: expected a header of at most ${maxHeaderBytes} bytes, found a length of ${headerBytes}; this is not a safetensors file`,
    );
  if (8 + headerBytes > sizeBytes)
    throw new Error(
      `${file}: the header says that it has ${headerBytes} bytes, but the file has only ${sizeBytes} in all; is the download complete?`,
    );
  return parseHeader(decodeText(await read(8, 8 + headerBytes), file), 8 + headerBytes, sizeBytes, file);
}

function parseHeader(text: string, dataStart: number, sizeBytes: number, file: string): Header {
  if (!text.startsWith("{"))
    throw new Error(`${file}: expected a header that begins with "{", found ${JSON.stringify(text.slice(0, 20))}`);
  const json = parseJson(text, `${file}: the header`);
  const header = json as Record<string, unknown>;
  const count = Object.keys(header).length;
  if (count > maxTensors) throw new Error(`${file}: expected at most ${maxTensors} tensors, found ${count}`);
  const twice = repeatedKey(text);
  if (twice !== null)
    throw new Error(`${file}: the header names "${twice}" twice; readers would disagree about which one counts`);
  const tensors: TensorEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = checkMetadata(value, file);
    else tensors.push(checkEntry(name, value, dataStart, file));
  }
  tensors.sort((a, b) => a.startByte - b.startByte || a.endByte - b.endByte);
  let end = dataStart;
  for (const tensor of tensors) {
    if (tensor.startByte !== end) {
      const what = tensor.startByte < end ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new Error(
        `${file}: tensor "${tensor.name}" ${what}: expected to begin at byte ${end - dataStart} of the data, found ${tensor.startByte - dataStart}`,
      );
    }
    end = tensor.endByte;
  }
  if (end !== sizeBytes)
    throw new Error(
      `${file}: the tensors end at byte ${end}, but the file has ${sizeBytes} bytes; is the download complete?`,
    );
  return { tensors, metadata };
}

function checkMetadata(value: unknown, file: string): Record<string, string> {
  if (!isRecord(value))
    throw new Error(`${file}: expected "__metadata__" to be an object of strings, found ${excerpt(value)}`);
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== "string")
      throw new Error(`${file}: expected metadata "${key}" to be a string, found ${excerpt(entry)}`);
  }
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown, dataStart: number, file: string): TensorEntry {
  if (name.length > maxNameLength)
    throw new Error(
      `${file}: expected tensor names of at most ${maxNameLength} characters, found one of ${name.length}`,
    );
  const where = `${file}: tensor "${name}"`;
  if (!isRecord(value))
    throw new Error(`${where}: expected an object with dtype, shape and data_offsets, found ${excerpt(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(elementSizeBytes, dtype)) {
    throw new Error(
      `${where}: expected a dtype out of ${Object.keys(elementSizeBytes).join(", ")}, found ${excerpt(dtype)}`,
    );
  }
  if (!Array.isArray(shape) || shape.length > maxSides || !shape.every(isCount))
    throw new Error(`${where}: expected a shape of whole numbers, at most ${maxSides}, found ${excerpt(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw new Error(`${where}: expected data_offsets [begin, end] with begin <= end, found ${excerpt(offsets)}`);
  }
  let sizeBytes: number = elementSizeBytes[dtype as Dtype];
  for (const size of shape) {
    sizeBytes *= size;
    if (!Number.isSafeInteger(sizeBytes))
      throw new Error(`${where}: shape (${shape.join(", ")}) is larger than any file`);
  }
  if (offsets[1] - offsets[0] !== sizeBytes) {
    throw new Error(
      `${where}: ${dtype} of shape (${shape.join(", ")}) has ${sizeBytes} bytes, but data_offsets [${offsets.join(", ")}] span ${offsets[1] - offsets[0]}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, startByte: dataStart + offsets[0], endByte: dataStart + offsets[1] };
}

/**
 * The first key that stands twice in one object of a valid JSON text, or null. JSON.parse keeps the last one
 * silently; others keep the first.
 */
function repeatedKey(text: string): string | null {
  /** One set of keys per open object, null per open array. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "[") open.push(null);
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
      let next = at + 1;
      while (text[next] === " " || text[next] === "\n" || text[next] === "\r" || text[next] === "\t") next++;
      if (text[next] !== ":") continue;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      const keys = open[open.length - 1]!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

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
  if (dtype === "BF16") for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  else for (let i = 0; i < halves.length; i++) bits[i] = halfToFloatBits(halves[i]);
  return new Float32Array(bits.buffer);
}

/** f32 to bf16, to the nearest, ties to even; NaN stays NaN. */
export function toBf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    // Rounding could carry a NaN's fraction away into an infinity, so its quiet bit is set instead.
    halves[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return halves;
}

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

/** The files of one checkpoint folder, wherever they lie. */
export interface CheckpointFiles {
  read(name: string, startByte?: number, endByte?: number): Promise<Uint8Array>;
  /** Null where there is no such file. */
  sizeBytes(name: string): Promise<number | null>;
}

/** A tensor in a checkpoint whose bytes are read when asked for. */
export interface StoredTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** The file that holds it. */
  file: string;
  bytes(): Promise<Uint8Array>;
  /** As f32. */
  values(): Promise<Float32Array>;
  /** As f32 in stretches from `first` on, so that no large tensor need stand in memory as a whole. */
  parts(): AsyncGenerator<{ first: number; values: Float32Array }>;
  /** Its bytes in such stretches, each of a multiple of so many numbers. */
  byteParts(multiple: number): AsyncGenerator<{ first: number; bytes: Uint8Array }>;
}

/** Bytes of a file that are read at once for `parts`: a multiple of every element's size. */
export const partBytes = 16 * 2 ** 20;

/**
 * The tensors of a Hugging Face checkpoint: `model.safetensors`, or all in the shards that
 * `model.safetensors.index.json` names. As in transformers, the index says which files there are; what is in them, they
 * say themselves. @throws Error where a file is missing, or two of them hold one tensor
 */
export async function openCheckpoint(files: CheckpointFiles): Promise<StoredTensor[]> {
  if ((await files.sizeBytes("model.safetensors")) !== null) return openFile(files, "model.safetensors");
  const indexFile = "model.safetensors.index.json";
  if ((await files.sizeBytes(indexFile)) === null)
    throw new Error(
      `Expected model.safetensors or ${indexFile}, found neither; choose a folder with a Hugging Face checkpoint`,
    );
  const indexBytes = (await files.sizeBytes(indexFile))!;
  if (indexBytes > maxIndexBytes)
    throw new Error(`${indexFile}: expected at most ${maxIndexBytes} bytes, found ${indexBytes}`);
  const weightMap = parseWeightMap(decodeText(await files.read(indexFile), indexFile), indexFile);
  const shards = new Set(weightMap.values());
  if (shards.size > maxShards)
    throw new Error(`${indexFile}: expected at most ${maxShards} files, found ${shards.size}`);
  const tensors = new Map<string, StoredTensor>();
  for (const file of shards) {
    for (const tensor of await openFile(files, file)) {
      const other = tensors.get(tensor.name);
      if (other)
        throw new Error(
          `${other.file} and ${file} both hold tensor "${tensor.name}"; readers would disagree about which one counts`,
        );
      tensors.set(tensor.name, tensor);
    }
  }
  return [...tensors.values()];
}

/** The tensors of one file of a folder. @throws Error where it is missing */
export async function openFile(files: CheckpointFiles, file: string): Promise<StoredTensor[]> {
  const sizeBytes = await files.sizeBytes(file);
  if (sizeBytes === null) throw new Error(`${file}: expected this part of the checkpoint, found no such file`);
  const read = rangeReader((start, end) => files.read(file, start, end), file);
  const header = await readHeader(read, sizeBytes, file);
  return header.tensors.map(({ name, dtype, shape, startByte, endByte }) => {
    const bytes = () => read(startByte, endByte);
    const checkDtype = () => {
      if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16")
        throw new Error(
          `${file}: expected tensor "${name}" in F32, F16 or BF16, found ${dtype}; weights of this type cannot be read`,
        );
    };
    const values = async () => {
      checkDtype();
      return toFloat32(await bytes(), dtype);
    };
    async function* byteParts(multiple: number) {
      checkDtype();
      const eachBytes = multiple * elementSizeBytes[dtype];
      const stretch = Math.max(1, Math.floor(partBytes / eachBytes)) * eachBytes;
      for (let at = startByte; at < endByte; at += stretch)
        yield {
          first: (at - startByte) / elementSizeBytes[dtype],
          bytes: await read(at, Math.min(at + stretch, endByte)),
        };
    }
    async function* parts() {
      for await (const { first, bytes } of byteParts(1)) yield { first, values: toFloat32(bytes, dtype) };
    }
    return { name, dtype, shape, file, bytes, values, parts, byteParts };
  });
}

function parseWeightMap(text: string, file: string): Map<string, string> {
  const json = parseJson(text, file);
  const map = isRecord(json) ? json.weight_map : undefined;
  if (!isRecord(map)) throw new Error(`${file}: expected an object "weight_map", found ${excerpt(map)}`);
  for (const [name, shard] of Object.entries(map)) {
    // A name, never a path: an index from a stranger must not reach outside of its folder.
    if (typeof shard !== "string" || !/^[\w-][\w.-]{0,200}\.safetensors$/.test(shard))
      throw new Error(
        `${file}: expected the name of a .safetensors file for tensor "${name}", found ${excerpt(shard)}`,
      );
  }
  return new Map(Object.entries(map as Record<string, string>));
}

/** Reads ranges and insists on getting all of the bytes. */
function rangeReader(source: Uint8Array | ReadRange, file: string): ReadRange {
  return async (start, end) => {
    const bytes = typeof source === "function" ? await source(start, end) : source.subarray(start, end);
    if (bytes.length !== end - start)
      throw new Error(
        `${file}: expected ${end - start} bytes from byte ${start} on, found ${bytes.length}; is the download complete?`,
      );
    return bytes;
  };
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${file}: expected UTF-8 text, found other bytes`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
