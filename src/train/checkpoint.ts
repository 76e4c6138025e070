import { toFloat32 } from "../model/float_bytes.ts";
import { formatJson } from "../model/json_file.ts";
import { adapterPrefix, adapterWeightsFile } from "../model/lora.ts";
import { adapterConfigFile } from "../model/lora_config.ts";
import { readHeader } from "../model/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../model/write_safetensors.ts";
import type { NamedBytes } from "../platform.ts";
import type { RunConfig } from "./knobs.ts";
import { bytesOf, readJson, readTrainerState, stateFile } from "./trainer_state.ts";

/** One parameter as the host holds it. `name` is the one of the Hugging Face checkpoint. */
export interface NamedValues {
  name: string;
  shape: readonly number[];
  values: Float32Array;
}

/** AdamW's state: one mean and one mean square for every weight that is trained, in the order and shapes of the weights. */
export interface OptimizerState {
  /** Updates made; the bias corrections follow from it. */
  step: number;
  m: NamedValues[];
  v: NamedValues[];
}

/** All that a run needs to continue as if it had not been interrupted. */
export interface Checkpoint {
  /** Steps made. */
  step: number;
  config: RunConfig;
  /** What is trained: the model's weights, frozen ones among them, or the adapter's. */
  weights: NamedValues[];
  optimizer: OptimizerState;
  /** Where an adapter is trained, the `adapter_config.json` that says what it is. */
  adapter?: AdapterJson | null;
}

type AdapterJson = Readonly<Record<string, unknown>>;

export const weightsFile = "model.safetensors";
const optimizerFile = "optimizer.safetensors";

/**
 * model.safetensors (f32, so that a resumed run has the same bits), optimizer.safetensors and trainer_state.json. Where an
 * adapter is trained, PEFT's two files stand in the place of the first: the model under it does not change.
 */
export function checkpointFiles(checkpoint: Checkpoint): NamedBytes[] {
  const { step, config, weights, optimizer, adapter } = checkpoint;
  // The step stands in every file, so that files of two checkpoints cannot pass for one.
  const metadata = { step: String(step) };
  const moments = [
    ...optimizer.m.map((t) => ({ ...t, name: `m.${t.name}` })),
    ...optimizer.v.map((t) => ({ ...t, name: `v.${t.name}` })),
  ];
  const model = adapter
    ? [
        {
          name: adapterWeightsFile,
          bytes: writeSafetensors(
            weights.map((t) => inF32({ ...t, name: adapterPrefix + t.name })),
            metadata,
          ),
        },
        { name: adapterConfigFile, bytes: jsonBytes(adapter) },
      ]
    : [{ name: weightsFile, bytes: writeSafetensors(weights.map(inF32), metadata) }];
  const files = [...model, { name: optimizerFile, bytes: writeSafetensors(moments.map(inF32), metadata) }];
  const sums = Object.fromEntries(files.map(({ name, bytes }) => [name, checksum(bytes)]));
  const state = { format: 1, step, optimizerStep: optimizer.step, config, sums };
  return [...files, { name: stateFile, bytes: jsonBytes(state) }];
}

