import type { ExportedModel } from "../../interop/verl/export/overrides.ts";
import { publishedFiles } from "../../model/families/table.ts";
import { formatJson, type Json, jsonObject, parseJson } from "../../model/json_file.ts";
import type { NamedBytes, Platform } from "../../platform.ts";
import { hasAdapter } from "../../train/adapter_settings.ts";
import { exportOfCheckpoint } from "../../train/export.ts";
import type { FileToZip } from "../archive/zip_writer.ts";
import { describedModel } from "../memory/model_sizes.ts";
import { fileOrNull, filesIn } from "../model_folder/model_files.ts";
import type { OpenedExport } from "./opened_export.ts";

/** What transformers may look for in a folder, beside weights. */
const smallFiles = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.json",
  "merges.txt",
  "preprocessor_config.json",
  "processor_config.json",
  "video_preprocessor_config.json",
];

/** The model of an export: what is written of it, by path, and how settings name it. */
export interface ModelOfExport {
  exported: ExportedModel;
  files(): AsyncGenerator<FileToZip>;
}

/**
 * The weights that verl begins with: those of a run's checkpoint; else those of the folder. What lies on the Hub stays a name,
 * unless all of it was trained.
 * @param checkpoint  files of a run's last checkpoint, null where nothing was trained
 */
