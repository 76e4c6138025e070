import type { Gpu } from "../gpu/gpu.ts";
import { shapeText, size } from "../gpu/tensor.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import type { BaseDtype } from "./base_dtype.ts";
import { type CheckpointFiles, openCheckpoint, type StoredTensor } from "./checkpoint_files.ts";
import type { ModelConfig } from "./config.ts";
import { readConfig, readPreprocessorOf } from "./families/read_files.ts";
import { modelShapes } from "./families/table.ts";
import { isHeadTied } from "./head.ts";
import { readJson } from "./json_file.ts";
import { buildModel, type Model } from "./model.ts";
import { currentName, embeddingWeight, headWeight } from "./names.ts";
import type { ParameterShape, Parameters } from "./parameters.ts";
import { preprocessorOf } from "./preprocessor.ts";
import { perWord } from "./quantize/form.ts";
import { readPublished } from "./quantize/published.ts";
import { type QuantizedTensor, quantizedTensors } from "./quantize/quantized_tensors.ts";
import { elementSizeBytes } from "./safetensors.ts";
import { formOf, publishedFormOf, sidesOf, type WeightForm } from "./weight_form.ts";

/** Called with how much of the weights has been read, in bytes of their files. */
export type LoadProgress = (doneBytes: number, ofBytes: number) => void;

/** What a weight is filled from. */
export type Source = StoredTensor | QuantizedTensor;

export const isQuantized = (source: Source): source is QuantizedTensor => "form" in source;

/** How errors name it: a quantized layer is several tensors in its file. */
const labelOf = (source: Source): string =>
  `"${isQuantized(source) ? source.name.replace(/weight$/, "qweight") : source.name}" (${source.file})`;

/** Bytes that are queued for the device before waiting for it: until then WebGPU holds a copy of them. */
const maxQueuedBytes = 64 * 2 ** 20;

interface LoadOptions {
  trained: boolean;
  isFrozen?: (parameter: ParameterShape) => boolean;
  baseDtype?: BaseDtype;
  kvCacheDtype?: CacheDtype;
  notice?: (sentence: string) => void;
  progress?: LoadProgress;
  before?: (sizes: { config: ModelConfig; formOf: (parameter: ParameterShape) => WeightForm }) => Promise<void>;
}

/**
 * Builds the model that a Hugging Face folder describes and fills it tensor by tensor. Nothing is allocated before
 * the names and shapes in the files are those that config.json asks for.
 *
 * @param isFrozen      which weights stay as they are though others are trained
 * @param baseDtype     what the weights are stored in where they are not trained
 * @param kvCacheDtype  as Model.kvCacheDtype
 * @param notice        called with what a person should know of the folder, one sentence at a time
 * @param progress      called after every part of a tensor
 * @param before        called with the model's sizes before anything is allocated, and may throw
 * @throws Error naming the tensor that is missing or of another shape; the model is not to be used then
 */
export async function loadModel(
  gpu: Gpu,
  files: CheckpointFiles,
  { trained, isFrozen, baseDtype = "auto", kvCacheDtype, notice = () => {}, progress, before }: LoadOptions,
): Promise<Model> {
  const { config, tensors, formOf } = await openModel(files, baseDtype, notice);
  await before?.({ config, formOf });
  // Weights that are trained are f32; bf16 is what may be read of them.
  const isRounded = (parameter: ParameterShape) => baseDtype === "bf16" && formOf(parameter).dtype === "bf16";
  const model = buildModel(gpu, config, { trained, isFrozen, formOf, isRounded, kvCacheDtype });
  try {
    await fill(model, tensors, progress);
  } catch (error) {
    model.parameters.free();
    throw error;
  }
  return model;
}

/** A folder's model before any of its weights is read. */
export interface OpenedFolder {
  config: ModelConfig;
  tensors: Source[];
  /** What fills each weight. */
  sources: ReadonlyMap<string, Source>;
  /** How each is stored. */
  formOf: (parameter: ParameterShape) => WeightForm;
}

/** A folder's model without its weights: how they will be stored, and what they are filled from. @throws Error as loadModel does */
export async function openModel(
  files: CheckpointFiles,
  baseDtype: BaseDtype,
  notice: (sentence: string) => void = () => {},
): Promise<OpenedFolder> {
  const described = await describedModel(files, notice);
  const tensors = await openSources(files, notice);
  const stored = tensors.filter((one) => !isQuantized(one)) as StoredTensor[];
  const config = { ...described, tieWordEmbeddings: await isHeadTied(described, stored) };
  if (described.tieWordEmbeddings && !config.tieWordEmbeddings)
    notice(
      `config.json: tie_word_embeddings is true, but ${headWeight} in the checkpoint differs from the embedding; the two are not tied, as in transformers, and an export says so`,
    );
  const { sources, unused } = sourcesOf(modelShapes(config), tensors, config);
  if (unused.length > 0) notice(unusedSentence(unused));
  const formOfParameter = (parameter: ParameterShape): WeightForm => {
    const source = sources.get(parameter.name);
    if (!source) throw new TypeError(`${parameter.name} is not a weight of this model`);
    return isQuantized(source) ? publishedFormOf(source.form, baseDtype) : formOf(parameter, baseDtype, source.dtype);
  };
  return { config, tensors, sources, formOf: formOfParameter };
}

