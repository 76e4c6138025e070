import type { DecodedPicture } from "../platform.ts";

/** A picture as its file holds it, before transparency and orientation are applied. */
export type Decoded = DecodedPicture;

/** Width and height beyond which a file is refused unread: Pillow's own limit for a decompression bomb. */
export const maxPixels = 178_956_970;

/** Memory for decoding one picture, the picture itself included; most of it is free again afterwards. */
export const maxDecodingBytes = 340 * 2 ** 20;
/** Pixels of a picture that is decoded, however little memory each takes: more would take seconds. */
const maxDecodedPixels = 3 * 2 ** 24;
/** What a row costs beside its pixels, in pixels: a picture one pixel wide is nothing but rows. */
const rowCost = 16;

/** @throws where a header claims more pixels than should be allocated, or none */
export function expectSize(width: number, height: number): void {
  if (width < 1 || height < 1)
    throw new Error(`A picture must have at least one pixel, found a header that says ${width} x ${height}`);
  if (width * height > maxPixels)
    throw new Error(
      `A picture may have at most ${maxPixels.toLocaleString("en")} pixels, found a header that says ${width} x ${height}; shrink it first`,
    );
}

/**
 * @param bytes what decoding it takes, by its format, depth and colours
 * @throws where that is more than for one picture
 */
export function expectDecodable(width: number, height: number, bytes: number): void {
  if ((width + rowCost) * height > maxDecodedPixels)
    throw new Error(
      `A picture of more than about ${maxDecodedPixels.toLocaleString("en")} pixels is not decoded, found ${width} x ${height}; shrink it first`,
    );
  if (bytes > maxDecodingBytes)
    throw new Error(
      `A picture may take ${maxDecodingBytes / 2 ** 20} MiB while it is decoded, found one of ${width} x ${height} pixels that takes ${Math.ceil(bytes / 2 ** 20)} MiB; shrink it first`,
    );
}
