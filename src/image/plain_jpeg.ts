import { exifOrientation, xmpOrientation } from "./exif.ts";
import { type JpegFile, nextMarker, readJpeg } from "./jpeg_file.ts";
import { type Frame, readFrame } from "./jpeg_frame.ts";
import type { Scan } from "./jpeg_scan.ts";
import type { PlainFile } from "./plain_file.ts";

const [SOI, EOI, SOS, DHT, DQT, DRI, baseline, progressive] = [0xd8, 0xd9, 0xda, 0xc4, 0xdb, 0xdd, 0xc0, 0xc2];

/** Segments that decide the levels. */
const kept: readonly number[] = [DQT, DHT, DRI, SOS, baseline, progressive];
/** Scans of a picture; libjpeg writes ten. Each costs a decoder a way through all of it. */
const mostScans = 20;

/** Says that three colours are YCC: what an Adobe marker or nothing said before. */
const jfif = Uint8Array.of(0xff, SOI, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0);
const end = Uint8Array.of(0xff, EOI);

/**
 * A JPEG in gray or YCC without anything but its tables and scans, by its markers alone. Its bits are looked at by
 * `check`, which is most of the time; the size limits hold before.
 */
export function plainJpeg(bytes: Uint8Array): PlainFile | null {
  const parts: Uint8Array[] = [jfif];
  /** Where each scan ends: at the next marker. */
  const ends: number[] = [];
  let frame: Frame | null = null;
  let isProgressive = false;
  let exif: Uint8Array | undefined;
  let xmp: Uint8Array | undefined;
  let hasRestarts = false;
  for (let at = 2; ; ) {
    const marker = nextMarker(bytes, at);
    if (!marker || marker.code === EOI) break;
    const { code, end: start } = marker;
    at = start;
    if (code === SOI || isAlone(code)) continue;
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    // Our own decoder has the sentences for what is damaged.
    if (length < 2 || at + length > bytes.length || parts.length > 100) return null;
    const body = bytes.subarray(at + 2, at + length);
    at += length;
    if (code === 0xe1 && begins(body, "Exif\0\0")) exif ??= body.subarray(6);
    if (code === 0xe1 && begins(body, xmpName)) xmp ??= body.subarray(xmpName.length);
    if (code === DRI && ((body[0] ?? 0) << 8) + (body[1] ?? 0) > 0) hasRestarts = true;
    if (isFrame(code)) {
      if (frame || !kept.includes(code)) return null;
      frame = readFrame(code, body, bytes.length, true);
      isProgressive = code === progressive;
    }
    if (code === SOS) {
      if (!frame) return null;
      at = endOfBits(bytes, at);
      ends.push(at);
    }
    if (kept.includes(code)) parts.push(bytes.subarray(start - 2, at));
  }
  const sampling = frame && samplingOf(frame);
  const isWhole = isProgressive ? ends.length <= mostScans : ends.length === 1;
  if (!frame || !sampling || ends.length === 0 || !isWhole) return null;
  return {
    type: "image/jpeg",
    width: frame.width,
    height: frame.height,
    orientation: (exif && exifOrientation(exif)) ?? (xmp && xmpOrientation(xmp)) ?? 1,
    properties: [
      `JPEG ${sampling}`,
      ...(isProgressive ? ["JPEG progressive"] : []),
      ...(hasRestarts ? ["JPEG with restart markers"] : []),
    ],
    parts: [...parts, end],
    check: () => isUsual(readJpeg(bytes, { checksOnly: true }), ends),
  };
}

const isAlone = (code: number): boolean => (code >= 0xd0 && code <= 0xd7) || code === 1;
const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc;
const xmpName = "http://ns.adobe.com/xap/1.0/\0";
const begins = (body: Uint8Array, text: string): boolean =>
  [...text].every((letter, i) => body[i] === letter.charCodeAt(0));

/** Behind a scan's bits, restart markers included: at the next marker or the end. */
function endOfBits(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1];
    if (code === undefined || !(code === 0 || (code >= 0xd0 && code <= 0xd7))) return at;
  }
  return bytes.length;
}

/** How the colours are sampled, for the usual ways. */
function samplingOf({ components }: Frame): string | null {
  const [luma, ...chroma] = components.map(({ h, v }) => `${h}x${v}`);
  if (chroma.length === 0) return luma === "1x1" ? "gray" : null;
  if (chroma.length !== 2 || chroma.some((one) => one !== "1x1")) return null;
  return { "1x1": "4:4:4", "2x1": "4:2:2", "2x2": "4:2:0" }[luma!] ?? null;
}

/**
 * Up to here sums of a block's coefficients fit the 16 bits that decoders for vectors compute in, in both passes of the
 * inverse transform: each pass multiplies by 1.39 at most, and the first keeps two bits behind the point.
 */
const mostInBlock = Math.floor(32_767 / 4 / 1.39);
/** Bytes that our decoder has not taken in at the end of a scan, as it reads them in pairs. */
const mostUnread = 2;

/** Whether a whole file is one that decoders of libjpeg's kind give the same levels for. */
function isUsual({ frame, colours, scans, restartsInOrder, found }: JpegFile, ends: readonly number[]): boolean {
  const { components, progressive } = frame;
  const endsThere = scans.every(({ end: read }, i) => read <= ends[i]! && ends[i]! - read <= mostUnread);
  const isWhole = progressive ? isComplete(frame, scans) : scans[0]!.parts.length === components.length;
  return (
    scans.length === ends.length &&
    endsThere &&
    isWhole &&
    restartsInOrder &&
    !found.isBeyond &&
    colours === (components.length === 1 ? "gray" : "ycc") &&
    new Set(components.map(({ id }) => id)).size === components.length &&
    components.every(({ quantization }) => quantization !== undefined) &&
    (progressive ? largestSum(frame) : found.largest) <= mostInBlock
  );
}

/** Whether the scans of a progressive file bring every bit of every coefficient, in order: what is missing, decoders guess. */
function isComplete({ components }: Frame, scans: readonly Scan[]): boolean {
  const bits = new Map(components.map((component) => [component, new Int8Array(64).fill(unknown)]));
  for (const { parts, spectralStart, spectralEnd, high, low } of scans) {
    if (spectralStart === 0 && spectralEnd > 0) return false;
    for (const { component } of parts)
      for (let k = spectralStart; k <= spectralEnd; k++) {
        const known = bits.get(component)![k];
        if (high === 0 ? known !== unknown : known !== high || low !== high - 1) return false;
        bits.get(component)![k] = low;
      }
  }
  return [...bits.values()].every((known) => known.every((low) => low === 0));
}

const unknown = -1;

/** As `Found` has it of a baseline file. */
function largestSum({ components }: Frame): number {
  let largest = 0;
  for (const { coefficients, quantization } of components)
    for (let at = 0; at < coefficients.length; at += 64) {
      let sum = 0;
      for (let i = 0; i < 64; i++) sum += Math.abs(coefficients[at + i]! * quantization![i]!);
      if (sum > largest) largest = sum;
    }
  return largest;
}
