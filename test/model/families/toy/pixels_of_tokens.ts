import type { VisionConfig } from "../../../../src/model/config.ts";

/** Numbers of all frames and channels under one image token. */
export const pixelsOfTokens = ({ patchSize, temporalPatchSize, spatialMergeSize }: VisionConfig): number =>
  3 * temporalPatchSize * patchSize ** 2 * spatialMergeSize ** 2;
