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

/**
 * Most patches of one walk: a kernel must see the pixels of all of them, f32 (P, 3 T S S), in one buffer. Plans are
 * recorded for up to an eighth more (gpu/bucket.ts).
 */
export function mostPatches({ vision }: ModelConfig, maxBindingBytes: number): number {
  const { patchSize, temporalPatchSize } = vision;
  return Math.floor(maxBindingBytes / (4 * 3 * temporalPatchSize * patchSize ** 2) / 1.125);
}
