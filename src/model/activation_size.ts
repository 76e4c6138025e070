import { bucket } from "../gpu/bucket.ts";
import type { ModelConfig } from "./config.ts";

/** Most bytes of activations in one walk; larger batches are walked in parts, whose gradients add up. */
export const maxPassBytes = 1.5 * 2 ** 30;

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
 * Whether a kernel of a device can see the largest activations of a walk: those of the feed-forward layers and of
 * attention, and the pictures' numbers. Counted are rows and patches that a walk is recorded for, which are more.
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
