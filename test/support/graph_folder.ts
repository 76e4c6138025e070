import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { filesIn } from "../../src/app/model_folder/model_files.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { loadModel } from "../../src/model/load.ts";
import { MergedWeights } from "../../src/model/merged_weights.ts";
import { sidesOf } from "../../src/model/weight_form.ts";
import { onnxFolder } from "../../src/onnx/export/onnx_folder.ts";
import type { Platform } from "../../src/platform.ts";

/** What lies beside the graphs. */
const beside = ["config.json", "tokenizer.json", "preprocessor_config.json"];

/** A shipped model as graphs in f32, in memory: the files of its folder by their paths. */
export async function graphsOf(gpu: Gpu, variant: string): Promise<Map<string, Uint8Array>> {
  const files = filesIn(await openDenoPlatform(false), variant);
  const model = await loadModel(gpu, files, { trained: false });
  const merged = new MergedWeights(model);
  const shapes = new Map(model.parameters.shapes.map((parameter) => [parameter.name, parameter]));
  const source = { rows: merged.rows.bind(merged), sides: (name: string) => sidesOf(shapes.get(name)!) };
  const found = new Map<string, Uint8Array>();
  for (const name of beside) found.set(name, await files.read(name));
  for (const { name, sizeBytes, pieces } of onnxFolder(model.config, source, { dtypes: ["fp32"], positions: 1024 })
    .files) {
    const bytes = new Uint8Array(sizeBytes);
    let at = 0;
    for await (const piece of pieces()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    found.set(name, bytes);
  }
  model.parameters.free();
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
