import type { ModelConfig } from "./config.ts";

/** Most bytes of activations in one walk; larger batches are walked in parts, whose gradients add up. */
export const walkBytes = 1.5 * 2 ** 30;

/** About the activations that the way back of a walk needs: numbers a row and a layer; gradients reuse a handful of buffers. */
export function activationBytes({ text, vision }: ModelConfig, rows: number, patches: number): number {
  const perRow =
    text.numHiddenLayers *
    (6 * text.hiddenSize +
      2 * (text.numAttentionHeads + 2 * text.numKeyValueHeads) * text.headDim +
      3 * text.intermediateSize);
  const perPatch = vision.depth * (12 * vision.hiddenSize + 2 * vision.intermediateSize) + 8 * vision.hiddenSize;
  return 4 * (rows * perRow + patches * perPatch);
}