/** The folder's tensors: those of a quantized linear layer as one. */
async function openSources(files: CheckpointFiles, notice?: (sentence: string) => void): Promise<Source[]> {
  const hasConfig = (await files.sizeBytes("config.json")) !== null;
  const published = hasConfig ? readPublished(await readJson(files, "config.json")) : null;
  const { quantized, others } = await quantizedTensors(published, await openCheckpoint(files), notice);
  return [...others, ...quantized];
}

async function describedModel(files: CheckpointFiles, notice: (sentence: string) => void): Promise<ModelConfig> {
  const json = await readJson(files, "config.json");
  const preprocessor = await preprocessorOf(files);
  for (const sentence of readPreprocessorOf(json, preprocessor).notices) notice(sentence);
  return readConfig(json, preprocessor.json, preprocessor.where);
}

/** Overwrites all weights with those of a folder, one part of a tensor at a time. @throws Error as loadModel does */
export async function fillModel(model: Model, files: CheckpointFiles): Promise<void> {
  await fill(model, await openSources(files));
}

async function fill(
  { parameters, config }: Model,
  tensors: readonly Source[],
  progress: LoadProgress = () => {},
): Promise<void> {
  const { gpu, shapes } = parameters;
  // Waits for what is queued; it throws where the device was lost or has no memory left.
  const [first] = shapes;
  const settle = async () => {
    if (first) await gpu.readUint({ ...parameters.get(first.name), shape: [1], dtype: "u32" });
  };
  const { sources } = sourcesOf(shapes, tensors, config);
  const ofBytes = [...sources.values()].reduce((sum, source) => sum + fileBytes(source), 0);
  let doneBytes = 0;
  let queuedBytes = 0;
  for (const [name, source] of sources)
    for await (const bytes of isQuantized(source)
      ? fillRows(parameters, name, source)
      : fillStored(parameters, name, source)) {
      doneBytes += bytes;
      progress(doneBytes, ofBytes);
      queuedBytes += bytes;
      if (queuedBytes < maxQueuedBytes) continue;
      queuedBytes = 0;
      await settle();
    }
  await settle();
}

/** Of the numbers; scales are not counted. */
const fileBytes = (source: Source): number =>
  isQuantized(source)
    ? (size(source.shape) / perWord[source.form.dtype]) * 4
    : size(source.shape) * elementSizeBytes[source.dtype];

async function* fillStored(parameters: Parameters, name: string, tensor: StoredTensor): AsyncGenerator<number> {
  for await (const { first, bytes } of tensor.byteParts(sidesOf(tensor).columns)) {
    parameters.writeStored(name, bytes, tensor.dtype, first);
    yield bytes.length;
  }
}

async function* fillRows(
  parameters: Parameters,
  name: string,
  { form, parts }: QuantizedTensor,
): AsyncGenerator<number> {
  for await (const { firstRow, ...rows } of parts()) {
    parameters.writeRows(name, rows, form, firstRow);
    yield rows.data.byteLength;
  }
}

/**
 * The tensor that fills each weight. Other tensors are not used, as in transformers: old buffers, and what tools around
 * it store.
 */
function sourcesOf(
  shapes: readonly ParameterShape[],
  tensors: readonly Source[],
  { tieWordEmbeddings }: ModelConfig,
): { sources: Map<string, Source>; unused: Source[] } {
  const wanted = new Map(shapes.map((p) => [p.name, p.shape]));
  const sources = new Map<string, Source>();
  const unused: Source[] = [];
  let head: Source | null = null;
  const use = (name: string, shape: readonly number[], tensor: Source) => {
    if (shape.join() !== tensor.shape.join())
      throw new Error(
        `${tensor.file}: "${tensor.name}" has shape ${shapeText(tensor.shape)}, config.json makes it ${shapeText(shape)}`,
      );
    const other = sources.get(name);
    if (other)
      throw new Error(
        `The checkpoint holds ${labelOf(other)} and ${labelOf(tensor)}, which are one weight; readers would disagree about which one counts`,
      );
    sources.set(name, tensor);
  };
  for (const tensor of tensors) {
    const name = currentName(tensor.name);
    const shape = wanted.get(name);
    if (shape) use(name, shape, tensor);
    // Some checkpoints store the tied head a second time, or it alone.
    else if (name === headWeight && tieWordEmbeddings) head = tensor;
    else unused.push(tensor);
  }
  const embedding = wanted.get(embeddingWeight);
  if (head && embedding && !sources.has(embeddingWeight)) use(embeddingWeight, embedding, head);
  const missing = shapes.filter(({ name }) => !sources.has(name));
  const [lacking] = missing;
  if (lacking)
    throw new Error(
      `The checkpoint lacks ${missing.length} weights that config.json asks for, the first is "${lacking.name}"`,
    );
  return { sources, unused };
}

function unusedSentence(unused: readonly Source[]): string {
  const named = unused.slice(0, 3).map(({ name }) => `"${name.slice(0, 100)}"`);
  const more = unused.length > named.length ? ` and ${unused.length - named.length} more` : "";
  return `The checkpoint holds ${unused.length === 1 ? "a tensor that is not a weight" : `${unused.length} tensors that are not weights`} of the model; ${unused.length === 1 ? "it is" : "they are"} not used, as in transformers: ${named.join(", ")}${more}`;
}
