import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import type { FolderWeights } from "../../model/folder_weights.ts";
import { type Json, readJson } from "../../model/json_file.ts";
import { maxPositions } from "../../model/positions.ts";
import type { GraphFileLimits, WrittenFile } from "../../onnx/export/graph_files.ts";
import { onnxFolder } from "../../onnx/export/onnx_folder.ts";
import { type WrittenDtype, writtenDtypes } from "../../onnx/graph/precision.ts";
import type { NamedBytes } from "../../platform.ts";
import { jsFiles } from "./js_files.ts";
import { onnxSection } from "./onnx_card.ts";

export interface OnnxModelOptions {
  dtypes: readonly WrittenDtype[];
  /** The files of the card, from what is to be said of the graphs. */
  card(section: string): Promise<NamedBytes[]>;
  limits?: GraphFileLimits;
}

/**
 * A folder of a model for transformers.js and onnxruntime. No weight is read before its files are written.
 * @param files  the folder that the weights began in
 */
export async function onnxModel(
  weights: FolderWeights,
  files: CheckpointFiles,
  { dtypes, card, limits }: OnnxModelOptions,
): Promise<WrittenFile[]> {
  const positions = positionsOf(await readJson(files, "config.json"));
  const folder = onnxFolder(weights.config, weights, { dtypes, positions, limits });
  const small = [
    ...(await jsFiles(files, weights.config, { dtypes, externalFiles: folder.externalFiles })),
    ...(await card(onnxSection(weights.config, folder, dtypes))),
  ];
  return [...small.map(ofBytes), ...folder.files];
}

const ofBytes = ({ name, bytes }: NamedBytes): WrittenFile => ({
  name,
  sizeBytes: bytes.length,
  *pieces() {
    yield bytes;
  },
});

/** A small model's own limit may be less than a prompt of another program's. */
const leastPositions = 4096;

/** How far a rotary table has to reach. */
function positionsOf(config: Json): number {
  const { max_position_embeddings: known } = { ...config, ...(config.text_config as Json | undefined) } as Json;
  const wanted = Number.isSafeInteger(known) ? Number(known) : maxPositions;
  return Math.min(Math.max(wanted, leastPositions), maxPositions);
}

/** Reads a list of dtypes, "fp32,q8". @throws Error naming one that there is not */
export function readDtypes(text: string): WrittenDtype[] {
  const known = Object.keys(writtenDtypes) as WrittenDtype[];
  const named = new Set(text.split(",").map((name) => name.trim()));
  for (const name of named)
    if (!known.some((dtype) => dtype === name))
      throw new Error(`--dtypes must be a list of ${known.join(", ")}, found "${name}"`);
  return known.filter((dtype) => named.has(dtype));
}
