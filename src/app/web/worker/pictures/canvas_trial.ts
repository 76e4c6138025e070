import { decode } from "../../../../image/decode.ts";
import type { Pixels } from "../../../../image/pixels.ts";
import { plainFile } from "../../../../image/plain_file.ts";
import { writePng } from "../../../../image/write_png.ts";
import type { CanvasDecoder } from "./canvas_decoder.ts";
import { CanvasAltered } from "./canvas_reader.ts";
import { trialPictures } from "./trial_pictures.ts";

/** What a browser's decoder and canvas are good for. */
export interface Trial {
  /** Why nothing is read through a canvas here; null where it may be. */
  problem: string | null;
  /** Each property of files (src/image/plain_file.ts) with why the browser is not asked for those that have it; null where it is. */
  properties: Map<string, string | null>;
  /** Pictures that were tried. */
  pictures: number;
}

/** A side of the picture that fills the largest part that is read at a time. */
const noisePx = 512;

/**
 * Tries tiny pictures on a browser's decoder: it is asked only for files all of whose properties gave the bytes of our
 * own decoder. A larger picture of random levels shows whether the canvas gives back what it was given.
 */
export async function tryPictures(by: Pick<CanvasDecoder, "viaCanvas">): Promise<Trial> {
  const properties = new Map<string, string | null>();
  const found = (property: string, why: string | null): void => {
    if ((properties.get(property) ?? null) === null) properties.set(property, why);
  };
  let pictures = 0;
  try {
    await tryNoise(by);
    for (const { property, base64, levels, isDamaged = false } of trialPictures) {
      pictures++;
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const file = plainFile(bytes);
      if (!file) throw new Error(`Expected a trial picture for ${property} that needs no decoder of our own`);
      let pixels: Pixels | null = null;
      try {
        const drawn = await by.viaCanvas(file);
        pixels = drawn.pixels;
        drawn.bitmap.close();
      } catch (error) {
        if (error instanceof CanvasAltered || error instanceof NoAnswer) throw error;
        if (!isDamaged) found(property, `is not decoded here (${(error as Error).message})`);
      }
      if (isDamaged) found(property, pixels ? "a damaged file is shown in part" : null);
      else if (pixels) found(property, levels === undefined ? await difference(pixels, bytes) : known(pixels, levels));
    }
    return { problem: null, properties, pictures };
  } catch (error) {
    return { problem: (error as Error).message, properties, pictures };
  }
}

/** A browser's decoder did not answer in time. */
export class NoAnswer extends Error {}

async function tryNoise(by: Pick<CanvasDecoder, "viaCanvas">): Promise<void> {
  const noise = { width: noisePx, height: noisePx, data: new Uint8Array(noisePx * noisePx * 3) };
  for (let at = 0; at < noise.data.length; at += 65_536) crypto.getRandomValues(noise.data.subarray(at, at + 65_536));
  const file = plainFile(await writePng(noise))!;
  const { pixels, bitmap } = await by.viaCanvas(file);
  bitmap.close();
  if (firstDifference(pixels.data, noise.data) >= 0)
    throw new CanvasAltered("levels read from a canvas are not those of the picture that was drawn");
}

/** Why the levels are not those of our own decoder; null where they are. */
async function difference({ data }: Pixels, bytes: Uint8Array): Promise<string | null> {
  const { rgb } = await decode(bytes);
  let most = 0;
  for (const [i, level] of rgb.entries()) most = Math.max(most, Math.abs(level - data[i]!));
  return most === 0 && rgb.length === data.length ? null : `levels differ by up to ${most}`;
}

function known({ data }: Pixels, levels: number): string | null {
  let sum = 0x811c9dc5;
  for (const level of data) sum = Math.imul(sum ^ level, 0x01000193) >>> 0;
  return sum === levels ? null : "levels differ from libwebp's";
}

/** The first index at which two arrays differ, -1 where none does. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