export async function modelOfExport(
  opened: OpenedExport,
  checkpoint: readonly NamedBytes[] | null,
): Promise<ModelOfExport> {
  const { config, platform } = opened;
  const isHub = platform.addressOf(config.model) !== null;
  const read = fileOrNull(filesIn(platform, config.model));
  const trained = checkpoint ? (await exportOfCheckpoint(checkpoint, read)).files : null;
  const isAdapter = trained !== null && trained.some(({ name }) => name === "adapter_config.json");
  const givenAdapter = trained === null && hasAdapter(config) && config.adapter !== "" ? config.adapter : null;
  const isName = isHub && (trained === null || isAdapter);
  const exported: ExportedModel = {
    folder: isName ? null : "model",
    name: config.model.replace(/^hf:\/\//, "").replace(/@.*$/, ""),
    adapter: isAdapter || givenAdapter !== null,
    tokenizer: isName && opened.tokenizer !== null,
  };
  return {
    exported,
    async *files() {
      if (isName) {
        if (opened.tokenizer) yield* tokenizerFiles(opened);
      } else if (trained && !isAdapter) yield* wholeFolder(opened, trained);
      else yield* wholeFolder(opened, null);
      for (const { name, bytes } of isAdapter ? trained : [])
        yield { name: `adapter/${name}`, bytes, deflate: name.endsWith(".json") };
      if (givenAdapter !== null) yield* filesOfFolder(platform, givenAdapter, "adapter");
    },
  };
}

/** A checkpoint as transformers opens it: weights as they are, or those that were trained. */
async function* wholeFolder(opened: OpenedExport, trained: readonly NamedBytes[] | null): AsyncGenerator<FileToZip> {
  const { config, platform } = opened;
  const read = fileOrNull(filesIn(platform, config.model));
  const written = new Set<string>();
  for (const { name, bytes } of trained ?? []) {
    if (isReplaced(name)) continue;
    written.add(name);
    yield { name: `model/${name}`, bytes, deflate: name.endsWith(".json") };
  }
  if (!trained)
    for await (const file of weightFiles(platform, config.model)) {
      written.add(file.name.slice("model/".length));
      yield file;
    }
  for (const name of smallFiles) {
    const bytes = written.has(name) || isReplaced(name) ? null : await read(name);
    if (bytes) yield { name: `model/${name}`, bytes, deflate: true };
  }
  yield* describing("model", opened, read);
}

/** Files that the export writes itself: sizes of pictures as the run has them, and its template. */
const isReplaced = (name: string): boolean =>
  ["preprocessor_config.json", "processor_config.json", "tokenizer_config.json", "tokenizer.json"].includes(name) ||
  name.startsWith("chat_template");

/** Tokenizer and processor of a model, so that AutoTokenizer and AutoProcessor open its folder. */
async function* describing(
  folder: string,
  opened: OpenedExport,
  read: (name: string) => Promise<Uint8Array | null>,
): AsyncGenerator<FileToZip> {
  const { tokenizerJson: joined, view } = opened;
  const text = (name: string, content: string): FileToZip => ({
    name: `${folder}/${name}`,
    bytes: new TextEncoder().encode(content),
    deflate: true,
  });
  const json = async (name: string): Promise<Json | null> => {
    const bytes = await read(name);
    return bytes && jsonObject(parseJson(new TextDecoder().decode(bytes), name), name);
  };
  const tokenizerJson = await read("tokenizer.json");
  if (tokenizerJson) yield { name: `${folder}/tokenizer.json`, bytes: tokenizerJson, deflate: true };
  else if (joined) yield text("tokenizer.json", JSON.stringify(joined));
  const { chat_template: _, ...kept } = (await json("tokenizer_config.json")) ?? {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    eos_token: "<|im_end|>",
    pad_token: "<|endoftext|>",
  };
  yield text("tokenizer_config.json", `${formatJson(kept)}\n`);
  const processor = (await json("processor_config.json"))?.image_processor ?? (await json("preprocessor_config.json"));
  const { limits } = view;
  yield text(
    "preprocessor_config.json",
    `${formatJson({
      ...(processor as Json | null),
      ...(processor ? {} : await publishedProcessor(opened)),
      size: { shortest_edge: limits.minPixels, longest_edge: limits.maxPixels },
      min_pixels: limits.minPixels,
      max_pixels: limits.maxPixels,
    })}\n`,
  );
}

/** Where the model's own file cannot be had: as it is published. */
async function publishedProcessor({ config, platform }: OpenedExport): Promise<Json> {
  const { preprocessor } = await describedModel(config, platform);
  return {
    image_processor_type: "Qwen2VLImageProcessor",
    patch_size: preprocessor.patchSize,
    temporal_patch_size: preprocessor.temporalPatchSize,
    merge_size: preprocessor.mergeSize,
    image_mean: preprocessor.imageMean,
    image_std: preprocessor.imageStd,
  };
}

/** The small files of a model on the Hub, and its tokenizer: the check needs no network then. */
async function* tokenizerFiles(opened: OpenedExport): AsyncGenerator<FileToZip> {
  const { config, platform, family } = opened;
  const { isReachable } = opened;
  const read = async (name: string) => (isReachable ? fileOrNull(filesIn(platform, config.model))(name) : null);
  const known = publishedFiles(config.model.replace(/^hf:\/\//, "").replace(/@.*$/, ""))?.config;
  const own = await read("config.json");
  const bytes = own ?? new TextEncoder().encode(`${formatJson(known ?? { model_type: family })}\n`);
  yield { name: "tokenizer/config.json", bytes, deflate: true };
  yield* describing("tokenizer", opened, read);
}

async function* weightFiles(platform: Platform, folder: string): AsyncGenerator<FileToZip> {
  const index = await fileOrNull(filesIn(platform, folder))("model.safetensors.index.json");
  if (index) {
    const json = jsonObject(parseJson(new TextDecoder().decode(index), "model.safetensors.index.json"), "the index");
    const names = new Set(Object.values((json.weight_map ?? {}) as Record<string, string>));
    yield { name: "model/model.safetensors.index.json", bytes: index, deflate: true };
    for (const name of names) yield* oneFile(platform, `${folder}/${name}`, `model/${name}`);
  } else yield* oneFile(platform, `${folder}/model.safetensors`, "model/model.safetensors");
}

async function* filesOfFolder(platform: Platform, folder: string, to: string): AsyncGenerator<FileToZip> {
  for (const name of ["adapter_config.json", "adapter_model.safetensors"])
    yield* oneFile(platform, `${folder}/${name}`, `${to}/${name}`);
}

/** Bytes of a file that are read at once. */
const pieceBytes = 2 ** 22;

async function* oneFile(platform: Platform, path: string, name: string): AsyncGenerator<FileToZip> {
  const size = await platform.assetSize(path);
  if (size === null) throw new Error(`Expected the weights of the model in ${path}, found no such file`);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < size!; from += pieceBytes)
      yield await platform.readAsset(path, from, Math.min(size!, from + pieceBytes));
  }
  yield { name, bytes: pieces(), deflate: false };
}
