import type { ModelConfig } from "../../model/config.ts";
import { modelShapes } from "../../model/families/table.ts";
import { embeddingWeight } from "../../model/names.ts";
import { GraphBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import type { Precision } from "./precision.ts";

/**
 * Token ids -> their embeddings. Where the model has deepstack, zeros stand beside them for the features of pictures, as
 * the vision encoder's output has them: whoever puts pictures' rows into these needs to know nothing of it.
 */
export function embeddingGraph(config: ModelConfig, precision: Precision): Graph {
  const b = new GraphBuilder("embed_tokens", precision, modelShapes(config));
  const C = config.text.hiddenSize;
  const features = deepstackFeatures(config);
  const ids = b.input("input_ids", "int64", ["batch_size", "sequence_length"]);
  let x = b.inFloat32(lookUp(b, ids, C));
  if (features > 0) x = b.op("Pad", [x, b.ints([0, 0, 0, 0, 0, features * C])]);
  b.output(x, "inputs_embeds", "float32", ["batch_size", "sequence_length", C * (1 + features)]);
  return b.graph;
}

function lookUp(b: GraphBuilder, ids: string, C: number): string {
  if (b.precision.weights === "full") return b.op("Gather", [b.rows(embeddingWeight), ids]);
  const { quants, scales } = b.quantizedRows(embeddingWeight);
  const whole = b.cast(b.op("Gather", [quants, ids]), "float32");
  const scaled = b.op("Mul", [b.op("Sub", [whole, b.number(128)]), b.op("Gather", [scales, ids])]);
  const rows = b.op("Reshape", [scaled, b.ints([0, 0, -1])]);
  // The last block of a row may be longer than the row.
  return b.op("Slice", [rows, b.ints([0]), b.ints([C]), b.ints([-1])]);
}

/** How many features of pictures are added between the first text layers. */
export const deepstackFeatures = ({ vision }: ModelConfig): number =>
  "deepstackVisualIndexes" in vision ? (vision.deepstackVisualIndexes as number[]).length : 0;
