import { exifOrientation, xmpOrientation } from "./exif.ts";
import { BitReader, type HuffmanTable, huffmanTable } from "./jpeg_bits.ts";
import type { JpegColours } from "./jpeg_colour.ts";
import { type Frame, readFrame, zigzag } from "./jpeg_frame.ts";
import { decodeScan, type Found, maxWork, type Scan, workOf } from "./jpeg_scan.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const DQT = 0xdb;
const DHT = 0xc4;
const DRI = 0xdd;
const JPG = 0xc8;
const DAC = 0xcc;
const progressiveFrame = 0xc2;

/** Tables, texts and scans: a file of nothing but tables would take a reader forever. */
const maxSegments = 20_000;

/** What has been read so far; later segments refer to earlier ones. */
interface State {
  frame?: Frame;
  /** In natural order. */
  quantization: (Uint16Array | undefined)[];
  dc: (HuffmanTable | undefined)[];
  ac: (HuffmanTable | undefined)[];
  restartInterval: number;
  isJfif: boolean;
  adobeTransform?: number;
  exif?: Uint8Array;
  xmp?: Uint8Array;
}

/** A JPEG file, unpacked up to its coefficients. */
export interface JpegFile {
  frame: Frame;
  colours: JpegColours;
  orientation: number;
  /** With where its bits end in the file. */
  scans: (Scan & { end: number })[];
  /** Whether restart markers, where there are any, have the numbers that are due. */
  restartsInOrder: boolean;
  /** Of a file that was only checked; the sum of a baseline file alone. */
  found: Found;
}

/**
 * Reads a JPEG file's segments and the bits of its scans.
 * @param checksOnly  keeps no coefficients of a baseline file, but the sums of its blocks; finds the same errors
 * @throws Error with one sentence where the file is damaged or asks for too much
 */
export function readJpeg(bytes: Uint8Array, { checksOnly = false } = {}): JpegFile {
  const state: State = { quantization: [], dc: [], ac: [], restartInterval: 0, isJfif: false };
  const scans: JpegFile["scans"] = [];
  const found: Found = { largest: 0, isBeyond: false };
  let restartsInOrder = true;
  let work = 0;
  let segments = 0;
  let isClosed = false;
  for (let at = 2; ; ) {
    const marker = nextMarker(bytes, at);
    isClosed = marker?.code === EOI;
    if (!marker || isClosed) break;
    at = marker.end;
    if (++segments > maxSegments)
      throw new Error(`This JPEG has more than ${maxSegments} segments, which no picture needs; save it again`);
    if (marker.code === SOI || (marker.code >= 0xd0 && marker.code <= 0xd7) || marker.code === 1) continue;
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const body = bytes.subarray(at + 2, at + length);
    if (length < 2 || at + length > bytes.length)
      throw new Error("This JPEG ends inside one of its headers; the file is not whole");
    at += length;
    if (marker.code === SOS) {
      const bits = new BitReader(bytes, at);
      const frame = expectFrame(state);
      const scan = readScan(state, body);
      work += workOf(frame, scan);
      if (work > maxWork)
        throw new Error(
          `This JPEG goes over its ${frame.width} x ${frame.height} pixels ${scans.length + 1} times and more, which no picture needs; save it again`,
        );
      decodeScan(frame, scan, bits, checksOnly ? found : undefined);
      at = bits.position;
      scans.push({ ...scan, end: at });
      restartsInOrder &&= bits.restartsInOrder;
    } else
      readSegment(marker.code, body, state, (code) =>
        readFrame(code, body, bytes.length, checksOnly && code !== progressiveFrame),
      );
  }
  if (scans.length === 0) throw new Error("This JPEG holds no pixels; the file is not whole");
  const frame = expectFrame(state);
  // A single scan of everything is whole without a closing marker; of several, some may be missing.
  if (!isClosed && (frame.progressive || scans.length > 1))
    throw new Error("This JPEG is not closed, so that some of its scans may be missing; the file is not whole");
  const orientation = (state.exif && exifOrientation(state.exif)) ?? (state.xmp && xmpOrientation(state.xmp)) ?? 1;
  return { frame, colours: coloursOf(frame, state), orientation, scans, restartsInOrder, found };
}

/** The next marker at or after `at`; other bytes before it are skipped. */
export function nextMarker(bytes: Uint8Array, at: number): { code: number; end: number } | null {
  for (let i = at; i + 1 < bytes.length; i++) {
    const code = bytes[i + 1]!;
    if (bytes[i] === 0xff && code !== 0 && code !== 0xff) return { code, end: i + 2 };
  }
  return null;
}

