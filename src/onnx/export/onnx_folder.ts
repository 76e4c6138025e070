import type { ModelConfig } from "../../model/config.ts";
import { decoderGraph } from "../graph/decoder.ts";
import { embeddingGraph } from "../graph/embedding.ts";
import type { Graph } from "../graph/graph.ts";
import { type WrittenDtype, writtenDtypes } from "../graph/precision.ts";
import { visionGraph } from "../graph/vision.ts";
import { type GraphFileLimits, graphFileLimits, graphFiles, type WrittenFile } from "./graph_files.ts";
import type { WeightSource } from "./weight_bytes.ts";

/** Logits of a long prompt over more tokens than these are left out where they are not asked for. */
const mostLogits = 2 ** 15;

export interface OnnxFolderOptions {
  dtypes: readonly WrittenDtype[];
  /** Positions that conversations may reach. */
  positions: number;
  limits?: GraphFileLimits;
}

/** The graphs of a model in transformers.js' layout. */
export interface OnnxFolder {
  files: WrittenFile[];
  /** How many files stand beside each graph that has any, by the graph's file: `use_external_data_format`. */
  externalFiles: Record<string, number>;
}

/** The folder of graphs in a model's folder. */
const graphFolder = "onnx";

/** @throws Error as the graphs do */
export function onnxFolder(
  config: ModelConfig,
  source: WeightSource,
  { dtypes, positions, limits = graphFileLimits }: OnnxFolderOptions,
): OnnxFolder {
  const files: WrittenFile[] = [];
  const externalFiles: Record<string, number> = {};
  for (const dtype of dtypes) {
    const { precision, suffix } = writtenDtypes[dtype];
    const keepsLogits = config.text.vocabSize > mostLogits;
    const graphs: Graph[] = [
      embeddingGraph(config, precision),
      visionGraph(config, precision),
      decoderGraph(config, { precision, positions, keepsLogits }),
    ];
    for (const graph of graphs) {
      const fileName = `${graph.name}${suffix}.onnx`;
      const written = graphFiles(graph, fileName, source, limits);
      for (const file of written.files) files.push({ ...file, name: `${graphFolder}/${file.name}` });
      if (written.externalFiles > 0) externalFiles[fileName] = written.externalFiles;
    }
  }
  return { files, externalFiles };
}