/** FNV-1a over words of 32 bits: finds what a disk lost or a program changed, at the speed of reading. */
function checksum(bytes: Uint8Array): number {
  // Words must begin at a multiple of four.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
  let sum = 0x811c9dc5;
  // Not for...of: its iterator takes ten times as long, which was a third of a step in the page.
  for (let i = 0; i < words.length; i++) sum = Math.imul(sum ^ words[i]!, 0x01000193);
  for (const byte of aligned.subarray(aligned.length & ~3)) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

/** @throws Error where a file's bytes are not those that were written; early checkpoints have no sums */
function checkSums(files: readonly NamedBytes[]): void {
  const sums = (readJson(files, stateFile).sums ?? {}) as Record<string, unknown>;
  for (const [name, expected] of Object.entries(sums)) {
    const found = checksum(bytesOf(files, name));
    if (found !== expected)
      throw new Error(
        `${name}: expected the bytes that were written (checksum ${expected}, as ${stateFile} says), found others (${found}); the disk or a program changed them`,
      );
  }
}

const jsonBytes = (value: unknown): Uint8Array => new TextEncoder().encode(`${formatJson(value)}\n`);

const inF32 = (tensor: NamedValues): TensorToWrite => ({ ...tensor, dtype: "F32" });

/** Whether files are a whole checkpoint, of whatever model: a sentence for people where they are not, else null. */
export async function checkpointProblem(files: readonly NamedBytes[]): Promise<string | null> {
  try {
    const { step } = readTrainerState(files);
    const isOfAdapter = files.some(({ name }) => name === adapterConfigFile);
    if (isOfAdapter) readJson(files, adapterConfigFile);
    for (const name of [isOfAdapter ? adapterWeightsFile : weightsFile, optimizerFile])
      await readTensorInfo(files, name, step);
    checkSums(files);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * A checkpoint from its files.
 *
 * @param shapes   parameters of the model, or of the adapter, that will receive it, by name
 * @param adapter  `adapter_config.json` of the adapter that will receive it, null where a model will
 * @param trained  those of the parameters that have moments: all, unless some are frozen
 * @throws Error where a file is missing or damaged, or where it belongs to another model or another checkpoint.
 */
export async function readCheckpoint(
  files: readonly NamedBytes[],
  shapes: ReadonlyMap<string, readonly number[]>,
  adapter: AdapterJson | null = null,
  trained = shapes,
): Promise<Checkpoint> {
  const { step, optimizerStep, config } = readTrainerState(files);
  const weights = await pickWeights(files, shapes, adapter);
  const moments = await readTensors(files, optimizerFile, step);
  const checkpoint = {
    step,
    config,
    weights,
    optimizer: {
      step: optimizerStep,
      m: pick(moments, "m.", trained, optimizerFile),
      v: pick(moments, "v.", trained, optimizerFile),
    },
    ...(adapter ? { adapter } : {}),
  };
  checkSums(files);
  return checkpoint;
}

/** The weights of a checkpoint for a model or an adapter, as readCheckpoint takes them, without the optimizer. @throws Error as it does */
export async function readWeightsOf(
  files: readonly NamedBytes[],
  shapes: ReadonlyMap<string, readonly number[]>,
  adapter: AdapterJson | null = null,
): Promise<Pick<Checkpoint, "step" | "weights">> {
  const weights = await pickWeights(files, shapes, adapter);
  checkSums(files);
  return { step: readTrainerState(files).step, weights };
}

async function pickWeights(
  files: readonly NamedBytes[],
  shapes: ReadonlyMap<string, readonly number[]>,
  adapter: AdapterJson | null,
): Promise<NamedValues[]> {
  const { step } = readTrainerState(files);
  checkAdapter(files, adapter);
  const file = adapter ? adapterWeightsFile : weightsFile;
  return pick(await readTensors(files, file, step), adapter ? adapterPrefix : "", shapes, file);
}

/** The files of a checkpoint less the optimizer's: for `readWeightsOf`, not to go on from. */
export function weightsOnly(files: readonly NamedBytes[]): NamedBytes[] {
  const state = readJson(files, stateFile);
  const { [optimizerFile]: _, ...sums } = (state.sums ?? {}) as Record<string, unknown>;
  return files
    .filter(({ name }) => name !== optimizerFile)
    .map((file) => (file.name === stateFile ? { name: stateFile, bytes: jsonBytes({ ...state, sums }) } : file));
}

/**
 * The weights of a checkpoint of whatever model, under the names of its parameters.
 * @returns `adapter`: what stands in `adapter_config.json` where they are an adapter's, else null
 * @throws Error as readCheckpoint does
 */
export async function readWeights(
  files: readonly NamedBytes[],
): Promise<{ step: number; weights: NamedValues[]; adapter: AdapterJson | null }> {
  const { step } = readTrainerState(files);
  const isOfAdapter = files.some(({ name }) => name === adapterConfigFile);
  const tensors = await readTensors(files, isOfAdapter ? adapterWeightsFile : weightsFile, step);
  checkSums(files);
  if (!isOfAdapter) return { step, weights: [...tensors.values()], adapter: null };
  const weights = [...tensors.values()].map((tensor) => ({ ...tensor, name: tensor.name.slice(adapterPrefix.length) }));
  return { step, weights, adapter: readJson(files, adapterConfigFile) };
}

/** @throws Error where the checkpoint is of an adapter and the run is not, or the other way, or of another adapter */
function checkAdapter(files: readonly NamedBytes[], adapter: AdapterJson | null): void {
  const isOfAdapter = files.some(({ name }) => name === adapterConfigFile);
  if (isOfAdapter !== (adapter !== null))
    throw new Error(
      isOfAdapter
        ? "Expected a checkpoint of all weights, found one of an adapter; set loraRank or adapter as the run did that wrote it"
        : "Expected a checkpoint of an adapter, found one of all weights; set loraRank to 0 and leave adapter empty, as the run did that wrote it",
    );
  if (!adapter) return;
  const stored = readJson(files, adapterConfigFile);
  for (const key of new Set([...Object.keys(stored), ...Object.keys(adapter)])) {
    const [expected, found] = [adapter[key], stored[key]].map((value) => JSON.stringify(value));
    if (expected !== found)
      throw new Error(
        `${adapterConfigFile}: expected ${key} to be ${expected ?? "absent"}, found ${found ?? "none"}; the checkpoint belongs to another adapter`,
      );
  }
}

async function readTensors(
  files: readonly NamedBytes[],
  file: string,
  step: number,
): Promise<Map<string, NamedValues>> {
  const bytes = bytesOf(files, file);
  return new Map(
    (await readTensorInfo(files, file, step)).map(({ name, dtype, shape, startByte, endByte }) => {
      if (dtype !== "F32")
        throw new Error(
          `${file}: expected tensor "${name}" in F32, found ${dtype}; an exported model is not a checkpoint`,
        );
      return [name, { name, shape, values: toFloat32(bytes.subarray(startByte, endByte), dtype) }];
    }),
  );
}

/** The header of one of its files, which must be as long as the header says. */
async function readTensorInfo(files: readonly NamedBytes[], file: string, step: number) {
  const bytes = bytesOf(files, file);
  const { tensors, metadata } = await readHeader(bytes, bytes.length, file);
  if (metadata.step !== String(step))
    throw new Error(
      `${file}: expected the checkpoint of step ${step}, as ${stateFile} says, found step ${metadata.step ?? "unknown"}`,
    );
  return tensors;
}

/** The tensors named prefix + parameter, in the parameters' order, and no parameter left without. */
function pick(
  tensors: Map<string, NamedValues>,
  prefix: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  file: string,
): NamedValues[] {
  for (const name of tensors.keys()) {
    if (name.startsWith(prefix) && !shapes.has(name.slice(prefix.length)))
      throw new Error(
        `${file}: the model has no parameter for tensor "${name}"; the checkpoint belongs to another model`,
      );
  }
  return [...shapes].map(([name, shape]) => {
    const tensor = tensors.get(prefix + name);
    if (!tensor)
      throw new Error(
        `${file}: expected tensor "${prefix}${name}", found none; the checkpoint belongs to another model`,
      );
    if (tensor.shape.join() !== shape.join())
      throw new Error(
        `${file}: expected tensor "${prefix}${name}" of shape (${shape.join(", ")}), found (${tensor.shape.join(", ")})`,
      );
    return { name, shape: tensor.shape, values: tensor.values };
  });
}
