export type PictureKind = "PNG" | "JPEG" | "WEBP";

/** Which kind of picture file begins with these bytes. @throws Error that says what it is instead */
export function kindOfFile(bytes: Uint8Array): PictureKind {
  const starts = (...signature: number[]) => signature.every((byte, i) => bytes[i] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "PNG";
  if (starts(0xff, 0xd8, 0xff)) return "JPEG";
  if (starts(0x52, 0x49, 0x46, 0x46) && String.fromCharCode(...bytes.subarray(8, 12)) === "WEBP") return "WEBP";
  throw new Error(`A picture must be a PNG, JPEG or WebP file, found ${whatItIs(bytes)}; convert it first`);
}

function whatItIs(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  const text = String.fromCharCode(...bytes.subarray(0, 512));
  if (/<svg|<!DOCTYPE svg/i.test(text)) return "SVG, a drawing without pixels of its own";
  if (text.startsWith("GIF8")) return "a GIF file";
  if (text.startsWith("BM")) return "a BMP file";
  if (/^....ftyp(avif|heic|heix|mif1)/s.test(text)) return "an AVIF or HEIC file";
  return `a file that begins with the bytes ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
