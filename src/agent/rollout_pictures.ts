import type { Pixels } from "../image/pixels.ts";
import type { Rollout } from "./rollout.ts";
import { cutOut, type ZoomSettings } from "./tools.ts";

/**
 * The pictures that a logged rollout had before it, in source pixels and in the order of its indices: those of its
 * task, then what each zoom that was carried out cut.
 */
export function rolloutPictures(
  { calls }: Pick<Rollout, "calls">,
  ofTask: readonly Pixels[],
  settings: Pick<ZoomSettings, "crop">,
): Pixels[] {
  const pictures = [...ofTask];
  for (const { outcome, boxSourcePx, imageIndex = 0 } of calls) {
    if (outcome !== "ok" || !boxSourcePx) continue;
    pictures.push(cutOut(pictures[imageIndex]!, boxSourcePx, settings.crop));
  }
  return pictures;
}
