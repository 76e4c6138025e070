import { formatJson, type Json, jsonObject, parseJson } from "../model/json_file.ts";
import { adapterFiles } from "../model/lora.ts";
import { readLoraConfig } from "../model/lora_config.ts";
import { headWeight } from "../model/names.ts";
import { writeSafetensors } from "../model/write_safetensors.ts";
import type { NamedBytes } from "../platform.ts";
import { type NamedValues, readWeights, weightsFile } from "./checkpoint.ts";

/**
 * What a checkpoint's weights are exported as: the adapter in PEFT's files, or the model as `exportFiles` writes it. Asks
 * for no model and no GPU.
 * @throws Error as readCheckpoint and exportFiles do
 */
export async function exportOfCheckpoint(
  files: readonly NamedBytes[],
  readSource: (name: string) => Promise<Uint8Array | null>,
): Promise<{ step: number; files: NamedBytes[] }> {
  const { step, weights, adapter } = await readWeights(files);
  if (adapter === null) return { step, files: await exportFiles(weights, readSource) };
  const modules = weights.flatMap(({ name }) => /^(.*)\.lora_A\.weight$/.exec(name)?.[1] ?? []);
  return { step, files: adapterFiles(readLoraConfig(adapter), weights, modules) };
}

/** What a Hugging Face folder may hold besides weights and config.json; training changes none of it. */
const carriedOver = [
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
  "vocab.json",
  "merges.txt",
];

/**
 * A Hugging Face folder of the weights in bf16: transformers opens it as it opens the folder that the run started
 * from, whose other files are carried over. `readSource` reads one of them, null where there is none.
 */
export async function exportFiles(
  weights: readonly NamedValues[],
  readSource: (name: string) => Promise<Uint8Array | null>,
): Promise<NamedBytes[]> {
  const source = await readSource("config.json");
  if (!source) throw new Error("config.json: expected it in the folder of the model, found none");
  const config = jsonObject(parseJson(new TextDecoder().decode(source), "config.json"), "config.json");
  // Both names of the field are in use; transformers loads in the type that stands there.
  config.dtype = "bfloat16";
  if ("torch_dtype" in config) config.torch_dtype = "bfloat16";
  // Nor are they in few bits, where those of the folder were.
  for (const section of [config, config.text_config as Json | undefined]) delete section?.quantization_config;
  // A head of its own stays one, whatever the folder that it came from said.
  if (weights.some(({ name }) => name === headWeight))
    for (const section of [config, config.text_config as Json | undefined])
      if (section?.tie_word_embeddings) section.tie_word_embeddings = false;
  const files: NamedBytes[] = [
    { name: weightsFile, bytes: writeSafetensors(weights.map((t) => ({ ...t, dtype: "BF16" as const }))) },
    { name: "config.json", bytes: new TextEncoder().encode(`${formatJson(config)}\n`) },
  ];
  for (const name of carriedOver) {
    const bytes = await readSource(name);
    if (bytes) files.push({ name, bytes });
  }
  return files;
}
