import type { ModelConfig, VisionConfig } from "../../model/config.ts";
import { modelShapes } from "../../model/families/table.ts";
import { maxPatchSide } from "../../model/positions.ts";
import { inverseFrequencies, ropeTable } from "../../ops/rope.ts";
import { GraphBuilder } from "./builder.ts";
import { deepstackFeatures } from "./embedding.ts";
import type { Graph, Value } from "./graph.ts";
import { type PatchPlaces, patchPlaces } from "./patch_places.ts";
import type { Precision } from "./precision.ts";
import { type TableVision, tableTower } from "./table_tower.ts";
import { columnsOf } from "./tables.ts";
import type { VisionPass } from "./tower_parts.ts";
import { type WindowVision, windowTower } from "./window_tower.ts";

/**
 * Pixels of any number of pictures -> their image tokens, one below another: the statements of the towers in
 * src/model/families. Features of deepstack stand beside them, as `embeddingGraph` has zeros.
 */
export function visionGraph(config: ModelConfig, precision: Precision): Graph {
  const { vision } = config;
  const b = new GraphBuilder("vision_encoder", precision, modelShapes(config));
  const patchLength = 3 * vision.temporalPatchSize * vision.patchSize ** 2;
  const pixels = b.input("pixel_values", "float32", ["num_patches", patchLength]);
  const grids = b.input("image_grid_thw", "int64", ["num_images", 3]);
  const places = patchPlaces(b, pixels, grids, vision);
  const batch = b.op("Unsqueeze", [b.inNumbers(pixels), b.ints([0])]);
  const pass = { b, config: vision, places, ...rotationOf(b, vision, places) };
  const outputs = towerOf(vision)(pass, batch);
  const joined = outputs.length > 1 ? b.op("Concat", outputs, { axis: { int: -1 } }) : outputs[0]!;
  const rows = b.op("Squeeze", [b.inFloat32(joined), b.ints([0])]);
  const width = vision.outHiddenSize * (1 + deepstackFeatures(config));
  b.output(rows, "image_features", "float32", ["num_image_tokens", width]);
  return b.graph;
}

/** (1, P, patch length) -> image tokens (1, M, C of the text), and the features of deepstack in their order. */
type Tower = (pass: VisionPass, pixels: Value) => Value[];

/** The tower by what its configuration has. @throws Error where no graph is known for it */
function towerOf(vision: VisionConfig): Tower {
  if ("windowSize" in vision) return (pass, x) => windowTower(pass as VisionPass<WindowVision>, x);
  if ("numPositionEmbeddings" in vision) return (pass, x) => tableTower(pass as VisionPass<TableVision>, x);
  throw new Error("There is no ONNX graph for the vision tower of this family of models; export it without --as onnx");
}

/** As patchRotary of src/model/vision_tower.ts: a patch's row turns the first half of the pairs, its column the second. */
function rotationOf(b: GraphBuilder, vision: VisionConfig, places: PatchPlaces): { cos: Value; sin: Value } {
  const half = vision.hiddenSize / vision.numHeads / 2;
  const quarter = inverseFrequencies(half, vision.ropeTheta);
  const table = ropeTable(maxPatchSide, quarter);
  const look = (part: 0 | 1) => {
    const values = b.numbers(columnsOf(table, part), [maxPatchSide, quarter.length]);
    const sides = [places.row, places.column].map((place) => b.op("Gather", [values, place]));
    return b.op("Concat", sides, { axis: { int: -1 } });
  };
  return { cos: look(0), sin: look(1) };
}
