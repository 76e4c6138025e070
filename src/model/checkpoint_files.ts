import { toFloat32 } from "./float_bytes.ts";
import { excerpt, parseJson } from "./json_file.ts";
import { type Dtype, decodeText, elementSizeBytes, isRecord, rangeReader, readHeader } from "./safetensors.ts";

const maxIndexBytes = 64 * 2 ** 20;
const maxShards = 1000;

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
  /** Numbers [first, end) as f32. */
  numbers(first: number, end: number): Promise<Float32Array>;
  /** As f32 in ranges from `first` on, so that no large tensor need be in memory as a whole. */
  parts(): AsyncGenerator<{ first: number; values: Float32Array }>;
  /** Its bytes in ranges, each a multiple of this many numbers. */
  byteParts(multiple: number): AsyncGenerator<{ first: number; bytes: Uint8Array }>;
}

/** Bytes of a file that are read at once for `parts`: a multiple of every element's size. */
export const partBytes = 16 * 2 ** 20;

/**
 * The tensors of a Hugging Face checkpoint: `model.safetensors`, or all in the shards that
 * `model.safetensors.index.json` names. As in transformers, the index says which files there are, and their headers what
 * is in them. @throws Error where a file is missing, or two of them hold one tensor
 */
export async function openCheckpoint(files: CheckpointFiles): Promise<StoredTensor[]> {
  if ((await files.sizeBytes("model.safetensors")) !== null) return openFile(files, "model.safetensors");
  const indexFile = "model.safetensors.index.json";
  const indexBytes = await files.sizeBytes(indexFile);
  if (indexBytes === null)
    throw new Error(
      `Expected model.safetensors or ${indexFile}, found neither; choose a folder with a Hugging Face checkpoint`,
    );
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
    const numbers = async (first: number, end: number) => {
      checkDtype();
      const each = elementSizeBytes[dtype];
      return toFloat32(await read(startByte + first * each, startByte + end * each), dtype);
    };
    async function* byteParts(multiple: number) {
      checkDtype();
      const eachBytes = multiple * elementSizeBytes[dtype];
      const rangeBytes = Math.max(1, Math.floor(partBytes / eachBytes)) * eachBytes;
      for (let at = startByte; at < endByte; at += rangeBytes)
        yield {
          first: (at - startByte) / elementSizeBytes[dtype],
          bytes: await read(at, Math.min(at + rangeBytes, endByte)),
        };
    }
    async function* parts() {
      for await (const { first, bytes } of byteParts(1)) yield { first, values: toFloat32(bytes, dtype) };
    }
    return { name, dtype, shape, file, bytes, values, numbers, parts, byteParts };
  });
}

function parseWeightMap(text: string, file: string): Map<string, string> {
  const json = parseJson(text, file);
  const map = isRecord(json) ? json.weight_map : undefined;
  if (!isRecord(map)) throw new Error(`${file}: expected an object "weight_map", found ${excerpt(map)}`);
  for (const [name, shard] of Object.entries(map)) {
    // A name, never a path: an untrusted index must not reach outside of its folder.
    if (typeof shard !== "string" || !/^[\w-][\w.-]{0,200}\.safetensors$/.test(shard))
      throw new Error(
        `${file}: expected the name of a .safetensors file for tensor "${name}", found ${excerpt(shard)}`,
      );
  }
  return new Map(Object.entries(map as Record<string, string>));
}
