import { maxDecodingBytes } from "./decoded.ts";
import { exifOrientation } from "./exif.ts";
import { kindOfFile } from "./kind_of_file.ts";
import { plainJpeg } from "./plain_jpeg.ts";
import { openPng } from "./png.ts";
import { hasAlpha, type PngColours } from "./png_colour.ts";
import { expectWebp } from "./webp.ts";
import { withoutExif } from "./webp_header.ts";

/**
 * What another decoder is given of a picture file: what decides the levels and nothing that decoders follow differently
 * (profiles, gamma, orientation, texts), and which properties of the file such a decoder must be known for.
 */
export interface PlainFile {
  type: "image/png" | "image/jpeg" | "image/webp";
  width: number;
  height: number;
  /** EXIF orientation of the whole file. */
  orientation: number;
  /** E.g. "JPEG 4:2:0", "JPEG progressive". */
  properties: string[];
  /** The file again, in parts. */
  parts: Uint8Array[];
  /**
   * Looks at what only reading the packed pixels shows; to be called while the other decoder works. False where decoders
   * may differ. @throws Error with the sentence of our own decoder where that refuses the file
   */
  check(): boolean;
}

/** Bytes a pixel: the other decoder's picture, ours, and what is read at a time. */
const bytesPerPixel = 8;
/** Parts of a file in more pieces take longer to hand over than to decode. */
const mostParts = 10_000;

/**
 * Null where our own decoder must take the file: it is transparent, or of a kind that decoders are not known to agree on.
 * @throws Error with one sentence where our own decoder refuses it by its header
 */
export function plainFile(bytes: Uint8Array): PlainFile | null {
  const file = plainOf(bytes);
  if (!file || file.parts.length > mostParts || file.width * file.height * bytesPerPixel > maxDecodingBytes)
    return null;
  return file;
}

function plainOf(bytes: Uint8Array): PlainFile | null {
  switch (kindOfFile(bytes)) {
    case "PNG":
      return plainPng(bytes);
    case "JPEG":
      return plainJpeg(bytes);
    case "WEBP": {
      const { width, height, hasAlpha, orientation, isLossless } = expectWebp(bytes);
      if (hasAlpha) return null;
      return {
        type: "image/webp",
        width,
        height,
        orientation,
        properties: [isLossless ? "WebP lossless" : "WebP lossy"],
        parts: [withoutExif(bytes)],
        check: () => true,
      };
    }
  }
}

/** How much longer than its pixels packed data may be: what stands behind the last row, a decoder may unpack all the same. */
const freePackedBytes = 65_536;

/** Damage in packed rows needs no check: decoders that show a part of a picture are found by a trial, and so never asked. */
function plainPng(bytes: Uint8Array): PlainFile | null {
  const { header, colours, data, rawBytes, packedBytes, exif } = openPng(bytes);
  const colour = colourOf(colours);
  if (colour === null || packedBytes > rawBytes * 1.1 + freePackedBytes) return null;
  const { width, height, depth, colourType, interlaced } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = [view.getUint32(8), view.getUint32(16), view.getUint32(20), bytes[24], bytes[25]];
  // A second IHDR counts for our decoder; a check sum may be missing at the end.
  const isUsual = [ihdrBytes, width, height, depth, colourType].every((value, i) => value === first[i]);
  if (!isUsual || data.at(-1)![1] + 4 > bytes.length) return null;
  const chunk = ([from, to]: [number, number]) => bytes.subarray(from - 8, to + 4);
  const palette = colours.colour === "palette" ? [chunkAround(bytes, colours.palette!)] : [];
  return {
    type: "image/png",
    width,
    height,
    orientation: (exif && exifOrientation(exif)) ?? 1,
    properties: ["PNG", `PNG ${colour}`, ...(interlaced ? ["PNG interlaced"] : [])],
    parts: [bytes.subarray(0, 8 + 12 + ihdrBytes), ...palette, ...data.map(chunk), endOfPng],
    check: () => true,
  };
}

const ihdrBytes = 13;
const endOfPng = Uint8Array.of(0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82);

/** A chunk with its length, name and check sum. */
function chunkAround(bytes: Uint8Array, body: Uint8Array): Uint8Array {
  const from = body.byteOffset - bytes.byteOffset;
  return bytes.subarray(from - 8, from + body.length + 4);
}

/** Colours and depth in a word; null where decoders differ, or a canvas loses something. */
function colourOf(colours: PngColours): string | null {
  const { colour, depth, palette } = colours;
  // Levels of 16 bits in gray are clipped as Pillow does it, which nobody else does.
  if (hasAlpha(colours) || (colour === "gray" && depth === 16)) return null;
  // What a level beyond the palette means is not said.
  if (colour === "palette") return palette!.length === 3 << depth ? "palette" : null;
  return depth === 16 ? `${colour} 16-bit` : colour;
}
