import type { Pixels } from "../../image/pixels.ts";
import { type Grid, patchCoordinates, patchCount } from "../../model/positions.ts";
import type { Preprocessor } from "../../model/preprocessor.ts";

/** A picture's grid of patches. @throws Error where its sides are not whole blocks of patches */
export function gridOf({ width, height }: Pixels, { patchSize, mergeSize }: Preprocessor): Grid {
  const side = patchSize * mergeSize;
  if (width % side !== 0 || height % side !== 0 || width === 0 || height === 0)
    throw new Error(
      `The vision tower needs pictures whose sides are multiples of ${side} (patch ${patchSize} x merge ${mergeSize}), found ${width} x ${height}; resize it first`,
    );
  return { t: 1, h: height / patchSize, w: width / patchSize };
}

/**
 * `pixel_values` (P, 3 T S S) of a resized picture in the order of Hugging Face's Qwen2-VL image processor, as
 * shaders/patchify.wgsl makes them: a still picture fills all T frames.
 */
export function patchValues(pixels: Pixels, preprocessor: Preprocessor): { grid: Grid; values: Float32Array } {
  const { patchSize: S, temporalPatchSize: T, mergeSize, imageMean, imageStd } = preprocessor;
  const grid = gridOf(pixels, preprocessor);
  const { row, column } = patchCoordinates(grid, mergeSize);
  const area = S * S;
  const values = new Float32Array(patchCount(grid) * 3 * T * area);
  // A level becomes one of 256 numbers a channel.
  const levels = [0, 1, 2].map((channel) =>
    Float32Array.from({ length: 256 }, (_, level) => (level / 255 - imageMean[channel]!) / imageStd[channel]!),
  );
  let at = 0;
  for (let p = 0; p < row.length; p++)
    for (let channel = 0; channel < 3; channel++) {
      const first = at;
      for (let y = 0; y < S; y++) {
        let byte = ((row[p]! * S + y) * pixels.width + column[p]! * S) * 3 + channel;
        for (let x = 0; x < S; x++, byte += 3) values[at++] = levels[channel]![pixels.data[byte]!]!;
      }
      for (let frame = 1; frame < T; frame++, at += area) values.copyWithin(at, first, first + area);
    }
  return { grid, values };
}
