import type { Rollout, ToolCall } from "../../agent/rollout.ts";
import { type ReplaySettings, rolloutPictures } from "../../agent/rollout_pictures.ts";
import type { Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../image/smart_resize.ts";
import { pngDataUrl } from "../../image/write_png.ts";

/** A picture in a page. */
export interface PagePicture {
  /** data: URL. */
  url: string;
  /** Of the picture that it shows, which may be larger. */
  widthPx: number;
  heightPx: number;
}

/** A picture as the model got it, and the call that gave it; null for the task's own. */
export interface PageInput extends PagePicture {
  call: ToolCall | null;
}

/** The pictures of a rollout: the task's first one as it is, and all as the model got them, by their indices. */
export interface PagePictures {
  original: PagePicture | null;
  inputs: readonly PageInput[];
  /** Why some are not there, in a sentence without its stop; null where nothing is missing. */
  missing: string | null;
}

/** Longest side of a picture in a file: more takes megabytes, and shows no more of where the model looked. */
const longestPx = 1024;
/** Pictures of one rollout; knobs allow 32 calls. */
const mostPictures = 256;

/** Pictures that several rollouts share are written once. */
export class PictureWriter {
  readonly #written = new Map<Pixels, Promise<string>>();
  readonly #view: SizeLimits;
  readonly #settings: ReplaySettings;

  /** @param view  sizes at which the run's model gets pictures */
  constructor(view: SizeLimits, settings: ReplaySettings) {
    this.#view = view;
    this.#settings = settings;
  }

  /** @param originals  the task's pictures; null where they cannot be had, and why stands in `missing` */
  async of(rollout: Rollout, originals: readonly Pixels[] | null, missing: string | null): Promise<PagePictures> {
    const [first] = originals ?? [];
    if (!originals || !first) return { original: null, inputs: [], missing };
    const found: PagePictures & { inputs: PageInput[] } = {
      original: await this.#picture(first),
      inputs: [],
      missing,
    };
    try {
      const views = originals.map((original) => ({ original }));
      for (const { original, call } of rolloutPictures(rollout, views, this.#settings)) {
        if (found.inputs.length >= mostPictures) throw new Error(`it has more than ${mostPictures}`);
        const { widthPx, heightPx } = smartResize(original.height, original.width, this.#view);
        found.inputs.push({ ...(await this.#picture(resize(original, widthPx, heightPx))), call });
      }
    } catch (error) {
      found.missing = `What the model saw cannot be made again: ${(error as Error).message}`;
    }
    return found;
  }

  async #picture(pixels: Pixels): Promise<PagePicture> {
    let url = this.#written.get(pixels);
    if (!url) {
      url = pngDataUrl(fitted(pixels));
      this.#written.set(pixels, url);
    }
    return { url: await url, widthPx: pixels.width, heightPx: pixels.height };
  }
}

function fitted(pixels: Pixels): Pixels {
  const scale = longestPx / Math.max(pixels.width, pixels.height);
  if (scale >= 1) return pixels;
  return resize(pixels, Math.max(1, Math.round(pixels.width * scale)), Math.max(1, Math.round(pixels.height * scale)));
}
