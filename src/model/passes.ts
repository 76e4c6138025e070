import type { Tape } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Attended } from "../ops/attention_map.ts";
import type { CacheState } from "./cache.ts";
import type { TextRows } from "./text_rows.ts";
import type { VisionRows } from "./vision_rows.ts";
import type { Weights } from "./weights.ts";

/** What the vision tower hands to the text: image tokens (M, C), and features for the first text layers. */
export interface VisionOutput {
  embeds: Tensor;
  deepstack: readonly Tensor[];
}

/** Called with states between layers while a pass is recorded. */
export type Watch = (name: string, state: Tensor) => void;

export interface TextInput {
  rows: TextRows;
  /** Null where no picture can come. */
  vision: VisionOutput | null;
  /** Where given, new rows are appended to it and attend to what is in it; else rows attend to each other. */
  cache?: CacheState;
  watch?: Watch;
  /** Called with the attention of each text layer that has any, while the pass is recorded. */
  attended?: (layer: number, of: Attended) => void;
}

/** Rows of text and image tokens -> their last hidden states (N, C), after the final norm. */
export interface TextPassOf {
  (tape: Tape, weights: Weights, input: TextInput): Tensor;
  /**
   * Where all layers have full attention over whole heads, as ops/decode.ts computes them in one dispatch: the table of rotations,
   * (positions, D/2, 2).
   */
  readonly angles?: Tensor;
}

/** The two forward passes of a model, recorded on a tape. */
export interface Passes {
  /** Patches -> image tokens, in the order of the text. */
  vision(tape: Tape, weights: Weights, rows: VisionRows, watch?: Watch): VisionOutput;
  readonly text: TextPassOf;
}
