import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../image/smart_resize.ts";
import type { ModelFacts } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";

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

/** What the model saw, in order: the task's pictures, then one crop for each zoom that was carried out. */
export function shownPictures(
  rollout: Rollout,
  sources: readonly Pixels[],
  config: RunConfig,
  { view = shippedView }: Pick<ModelFacts, "view">,
): Shown[] {
  const cuts = rollout.calls.filter(({ outcome, boxSourcePx }) => outcome === "ok" && boxSourcePx);
  return rolloutPictures(rollout, sources, config).map((source, index) => {
    const { widthPx, heightPx } = smartResize(source.height, source.width, view);
    const zoom = Math.max(0, index - sources.length + 1);
    return {
      index,
      pixels: resize(source, widthPx, heightPx),
      tokensAcross: widthPx / view.factor,
      tokensDown: heightPx / view.factor,
      zoom,
      boxSourcePx: zoom > 0 ? cuts[zoom - 1]!.boxSourcePx : undefined,
    };
  });
}

/** 64 × 64: for people. */
export const sizeText = ({ pixels: { width, height } }: Pick<Shown, "pixels">): string => `${width} × ${height}`;
