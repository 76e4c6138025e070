import type { Pixels } from "../../src/image/pixels.ts";

/** The fields of preprocessor_config.json that say how a resized picture becomes patches. */
export interface PatchSettings {
  /** S, pixels */
  patchSize: number;
  /** Side of the block of patches that the merger turns into one image token. */
  mergeSize: number;
  temporalPatchSize: number;
  /** Of levels in 0 to 1, per channel. */
  mean: readonly number[];
  std: readonly number[];
}

export interface Patches {
  /** (P, 3 * temporalPatchSize * S * S) */
  values: Float32Array<ArrayBuffer>;
  /** In patches; P = t * h * w. */
  grid: { t: number; h: number; w: number };
}

/**
 * What the vision tower reads, in the order of Hugging Face's Qwen2-VL image processor: patches by merge blocks, row
 * by row, and row by row within a block; in a patch channel, frame, row, column. A still picture fills every frame.
 */
export function patches(pixels: Pixels, settings: PatchSettings): Patches {
  const { patchSize: S, mergeSize, temporalPatchSize, mean, std } = settings;
  const { width, height, data } = pixels;
  const side = S * mergeSize;
  if (width % side !== 0 || height % side !== 0 || width === 0 || height === 0)
    throw new Error(
      `Patches need a picture whose sides are multiples of ${side} (patch ${S} x merge ${mergeSize}), found ${width} x ${height}; resize it first`,
    );
  const h = height / S;
  const w = width / S;
  const frameLength = S * S;
  const patchLength = 3 * temporalPatchSize * frameLength;
  const values = new Float32Array(h * w * patchLength);
  const normalized = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / std[c]!));
  let patch = 0;
  for (let blockTop = 0; blockTop < h; blockTop += mergeSize)
    for (let blockLeft = 0; blockLeft < w; blockLeft += mergeSize)
      for (let row = blockTop; row < blockTop + mergeSize; row++)
        for (let column = blockLeft; column < blockLeft + mergeSize; column++, patch++)
          for (const [c, level] of normalized.entries()) {
            const start = patch * patchLength + c * temporalPatchSize * frameLength;
            let to = start;
            for (let y = 0; y < S; y++) {
              let from = ((row * S + y) * width + column * S) * 3 + c;
              for (let x = 0; x < S; x++, from += 3) values[to++] = level[data[from]!]!;
            }
            for (let t = 1; t < temporalPatchSize; t++)
              values.copyWithin(start + t * frameLength, start, start + frameLength);
          }
  return { values, grid: { t: 1, h, w } };
}