function readSegment(code: number, body: Uint8Array, state: State, frameOf: (code: number) => Frame): void {
  const begins = (text: string) => [...text].every((letter, i) => body[i] === letter.charCodeAt(0));
  if (code === DQT) readQuantization(body, state);
  else if (code === DHT) readHuffman(body, state);
  else if (code === DRI) state.restartInterval = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  else if (code >= 0xc0 && code <= 0xcf && code !== JPG && code !== DAC) {
    if (state.frame) throw new Error("This JPEG holds two pictures in one; save it again");
    state.frame = frameOf(code);
  } else if (code === 0xe0 && begins("JFIF\0")) state.isJfif = true;
  else if (code === 0xe1 && begins("Exif\0\0")) state.exif ??= body.subarray(6);
  else if (code === 0xe1 && begins("http://ns.adobe.com/xap/1.0/\0")) state.xmp ??= body.subarray(29);
  else if (code === 0xee && begins("Adobe") && body.length >= 12) state.adobeTransform = body[11];
}

function readQuantization(body: Uint8Array, state: State): void {
  for (let at = 0; at < body.length; ) {
    const [wide, slot] = [body[at]! >> 4, body[at]! & 15];
    at++;
    if (at + 64 * (wide ? 2 : 1) > body.length || slot > 3)
      throw new Error("This JPEG's quantization table is too short; the file is damaged");
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++) {
      table[zigzag[k]!] = wide ? (body[at]! << 8) | body[at + 1]! : body[at]!;
      at += wide ? 2 : 1;
    }
    state.quantization[slot] = table;
  }
}

function readHuffman(body: Uint8Array, state: State): void {
  for (let at = 0; at < body.length; ) {
    const [isAc, slot] = [body[at]! >> 4, body[at]! & 15];
    const counts = body.subarray(at + 1, at + 17);
    const size = counts.reduce((sum, count) => sum + count, 0);
    if (at + 17 + size > body.length || isAc > 1 || slot > 3 || size > 256)
      throw new Error("This JPEG's Huffman table is too short; the file is damaged");
    (isAc ? state.ac : state.dc)[slot] = huffmanTable(counts, body.subarray(at + 17, at + 17 + size));
    at += 17 + size;
  }
}

function readScan(state: State, body: Uint8Array): Scan {
  const [count = 0] = body;
  const rest = body.subarray(1 + 2 * count);
  if (count < 1 || count > 4 || rest.length < 3)
    throw new Error("This JPEG's scan header is too short; the file is damaged");
  const { components, progressive } = expectFrame(state);
  const parts = Array.from({ length: count }, (_, i) => {
    const [id, tables = 0] = body.subarray(1 + 2 * i);
    const component = components.find((known) => known.id === id);
    if (!component) throw new Error(`This JPEG has a scan of colour ${id}, which its frame lacks; it is damaged`);
    component.quantization ??= state.quantization[component.quantTable];
    return { component, dc: state.dc[tables >> 4], ac: state.ac[tables & 15] };
  });
  const [spectralStart, spectralEnd, bits] = rest as unknown as [number, number, number];
  if (progressive && (spectralStart > spectralEnd || spectralEnd > 63 || (spectralStart > 0 && count > 1)))
    throw new Error("This JPEG has a scan of coefficients that no picture has; the file is damaged");
  return {
    parts,
    spectralStart,
    spectralEnd,
    high: bits >> 4,
    low: bits & 15,
    restartInterval: state.restartInterval,
  };
}

function expectFrame(state: State): Frame {
  if (!state.frame) throw new Error("This JPEG has pixels before their size; the file is damaged");
  return state.frame;
}

/** libjpeg's guess: JFIF is YCC, Adobe's marker decides elsewhere, then the names of the colours. */
function coloursOf({ components }: Frame, { isJfif, adobeTransform }: State): JpegColours {
  if (components.length === 1) return "gray";
  if (components.length === 4) return adobeTransform === undefined || adobeTransform === 0 ? "cmyk" : "ycck";
  if (isJfif) return "ycc";
  if (adobeTransform !== undefined) return adobeTransform === 0 ? "rgb" : "ycc";
  return String.fromCharCode(...components.map(({ id }) => id)) === "RGB" ? "rgb" : "ycc";
}
