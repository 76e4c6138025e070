import type { Rollout, ToolCall } from "../../../agent/rollout.ts";
import { rolloutPictures } from "../../../agent/rollout_pictures.ts";
import type { Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../../image/smart_resize.ts";
import type { ModelFacts } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";

/** A picture of a rollout at the size at which the model gets it. */
export interface ModelInput {
  /** Index into the rollout's pictures. */
  index: number;
  pixels: Pixels;
  /** Image tokens from left to right and from top to bottom. */
  tokensAcross: number;
  tokensDown: number;
  /** Which zoom made it, from 1; 0 for a task's own picture. */
  zoom: number;
  /** What gave it; null for a task's own picture. */
  call: ToolCall | null;
  /** Of the picture before it was made as large as the model gets it. */
  widthPx: number;
  heightPx: number;
}

/** The image processor of the shipped variants, for logs from before runs recorded theirs. */
export const shippedView: SizeLimits = { factor: 16, minPixels: 4096, maxPixels: 4096 };

/** Pixels that a rollout's crops and model inputs may have together; a log may say any number. */
const mostPixels = 2 ** 26;
/** Most pictures; knobs allow 32 calls. */
const mostPictures = 256;

/**
 * The model's inputs, in order: the task's pictures, then what each call that was carried out returned.
 * @throws Error with one sentence where a call could not have been carried out
 */
export function modelInputs(
  rollout: Rollout,
  originals: readonly Pixels[],
  config: RunConfig,
  model: Pick<ModelFacts, "view">,
): ModelInput[] {
  const view = rollout.elsewhere?.view ?? model.view ?? shippedView;
  const pictures: ModelInput[] = [];
  let pixels = 0;
  const count = (picture: { width: number; height: number }) => {
    pixels += picture.width * picture.height;
    if (pixels > mostPixels)
      throw new Error(`its pictures have more than ${mostPixels.toLocaleString("en")} pixels together`);
  };
  const views = originals.map((original) => ({ original }));
  for (const { original, call } of rolloutPictures(rollout, views, { crop: config.crop })) {
    if (call) count(original);
    const { widthPx, heightPx } = smartResize(original.height, original.width, view);
    count({ width: widthPx, height: heightPx });
    const index = pictures.length;
    if (index >= mostPictures) throw new Error(`it has more than ${mostPictures} pictures`);
    pictures.push({
      index,
      pixels: call ? resize(original, widthPx, heightPx) : shown(original, widthPx, heightPx),
      tokensAcross: widthPx / view.factor,
      tokensDown: heightPx / view.factor,
      zoom: Math.max(0, index - originals.length + 1),
      call,
      widthPx: original.width,
      heightPx: original.height,
    });
  }
  return pictures;
}

/** Pictures of tasks as a model gets them: siblings share them, and a scene of 2,048 px takes a tenth of a second. */
const shownSoFar = new WeakMap<Pixels, Pixels>();

function shown(original: Pixels, widthPx: number, heightPx: number): Pixels {
  const known = shownSoFar.get(original);
  if (known?.width === widthPx && known.height === heightPx) return known;
  const made = resize(original, widthPx, heightPx);
  shownSoFar.set(original, made);
  return made;
}

/** 64 × 64: for people. */
export const sizeText = ({ pixels: { width, height } }: Pick<ModelInput, "pixels">): string => `${width} × ${height}`;
