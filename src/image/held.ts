import type { Box, Pixels } from "./pixels.ts";

/*
 * Pictures that something else holds, such as a browser's decoder: their bytes are read from there, all of them or a
 * part, when somebody wants them. (Pictures that are made from others are in derived.ts.)
 */

/** Reads a box of whole pixels inside the picture, (height, width, 3), always with the same bytes. */
export type ReadBox = (box: Box) => Uint8Array;

const readers = new WeakMap<Pixels, ReadBox>();

/** What reads a part of a picture from where it is held; undefined for one that is bytes. */
export const readerOf = (pixels: Pixels): ReadBox | undefined => readers.get(pixels);

/** Bytes of whole pictures that stay although they could be read again. */
const mostRecentBytes = 2 ** 27;
/** Those that were read last, the newest at the end. */
const recent: Uint8Array[] = [];

function keep(data: Uint8Array): void {
  const at = recent.indexOf(data);
  if (at >= 0) recent.splice(at, 1);
  recent.push(data);
  for (let bytes = recent.reduce((sum, { length }) => sum + length, 0); bytes > mostRecentBytes && recent.length > 1; )
    bytes -= recent.shift()!.length;
}

/**
 * A picture that is held elsewhere. It is copied between threads as bytes.
 * @param data its bytes, where they have been read already; they are given up and read again as memory asks
 */
export function held({ width, height }: Pick<Pixels, "width" | "height">, read: ReadBox, data: Uint8Array): Pixels {
  keep(data);
  let known = new WeakRef(data);
  const pixels: Pixels = {
    width,
    height,
    get data() {
      let data = known.deref();
      if (!data) {
        data = read([0, 0, width, height]);
        known = new WeakRef(data);
      }
      keep(data);
      return data;
    },
  };
  readers.set(pixels, read);
  return pixels;
}
