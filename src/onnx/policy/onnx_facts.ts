import type { CoordinateFrame } from "../../image/coordinate_frame.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { type Section, whole } from "../../model/config_values.ts";
import { families } from "../../model/families/table.ts";
import { excerpt, type Json, readJson } from "../../model/json_file.ts";
import { type Preprocessor, preprocessorOf, readPreprocessor } from "../../model/preprocessor.ts";

/** What the files beside the graphs say; the mathematics is in the graphs. */
export interface OnnxFacts {
  modelType: string;
  /** What the numbers of a place in a picture mean that the model writes. */
  frame: CoordinateFrame;
  imageTokenId: number;
  preprocessor: Preprocessor;
  /** `transformers.js_config` of config.json: which dtypes its maker recommends, by graph or for all. */
  dtypes: Readonly<Record<string, string>> | string | null;
}

/** Families whose graphs are published and whose weights are not read here, by `model_type`. */
const onlyGraphs: Readonly<Record<string, CoordinateFrame>> = { qwen2_vl: "relative-1000" };

const mostTokens = 2 ** 24;

/** @throws Error with one sentence: what is missing, or another kind of model */
export async function readOnnxFacts(files: CheckpointFiles): Promise<OnnxFacts> {
  const json = await readJson(files, "config.json");
  const modelType = String(json.model_type ?? "");
  const family = families.find((one) => one.modelType === modelType);
  const frame = family?.frame ?? (Object.hasOwn(onlyGraphs, modelType) ? onlyGraphs[modelType] : undefined);
  if (frame === undefined)
    throw new Error(
      `config.json: graphs of ${[...families.map((one) => one.modelType), ...Object.keys(onlyGraphs)].join(", ")} are run here, found model_type ${excerpt(json.model_type)}`,
    );
  const preprocessor = await preprocessorOf(files);
  const config: Section = { json, where: "config.json: " };
  return {
    modelType,
    frame,
    imageTokenId: whole(config, "image_token_id", mostTokens),
    preprocessor: family
      ? family.readPreprocessor(preprocessor)
      : readPreprocessor(preprocessor.json, preprocessor.where),
    dtypes: recommended(json),
  };
}

function recommended(json: Json): OnnxFacts["dtypes"] {
  const own = json["transformers.js_config"] as { dtype?: unknown } | null | undefined;
  const dtype = typeof own === "object" ? own?.dtype : undefined;
  if (typeof dtype === "string") return dtype;
  if (typeof dtype !== "object" || dtype === null) return null;
  return Object.fromEntries(Object.entries(dtype).filter(([, value]) => typeof value === "string")) as Record<
    string,
    string
  >;
}
