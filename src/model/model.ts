import type { Tape } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import type { Cache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import type { LoraAdapter } from "./lora.ts";
import type { Parameters } from "./parameters.ts";
import type { TextRows } from "./text_rows.ts";
import type { VisionRows } from "./vision_rows.ts";

/** What the vision tower hands to the text: image tokens (M, C), and features for the first text layers. */
export interface VisionOutput {
  embeds: Tensor;
  deepstack: Tensor[];
}

/** Sees a state between layers while a walk is recorded. */
export type Watch = (name: string, state: Tensor) => void;

/** A Qwen-VL model of either family, pictures only. */
export interface Model {
  readonly config: ModelConfig;
  /** All weights but the adapter's. */
  readonly parameters: Parameters;
  /** What an optimizer changes: the adapter's weights where there is one, else all. */
  readonly trained: Parameters;
  /** Recorded walks keep the adapter that was there when they were recorded. */
  adapter: LoraAdapter | null;
  /**
   * What the keys and values of the text are held in while it samples. Walks without a cache round them to it as well, so
   * that both compute the same bits; recorded walks keep what was set when they were recorded.
   * @throws RangeError where the heads cannot be held so
   */
  kvCacheDtype: CacheDtype;
  /** (V, C): hidden states -> logits. */
  readonly head: Tensor;

  /** Patches -> image tokens, in the order of the text. */
  vision(tape: Tape, rows: VisionRows, watch?: Watch): VisionOutput;

  /**
   * Rows of text and image tokens -> their last hidden states (N, C), after the final norm.
   *
   * With a cache, new keys and values go into it and rows attend to cached keys; without, rows attend to each other.
   */
  text(tape: Tape, rows: TextRows, vision: VisionOutput | null, cache?: Cache, watch?: Watch): Tensor;
}
