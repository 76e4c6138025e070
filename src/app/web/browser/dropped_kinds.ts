import { shownBytes } from "../../text/shown_bytes.ts";
import type { DroppedFolder } from "../../worker_api/dropped_folder.ts";

/** The files of something dropped, by their paths in it; "" for a single file. */
type Files = ReadonlyMap<string, File>;

const isData = (name: string): boolean => /\.(parquet|jsonl|csv)$/i.test(name);
const isPicture = (name: string): boolean => /\.(png|jpe?g|webp|bmp)$/i.test(name);

/** Files of a Hugging Face checkpoint that a run cannot do without, besides config.json and weights; one set of each. */
const needed = [
  [["tokenizer.json"], ["vocab.json", "merges.txt"]],
  [["preprocessor_config.json"], ["processor_config.json"]],
];

/**
 * The folders in something dropped that a run can use: models, adapters, data; where there is none, one that says what
 * was found instead.
 * @param path  where it lies: "dropped/<name>"
 */
export async function findFolders(path: string, files: Files): Promise<DroppedFolder[]> {
  const found: DroppedFolder[] = [];
  const paths = [...files.keys()];
  const foldersWith = (name: string): string[] =>
    paths
      .filter((file) => file === name || file.endsWith(`/${name}`))
      .map((file) => file.slice(0, -name.length))
      .sort();
  for (const folder of foldersWith("adapter_config.json")) found.push(adapterIn(path, folder, files));
  for (const folder of foldersWith("config.json")) {
    const config = files.get(`${folder}config.json`);
    if (config && (await isOfModel(config))) found.push(await modelIn(path, folder, files));
  }
  const data = paths.filter((name) => isData(name === "" ? path : name));
  // A folder of data is one source of tasks, however it is divided.
  if (data.length > 0) found.push(dataIn(path, data, files));
  return found.length > 0 ? found : [otherIn(path, files)];
}

function folderAt(
  path: string,
  folder: string,
  files: Files,
  about: Pick<DroppedFolder, "kind" | "message" | "usable">,
): DroppedFolder {
  const own = [...files].filter(([name]) => name.startsWith(folder));
  return {
    path: folder === "" ? path : `${path}/${folder.slice(0, -1)}`,
    ...about,
    files: own.length,
    sizeBytes: own.reduce((sum, [, { size }]) => sum + size, 0),
  };
}

function adapterIn(path: string, folder: string, files: Files): DroppedFolder {
  const weights = files.get(`${folder}adapter_model.safetensors`);
  const pickled = files.has(`${folder}adapter_model.bin`);
  return folderAt(path, folder, files, {
    kind: "adapter",
    usable: weights !== undefined,
    message: weights
      ? `A PEFT adapter, ${shownBytes(weights.size)}`
      : `A PEFT adapter without adapter_model.safetensors${pickled ? ": adapter_model.bin is not read, save it with safetensors" : "; drop the whole folder"}`,
  });
}

async function modelIn(path: string, folder: string, files: Files): Promise<DroppedFolder> {
  const has = (name: string): boolean => files.has(folder + name);
  const missing = needed.flatMap((sets) => (sets.some((set) => set.every(has)) ? [] : (sets[0] ?? [])));
  let shards: string[] = ["model.safetensors"];
  if (!has("model.safetensors") && has("model.safetensors.index.json"))
    shards = await shardsOf(files.get(`${folder}model.safetensors.index.json`)!);
  missing.unshift(...shards.filter((name) => !has(name)));
  const sizeBytes = shards.reduce((sum, name) => sum + (files.get(folder + name)?.size ?? 0), 0);
  const graphs = [...files.keys()].some((name) => name.startsWith(`${folder}onnx/decoder_model_merged`));
  if (graphs && missing.some((name) => shards.includes(name)))
    return folderAt(path, folder, files, {
      kind: "model",
      usable: false,
      message:
        "A model as ONNX graphs: it can sample a task on the Compare tab, not be trained, which takes the model.safetensors that they were made from",
    });
  const pickled = [...files.keys()].some((name) => name.startsWith(folder) && /\.(bin|pth?)$/.test(name));
  const how =
    pickled && !has(shards[0] ?? "")
      ? ": .bin files are not read, save the model with safetensors"
      : "; drop the whole folder";
  return folderAt(path, folder, files, {
    kind: "model",
    usable: missing.length === 0,
    message:
      missing.length === 0
        ? `A model, ${shownBytes(sizeBytes)} of weights in ${shards.length === 1 ? "one file" : `${shards.length} files`}`
        : `A model without ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ` and ${missing.length - 3} more files` : ""}${how}`,
  });
}

/** Runs and other programs have a config.json as well. */
async function isOfModel(config: File): Promise<boolean> {
  try {
    return typeof JSON.parse(await config.text()).model_type === "string";
  } catch {
    // A damaged one is worth a sentence about it, which opening the model gives.
    return true;
  }
}

/** The files that an index names; what is wrong with it is said when the model is opened. */
async function shardsOf(index: File): Promise<string[]> {
  try {
    const { weight_map: map } = JSON.parse(await index.text());
    return [...new Set(Object.values(map as Record<string, string>))].sort();
  } catch {
    return [];
  }
}

function dataIn(path: string, data: readonly string[], files: Files): DroppedFolder {
  const kinds = ["parquet", "jsonl", "csv"].flatMap((kind) => {
    const count = data.filter((name) => (name || path).toLowerCase().endsWith(`.${kind}`)).length;
    return count === 0 ? [] : [`${count} .${kind} ${count === 1 ? "file" : "files"}`];
  });
  const sizeBytes = data.reduce((sum, name) => sum + (files.get(name)?.size ?? 0), 0);
  const pictures = [...files.keys()].filter(isPicture).length;
  const beside = pictures === 0 ? "" : `, beside ${pictures} ${pictures === 1 ? "picture" : "pictures"}`;
  return folderAt(path, "", files, {
    kind: "data",
    usable: true,
    message: `Data: ${kinds.join(", ")}, ${shownBytes(sizeBytes)}${beside}`,
  });
}

function otherIn(path: string, files: Files): DroppedFolder {
  const names = [...files.keys()].map((name) => name || path.slice(path.lastIndexOf("/") + 1));
  const expected =
    "Expected a model (config.json and the files beside it), a PEFT adapter (adapter_config.json) or data (.parquet, .jsonl, .csv)";
  const pictures = names.filter(isPicture).length;
  return folderAt(path, "", files, {
    kind: "other",
    usable: false,
    message:
      pictures > 0
        ? `${expected}, found ${pictures} ${pictures === 1 ? "picture" : "pictures"} without a .jsonl or .csv file that describes them`
        : names.some((name) => name.endsWith(".safetensors"))
          ? `${expected}, found weights alone; drop the whole folder`
          : `${expected}, found ${names.length === 1 ? names[0] : `${names.length} other files such as ${names[0]}`}`,
  });
}
