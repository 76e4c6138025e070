import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { filesIn } from "../../src/app/model_folder/model_files.ts";
import { FolderWeights } from "../../src/model/folder_weights.ts";
import { onnxFolder } from "../../src/onnx/export/onnx_folder.ts";
import type { Platform } from "../../src/platform.ts";

/** What lies beside the graphs. */
const beside = ["config.json", "tokenizer.json", "preprocessor_config.json"];

/** A shipped model as graphs in f32, in memory: the files of its folder by their paths. */
export async function graphsOf(variant: string): Promise<Map<string, Uint8Array>> {
  const files = filesIn(await openDenoPlatform(false), variant);
  const weights = await FolderWeights.open(files, { baseDtype: "auto" });
  const found = new Map<string, Uint8Array>();
  for (const name of beside) found.set(name, await files.read(name));
  for (const { name, sizeBytes, pieces } of onnxFolder(weights.config, weights, { dtypes: ["fp32"], positions: 1024 })
    .files) {
    const bytes = new Uint8Array(sizeBytes);
    let at = 0;
    for await (const piece of pieces()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    found.set(name, bytes);
  }
  return found;
}

/** A platform that has these files as the folder "graphs". */
export function withGraphs(platform: Platform, files: ReadonlyMap<string, Uint8Array>): Platform {
  const own = (path: string) => (path.startsWith("graphs/") ? path.slice("graphs/".length) : null);
  return {
    ...platform,
    assetSize: async (path) => {
      const name = own(path);
      return name === null ? platform.assetSize(path) : (files.get(name)?.length ?? null);
    },
    readAsset: async (path, start = 0, end) => {
      const name = own(path);
      return name === null ? platform.readAsset(path, start, end) : files.get(name)!.slice(start, end);
    },
    list: async (path) => (path === "graphs" ? [...files.keys()] : platform.list(path)),
  };
}
