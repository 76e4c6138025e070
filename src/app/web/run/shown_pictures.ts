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

/** Pixels that all pictures of a rollout may have together, as they are shown; a log may say any number. */
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
  const cuts = rollout.calls.filter(({ outcome, boxSourcePx }) => outcome === "ok" && boxSourcePx);
  checkCalls(rollout, sources);
  let pixels = 0;
  return rolloutPictures(rollout, sources, config).map((source, index) => {
    const { widthPx, heightPx } = smartResize(source.height, source.width, view);
    pixels += widthPx * heightPx;
    if (pixels > mostPixels)
      throw new Error(`its pictures have more than ${mostPixels.toLocaleString("en")} pixels together`);
    const zoom = Math.max(0, index - sources.length + 1);
    return {
      index,
      pixels: resize(source, widthPx, heightPx),
      tokensAcross: widthPx / view.factor,
      tokensDown: heightPx / view.factor,
      zoom,
      boxSourcePx: zoom > 0 ? cuts[zoom - 1]?.boxSourcePx : undefined,
    };
  });
}

/** Each call that was carried out cuts a box out of a picture that was there before it. */
function checkCalls({ calls }: Rollout, sources: readonly Pixels[]): void {
  const sizes: { width: number; height: number }[] = [...sources];
  let pixels = 0;
  for (const [i, { outcome, boxSourcePx, rotateDegrees, imageIndex = 0 }] of calls.entries()) {
    if (outcome !== "ok" || (rotateDegrees === undefined && !boxSourcePx)) continue;
    const from = sizes[imageIndex];
    if (!from) throw new Error(`call ${i + 1} is about picture ${imageIndex}, of ${sizes.length}`);
    const { width, height } = from;
    // Turned by some degrees a picture grows to hold its corners.
    let size = { width: width + height, height: width + height };
    if (rotateDegrees === undefined) {
      const [left, top, right, bottom] = boxSourcePx!;
      if (!(left >= 0 && top >= 0 && right <= width && bottom <= height && left < right && top < bottom))
        throw new Error(
          `call ${i + 1} cuts [${boxSourcePx!.join(", ")}] out of a picture of ${width} × ${height} pixels`,
        );
      size = { width: right - left, height: bottom - top };
    }
    pixels += size.width * size.height;
    if (pixels > mostPixels)
      throw new Error(`its crops have more than ${mostPixels.toLocaleString("en")} pixels together`);
    if (sizes.push(size) > mostPictures) throw new Error(`it has more than ${mostPictures} pictures`);
  }
}

/** 64 × 64: for people. */
export const sizeText = ({ pixels: { width, height } }: Pick<Shown, "pixels">): string => `${width} × ${height}`;
