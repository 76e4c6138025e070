import { expectSize } from "./decoded.ts";
import { exifOrientation } from "./exif.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { kindOfFile } from "./kind_of_file.ts";
import { readWebpHeader } from "./webp_header.ts";

/** What a picture's file says of itself before anything is decoded. */
export interface PictureHeader {
  format: "PNG" | "JPEG" | "WEBP";
  /** As Pillow calls it on opening: "1", "L", "LA", "I;16", "P", "RGB", "RGBA", "CMYK". */
  mode: string;
  width: number;
  height: number;
  /** EXIF orientation, 1 to 8; 1 is upright. XMP is not read. */
  orientation: number;
}

/**
 * Reads the first few hundred bytes that matter: cheap enough to ask of every row before any is decoded.
 * @throws Error with one sentence where the file is of another kind, ends too early or claims too many pixels
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader {
  const header = read(bytes);
  expectSize(header.width, header.height);
  return header;
}

function read(bytes: Uint8Array): PictureHeader {
  switch (kindOfFile(bytes)) {
    case "PNG":
      return pngHeader(bytes);
    case "JPEG":
      return jpegHeader(readJpegHeader(bytes));
    case "WEBP": {
      const { width, height, hasAlpha, orientation } = readWebpHeader(bytes);
      return { format: "WEBP", mode: hasAlpha ? "RGBA" : "RGB", width, height, orientation };
    }
  }
}

/** Pillow's mode by colour type; depths that differ from the first are named. */
const pngModes: Record<number, (depth: number) => string> = {
  0: (depth) => (depth === 1 ? "1" : depth === 16 ? "I;16" : "L"),
  2: () => "RGB",
  3: () => "P",
  4: (depth) => (depth === 16 ? "RGBA" : "LA"),
  6: () => "RGBA",
};

function pngHeader(bytes: Uint8Array): PictureHeader {
  if (bytes.length < 33) throw new Error(`This PNG ends after ${bytes.length} bytes; the file is not whole`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mode = pngModes[bytes[25]!]?.(bytes[24]!);
  if (view.getUint32(12) !== 0x49484452 || mode === undefined)
    throw new Error("A PNG must begin with IHDR and a colour type that the format knows; the file is damaged");
  let orientation = 1;
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) !== 0x65584966) continue;
    orientation = exifOrientation(bytes.subarray(at + 8, at + 8 + view.getUint32(at))) ?? 1;
    break;
  }
  return { format: "PNG", mode, width: view.getUint32(16), height: view.getUint32(20), orientation };
}

function jpegHeader({ width, height, components, orientation }: JpegHeader): PictureHeader {
  const mode = components === 1 ? "L" : components === 4 ? "CMYK" : "RGB";
  return { format: "JPEG", mode, width, height, orientation };
}
