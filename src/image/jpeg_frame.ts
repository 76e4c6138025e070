import { expectDecodable, expectSize } from "./decoded.ts";

/** One of the colours of a JPEG: its sampling, its place in memory, its coefficients. */
export interface Component {
  id: number;
  /** Samples per unit, across and down. */
  h: number;
  v: number;
  quantTable: number;
  /** Size in samples, without padding. */
  width: number;
  height: number;
  /** Blocks that hold samples; what a scan of this component alone carries. */
  blockColumns: number;
  blockRows: number;
  /** Blocks in memory: padded to whole units, the length of a row in blocks. */
  stride: number;
  /** (block rows padded, stride, 64), in natural order (row by row), not yet multiplied by the quantization table. */
  coefficients: Int16Array;
  /** In natural order: the table that stood in its slot when the component's first scan began. */
  quantization?: Uint16Array;
}

/** A SOF segment. */
export interface Frame {
  width: number;
  height: number;
  progressive: boolean;
  components: Component[];
  maxH: number;
  maxV: number;
  /** Units (MCUs) of an interleaved scan. */
  unitColumns: number;
  unitRows: number;
}

/**
 * Samples, of all colours together, that any file may ask for (16 megapixels in full colour), and how many more for each
 * of its bytes: a photograph has a byte for ten of them at most, one made to exhaust a reader for hundreds.
 */
const freeSamples = 48 * 2 ** 20;
const samplesPerByte = 60;

const names: Record<number, string> = {
  195: "lossless",
  197: "hierarchical",
  198: "hierarchical",
  199: "hierarchical",
  201: "arithmetic coding",
  202: "arithmetic coding",
  203: "lossless",
  205: "hierarchical",
  206: "hierarchical",
  207: "hierarchical",
};

/**
 * Reads a SOF segment and allocates its coefficients.
 * @param fileBytes   length of the whole file: every block costs it a bit at least, so a short file cannot claim many
 * @param sizesOnly  allocates none
 */
export function readFrame(marker: number, body: Uint8Array, fileBytes: number, sizesOnly = false): Frame {
  const kind = names[marker];
  if (kind) throw new Error(`This JPEG uses ${kind}, only baseline and progressive ones can be read; save it again`);
  const [precision, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, count = 0] = body;
  const height = (heightHigh << 8) | heightLow;
  const width = (widthHigh << 8) | widthLow;
  if (body.length < 6 + 3 * count || !count) throw new Error("This JPEG's frame header is too short; it is damaged");
  if (precision !== 8) throw new Error(`A JPEG's samples must have 8 bits, found ${precision}; save it again`);
  if (count !== 1 && count !== 3 && count !== 4)
    throw new Error(`A JPEG must have 1, 3 or 4 colours, found ${count}; save it again`);
  expectSize(width, height);

  const sampling = Array.from({ length: count }, (_, i) => {
    const [id = 0, factors = 0, quantTable = 0] = body.subarray(6 + 3 * i);
    return { id, h: factors >> 4, v: factors & 15, quantTable };
  });
  const maxH = Math.max(...sampling.map(({ h }) => h));
  const maxV = Math.max(...sampling.map(({ v }) => v));
  for (const { h, v } of sampling)
    if (h < 1 || h > 4 || v < 1 || v > 4 || maxH % h !== 0 || maxV % v !== 0)
      throw new Error(`This JPEG samples a colour ${h} x ${v} against ${maxH} x ${maxV}, which no decoder reads`);
  const unitColumns = Math.ceil(width / (8 * maxH));
  const unitRows = Math.ceil(height / (8 * maxV));
  const blocks = sampling.reduce((sum, { h, v }) => sum + unitColumns * unitRows * h * v, 0);
  // A last unit may hold blocks of padding that scans of one colour omit.
  const carried = sampling.reduce(
    (sum, { h, v }) => sum + Math.ceil((width * h) / (8 * maxH)) * Math.ceil((height * v) / (8 * maxV)),
    0,
  );
  if (Math.min(blocks, carried) > fileBytes * 8)
    throw new Error(
      `This JPEG says that it is ${width} x ${height} pixels large, too many for its ${fileBytes} bytes; the file is not whole`,
    );
  if (blocks * 64 > freeSamples + samplesPerByte * fileBytes)
    throw new Error(
      `This JPEG says that it is ${width} x ${height} pixels large, more than is decoded of a file of ${fileBytes} bytes; shrink it first`,
    );
  // Coefficients of all colours and the largest one's samples; then all samples and the picture.
  const samples = sampling.reduce((sum, { h, v }) => sum + (h * v) / (maxH * maxV), 0) * width * height;
  expectDecodable(width, height, Math.max(blocks * 128 + samples, samples + 3 * width * height));
  const components = sampling.map(({ id, h, v, quantTable }) => {
    const samples = { width: Math.ceil((width * h) / maxH), height: Math.ceil((height * v) / maxV) };
    const stride = unitColumns * h;
    return {
      id,
      h,
      v,
      quantTable,
      ...samples,
      blockColumns: Math.ceil(samples.width / 8),
      blockRows: Math.ceil(samples.height / 8),
      stride,
      coefficients: new Int16Array(sizesOnly ? 0 : stride * unitRows * v * 64),
    };
  });
  return { width, height, progressive: marker === 0xc2, components, maxH, maxV, unitColumns, unitRows };
}

/** Index, row by row, of the k-th coefficient of the zigzag. */
export const zigzag = new Uint8Array([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);
