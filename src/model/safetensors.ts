/**
 * The safetensors format, read strictly and written plainly. Layout: 8 bytes header length (little-endian), a JSON
 * header {name: {dtype, shape, data_offsets}}, then the tensors' bytes without holes.
 * Source: https://github.com/huggingface/safetensors#format. Numbers are little-endian, as on every device with WebGPU.
 */

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

/** Many times what a file of any model has: a larger one is damaged, or meant to exhaust the machine. */
const maxHeaderBytes = 16 * 2 ** 20;
const maxTensors = 20_000;
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
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isCount(begin) || !isCount(end) || begin > end)
    throw new Error(`${where}: expected data_offsets [begin, end] with begin <= end, found ${excerpt(offsets)}`);
  let sizeBytes: number = elementSizeBytes[dtype as Dtype];
  for (const size of shape) {
    sizeBytes *= size;
    if (!Number.isSafeInteger(sizeBytes))
      throw new Error(`${where}: shape (${shape.join(", ")}) is larger than any file`);
  }
  if (end - begin !== sizeBytes) {
    throw new Error(
      `${where}: ${dtype} of shape (${shape.join(", ")}) has ${sizeBytes} bytes, but data_offsets [${begin}, ${end}] span ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, startByte: dataStart + begin, endByte: dataStart + end };
}

/**
 * The first key that is twice in one object of a valid JSON text, or null: JSON.parse silently takes the last one,
 * other readers the first.
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
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return null;
}

/** Reads ranges; fewer bytes than asked for are an error. */
export function rangeReader(source: Uint8Array | ReadRange, file: string): ReadRange {
  return async (start, end) => {
    const bytes = typeof source === "function" ? await source(start, end) : source.subarray(start, end);
    if (bytes.length !== end - start)
      throw new Error(
        `${file}: expected ${end - start} bytes from byte ${start} on, found ${bytes.length}; is the download complete?`,
      );
    return bytes;
  };
}

export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${file}: expected UTF-8 text, found other bytes`);
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
