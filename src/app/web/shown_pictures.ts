import type { Rollout } from "../../agent/rollout.ts";
import { crop } from "../../image/crop.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import type { RunConfig } from "../../train/config.ts";

/** A picture of a rollout as the model saw it. */
export interface Shown {
  /** Index into the rollout's pictures. */
  index: number;
  pixels: Pixels;
  /** Which zoom made it, from 1; 0 for a task's own picture. */
  zoom: number;
  boxSourcePx?: Box;
}

/** Side of a picture as the model sees it. */
export const shownSidePx = 64;
/** Side of the square that one image token covers: 2 x 2 patches of 8 pixels. */
export const tokenSidePx = 16;

/** What the model saw, in order: the task's pictures, then one crop for each zoom that was carried out. */
export function shownPictures(rollout: Rollout, sources: readonly Pixels[], config: RunConfig): Shown[] {
  const seen = (pixels: Pixels): Pixels => resize(pixels, shownSidePx, shownSidePx);
  const shown: Shown[] = sources.map((pixels, index) => ({ index, pixels: seen(pixels), zoom: 0 }));
  const originals = [...sources];
  for (const { outcome, boxSourcePx, imageIndex = 0 } of rollout.calls) {
    if (outcome !== "ok" || !boxSourcePx) continue;
    const cut = config.crop === "blank" ? grey(boxSourcePx) : crop(originals[imageIndex]!, boxSourcePx);
    originals.push(cut);
    shown.push({ index: shown.length, pixels: seen(cut), zoom: shown.length - sources.length + 1, boxSourcePx });
  }
  return shown;
}

/** What the tool answers with in the control experiment `crop: blank` (src/agent/tools.ts). */
function grey([left, top, right, bottom]: Box): Pixels {
  const [width, height] = [right - left, bottom - top];
  return { width, height, data: new Uint8Array(width * height * 3).fill(128) };
}
