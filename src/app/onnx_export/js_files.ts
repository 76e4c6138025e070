import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import type { ModelConfig } from "../../model/config.ts";
import { readPreprocessorOf } from "../../model/families/read_files.ts";
import { formatJson, type Json, jsonObject, parseJson, readJson } from "../../model/json_file.ts";
import { preprocessorOf } from "../../model/preprocessor.ts";
import type { WrittenDtype } from "../../onnx/graph/precision.ts";
import type { NamedBytes } from "../../platform.ts";
import { fileOrNull } from "../model_folder/model_files.ts";

/** What a folder may hold of text, besides weights and configurations; nothing here changes it. */
const carriedOver = [
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
  "vocab.json",
  "merges.txt",
];

/** Special tokens whose ids transformers.js reads from config.json. */
const tokensOfConfig = {
  vision_start_token_id: "<|vision_start|>",
  vision_end_token_id: "<|vision_end|>",
  video_token_id: "<|video_pad|>",
};

const text = (json: Json): Uint8Array => new TextEncoder().encode(`${formatJson(json)}\n`);

/** The small files of a folder as transformers.js reads them. */
export async function jsFiles(
  files: CheckpointFiles,
  config: ModelConfig,
  { dtypes, externalFiles }: { dtypes: readonly WrittenDtype[]; externalFiles: Readonly<Record<string, number>> },
): Promise<NamedBytes[]> {
  const source = await readJson(files, "config.json");
  const written: NamedBytes[] = [];
  for (const name of carriedOver) {
    const bytes = await fileOrNull(files)(name);
    if (bytes) written.push({ name, bytes });
  }
  const tokenizer = written.find(({ name }) => name === "tokenizer.json");
  return [
    {
      name: "config.json",
      bytes: text(jsConfig(source, config, { dtypes, externalFiles, ids: specialIds(tokenizer) })),
    },
    { name: "preprocessor_config.json", bytes: text(await jsPreprocessor(files, source)) },
    ...written,
  ];
}

function jsConfig(
  source: Json,
  config: ModelConfig,
  {
    dtypes,
    externalFiles,
    ids,
  }: {
    dtypes: readonly WrittenDtype[];
    externalFiles: Readonly<Record<string, number>>;
    ids: ReadonlyMap<string, number>;
  },
): Json {
  const { quantization_config: _, ...rest } = source;
  const { text: t } = config;
  const nested = (source.text_config ?? {}) as Json;
  // transformers.js finds the sizes of the cache in text_config, where older files have them at the top.
  const textConfig = {
    ...nested,
    model_type: `${config.modelType}_text`,
    hidden_size: t.hiddenSize,
    num_hidden_layers: t.numHiddenLayers,
    num_attention_heads: t.numAttentionHeads,
    num_key_value_heads: t.numKeyValueHeads,
    head_dim: t.headDim,
    intermediate_size: t.intermediateSize,
    vocab_size: t.vocabSize,
  };
  delete (textConfig as Json).quantization_config;
  const found = Object.entries(tokensOfConfig).flatMap(([key, token]) => {
    const id = source[key] ?? ids.get(token);
    return id === undefined ? [] : [[key, id]];
  });
  return {
    ...rest,
    ...Object.fromEntries(found),
    text_config: textConfig,
    "transformers.js_config": {
      // Else it asks for fp32, and in WebAssembly for q8.
      ...(dtypes.includes("fp32") && dtypes.includes("q8") ? {} : { dtype: dtypes[0] }),
      kv_cache_dtype: { fp16: "float16" },
      ...(Object.keys(externalFiles).length > 0 ? { use_external_data_format: externalFiles } : {}),
    },
  };
}

/** Every number that the processor reads, and its class: transformers.js takes the class of the processor from this file. */
async function jsPreprocessor(files: CheckpointFiles, source: Json): Promise<Json> {
  const section = await preprocessorOf(files);
  const read = readPreprocessorOf(source, section);
  const [architecture] = (source.architectures ?? []) as unknown[];
  const family = /^(\w+)ForConditionalGeneration$/.exec(String(architecture))?.[1];
  return {
    ...section.json,
    ...(family ? { processor_class: `${family}Processor` } : {}),
    image_processor_type: "Qwen2VLImageProcessor",
    patch_size: read.patchSize,
    temporal_patch_size: read.temporalPatchSize,
    merge_size: read.mergeSize,
    min_pixels: read.minPixels,
    max_pixels: read.maxPixels,
    size: { shortest_edge: read.minPixels, longest_edge: read.maxPixels },
    do_resize: true,
    do_convert_rgb: true,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: read.imageMean,
    image_std: read.imageStd,
    resample: 3,
  };
}

function specialIds(tokenizer: NamedBytes | undefined): ReadonlyMap<string, number> {
  if (!tokenizer) return new Map();
  const json = jsonObject(parseJson(new TextDecoder().decode(tokenizer.bytes), tokenizer.name), tokenizer.name);
  const added = Array.isArray(json.added_tokens) ? (json.added_tokens as Json[]) : [];
  return new Map(added.map(({ content, id }) => [String(content), Number(id)]));
}
