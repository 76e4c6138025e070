import { bucket } from "../gpu/bucket.ts";
import type { ModelConfig } from "./config.ts";

/** Most bytes of activations in one pass; larger batches run as micro-batches, whose gradients add up. */
export const maxPassBytes = 1.5 * 2 ** 30;

/** About the bytes of activations that a backward pass needs, by rows and layers; gradients reuse a handful of buffers. */
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
 * Whether a kernel of a device can bind the largest activations of a pass: those of the feed-forward layers and of
 * attention, and the pictures' numbers. Rows and patches are counted in the size that a pass is recorded for, which is larger.
 */
export function canBind(
  { text, vision }: ModelConfig,
  rows: number,
  patches: number,
  { maxBindingBytes }: { maxBindingBytes: number },
): boolean {
  const perRow = Math.max(
    2 * text.intermediateSize,
    (text.numAttentionHeads + 2 * text.numKeyValueHeads) * text.headDim,
    text.hiddenSize,
  );
  const perPatch = Math.max(
    vision.imageMean.length * vision.temporalPatchSize * vision.patchSize ** 2,
    2 * vision.intermediateSize,
    3 * vision.hiddenSize,
  );
  const recorded = [bucket(rows, 32) * perRow, bucket(patches, 16 * vision.spatialMergeSize ** 2) * perPatch];
  return 4 * Math.max(...recorded) <= maxBindingBytes;
}
