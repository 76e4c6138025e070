import type { Pixels } from "../image/pixels.ts";
import { rotate } from "../image/rotate.ts";
import type { Rollout } from "./rollout.ts";
import { cutOut, type ZoomSettings } from "./tools/zoom.ts";

/**
 * The pictures that a logged rollout had before it, in source pixels and in the order of its indices: those of its
 * task, then what each call that was carried out gave.
 * @param asShown the task's pictures as the model saw them; verl's tool cuts from these. Where they are not at hand,
 *                the same place is cut from the source
 */
export function rolloutPictures(
  { calls }: Pick<Rollout, "calls">,
  ofTask: readonly Pixels[],
  settings: Pick<ZoomSettings, "crop">,
  asShown?: readonly Pixels[],
): Pixels[] {
  const pictures = [...ofTask];
  for (const { outcome, boxSourcePx, boxShownPx, rotateDegrees, imageIndex = 0 } of calls) {
    if (outcome !== "ok") continue;
    const shown = asShown?.[imageIndex];
    if (rotateDegrees !== undefined) pictures.push(rotate(pictures[imageIndex]!, rotateDegrees));
    else if (shown && boxShownPx) pictures.push(cutOut(shown, boxShownPx, settings.crop));
    else if (boxSourcePx) pictures.push(cutOut(pictures[imageIndex]!, boxSourcePx, settings.crop));
  }
  return pictures;
}
