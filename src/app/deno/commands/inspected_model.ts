import { shapeText } from "../../../gpu/tensor.ts";
import { openFile, type StoredTensor } from "../../../model/checkpoint_files.ts";
import { parameterCount } from "../../../model/config.ts";
import { modelShapes } from "../../../model/families/table.ts";
import { parseJson } from "../../../model/json_file.ts";
import { openModel } from "../../../model/load.ts";
import { adapterConfigFile, readLoraConfig } from "../../../model/lora_config.ts";
import { readHeader } from "../../../model/safetensors.ts";
import type { Platform } from "../../../platform.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { openTokenizer } from "../../model_folder/qwen_tokenizer.ts";
import { openFileSource } from "../storage/file_source.ts";
import { bytesText, fact } from "./fact_lines.ts";

/** Tensors of a file that are listed. */
const mostTensors = 12;

const onDisk = (path: string): string => (/^[./\\]|^[a-zA-Z]:/.test(path) ? path : `./${path}`);

/** A folder with a Hugging Face checkpoint, as far as it can be told without its weights: whether it would load. */
export async function* modelLines(path: string, platform: Platform): AsyncGenerator<string> {
  const files = filesIn(platform, onDisk(path).replace(/[/\\]+$/, ""));
  const notices: string[] = [];
  const { config, tensors } = await openModel(files, "auto", (sentence) => notices.push(sentence));
  const { text, vision } = config;
  yield `${path}: a model, ${config.modelType}`;
  yield fact("parameters", parameterCount(modelShapes(config)).toLocaleString("en"));
  yield fact(
    "text",
    `${text.numHiddenLayers} layers of width ${text.hiddenSize}, ${text.numAttentionHeads} heads (${text.numKeyValueHeads} of keys and values), vocabulary ${text.vocabSize}, embeddings ${config.tieWordEmbeddings ? "tied" : "not tied"}`,
  );
  yield fact(
    "vision",
    `${vision.depth} layers of width ${vision.hiddenSize}, patches of ${vision.patchSize} px, ${vision.spatialMergeSize} x ${vision.spatialMergeSize} an image token`,
  );
  yield fact("weights", `${tensors.length} tensors${dtypesOf(tensors)}`);
  yield fact("tokenizer", await tokenizerText(files));
  for (const sentence of notices) yield fact("note", sentence);
}

async function tokenizerText(files: ReturnType<typeof filesIn>): Promise<string> {
  try {
    await openTokenizer(fileOrNull(files));
    return "can be read";
  } catch (error) {
    return (error as Error).message;
  }
}

/** A PEFT adapter. */
export async function* adapterLines(path: string, platform: Platform): AsyncGenerator<string> {
  const files = filesIn(platform, onDisk(path).replace(/[/\\]+$/, ""));
  const text = new TextDecoder().decode(await files.read(adapterConfigFile));
  const config = readLoraConfig(
    parseJson(text, adapterConfigFile, "expected PEFT's settings of an adapter") as Record<string, unknown>,
  );
  const tensors = await openFile(files, "adapter_model.safetensors");
  const targets = typeof config.targetModules === "string" ? config.targetModules : config.targetModules.join(", ");
  yield `${path}: a LoRA adapter`;
  yield fact("rank", `${config.r}, alpha ${config.alpha}${config.rankStabilized ? ", rank-stabilized" : ""}`);
  yield fact("of", String(config.json.base_model_name_or_path ?? "a model that is not named"));
  yield fact("layers", targets);
  yield fact(
    "weights",
    `${parameterCount(tensors).toLocaleString("en")} in ${tensors.length} tensors${dtypesOf(tensors)}`,
  );
  yield fact("names", nameForm(tensors));
}

/** Which of the two ways of naming modules an adapter has: they depend on the version of transformers. */
function nameForm(tensors: readonly StoredTensor[]): string {
  const first = tensors[0]?.name ?? "";
  return `${first.includes("language_model") ? "of current transformers" : "of older transformers"}, e.g. ${first}`;
}

/** The tensors of one file. */
export async function* tensorLines(path: string): AsyncGenerator<string> {
  const source = await openFileSource(path);
  try {
    const { tensors, metadata } = await readHeader((from, to) => source.read(from, to), source.sizeBytes, path);
    yield `${path}: ${tensors.length} tensors, ${parameterCount(tensors).toLocaleString("en")} numbers, ${bytesText(source.sizeBytes)}${dtypesOf(tensors)}`;
    for (const [key, value] of Object.entries(metadata).slice(0, 8)) yield fact(key.slice(0, 40), value.slice(0, 200));
    for (const { name, dtype, shape } of tensors.slice(0, mostTensors))
      yield `  ${dtype.padEnd(5)} ${shapeText(shape)}  ${name}`;
    if (tensors.length > mostTensors) yield `  and ${tensors.length - mostTensors} more`;
  } finally {
    source.close();
  }
}

/** ", BF16 120, F32 4"; tensors of quantized layers have no dtype of their own. */
function dtypesOf(tensors: readonly object[]): string {
  const counts = new Map<string, number>();
  for (const tensor of tensors) {
    const dtype = "dtype" in tensor ? String(tensor.dtype) : "quantized";
    counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  }
  return [...counts].map(([dtype, count]) => `, ${dtype} ${count}`).join("");
}
