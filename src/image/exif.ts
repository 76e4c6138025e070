const orientationTag = 0x0112;
const shortType = 3;

/**
 * The orientation in a TIFF block as EXIF holds it (APP1 of a JPEG after "Exif\0\0", eXIf of a PNG), or null where it
 * names none. Damaged blocks name none: orientation is a courtesy, not a reason to refuse a picture.
 */
export function exifOrientation(tiff: Uint8Array): number | null {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return null;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return null;
  const little = order === 0x4949;
  const start = view.getUint32(4, little);
  if (start + 2 > tiff.length) return null;
  const entries = view.getUint16(start, little);
  for (let i = 0; i < entries; i++) {
    const entry = start + 2 + i * 12;
    if (entry + 12 > tiff.length) return null;
    if (view.getUint16(entry, little) === orientationTag && view.getUint16(entry + 2, little) === shortType)
      return view.getUint16(entry + 8, little);
  }
  return null;
}

/** The orientation in an XMP packet, which counts where EXIF names none. */
export function xmpOrientation(packet: Uint8Array): number | null {
  const found = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(packet))?.[1];
  return found === undefined ? null : Number(found);
}
