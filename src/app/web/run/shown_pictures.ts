import type { Rollout } from "../../../agent/rollout.ts";
import { rolloutPictures } from "../../../agent/rollout_pictures.ts";
import type { Box, Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../../image/smart_resize.ts";
import type { ModelFacts } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";

/** A picture of a rollout as the model saw it. */
export interface Shown {
  /** Index into the rollout's pictures. */
  index: number;
  pixels: Pixels;
  /** Image tokens from left to right and from top to bottom. */
  tokensAcross: number;
  tokensDown: number;
  /** Which zoom made it, from 1; 0 for a task's own picture. */
  zoom: number;
  boxSourcePx?: Box;
}

/** How the shipped variants see, for logs that were written before a run said so. */
const shippedView: SizeLimits = { factor: 16, minPixels: 4096, maxPixels: 4096 };

/** Pixels that a rollout's crops and model inputs may have together; a log may say any number. */
const mostPixels = 2 ** 26;
/** And how many they may be; knobs allow 32 calls. */
const mostPictures = 256;

/**
 * What the model saw, in order: the task's pictures, then one crop for each zoom that was carried out.
 * @throws Error with one sentence where a call is none that could have been carried out
 */
export function shownPictures(
  rollout: Rollout,
  sources: readonly Pixels[],
  config: RunConfig,
  { view = shippedView }: Pick<ModelFacts, "view">,
): Shown[] {
  const pictures: Shown[] = [];
  let pixels = 0;
  const count = (picture: { width: number; height: number }) => {
    pixels += picture.width * picture.height;
    if (pixels > mostPixels)
      throw new Error(`its pictures have more than ${mostPixels.toLocaleString("en")} pixels together`);
  };
  const views = sources.map((original) => ({ original }));
  for (const { original, call } of rolloutPictures(rollout, views, { crop: config.crop })) {
    if (call) count(original);
    const { widthPx, heightPx } = smartResize(original.height, original.width, view);
    count({ width: widthPx, height: heightPx });
    const index = pictures.length;
    if (index >= mostPictures) throw new Error(`it has more than ${mostPictures} pictures`);
    pictures.push({
      index,
      pixels: resize(original, widthPx, heightPx),
      tokensAcross: widthPx / view.factor,
      tokensDown: heightPx / view.factor,
      zoom: Math.max(0, index - sources.length + 1),
      boxSourcePx: call?.boxSourcePx,
    });
  }
  return pictures;
}

/** 64 × 64: for people. */
export const sizeText = ({ pixels: { width, height } }: Pick<Shown, "pixels">): string => `${width} × ${height}`;
