import { fromHalf } from "../../model/half.ts";
import { type Constant, constantBytes, elementBytes, type WeightUse } from "../graph/graph.ts";
import { quantBlock } from "../graph/precision.ts";
import { halvesOf } from "../graph/tables.ts";

/** A weight of a graph, and the matrices that it is made of. */
export type WeightConstant = Constant & { content: WeightUse };

/** Where a model's numbers are read from (src/model/folder_weights.ts). */
export interface WeightSource {
  /** Rows and columns of a weight as a matrix; a vector has one column. */
  sides(name: string): { rows: number; columns: number };
  /** Rows [first, end) of a weight, which are asked for in order. */
  rows(name: string, first: number, end: number): Promise<Float32Array>;
}

/** Numbers that are in memory at once. */
const pieceLength = 4 * 2 ** 20;
/** The same of a transposed matrix, which is read once for each such part of it: once, unless it is a head. */
const panelLength = 64 * 2 ** 20;
/** Sides of what is transposed at once: lines of the processor's cache are used whole. */
const tile = 32;

/**
 * The bytes of a weight in its graph, in pieces.
 * @throws Error naming the weight and row of a number that is not finite, or too large for the type
 */
export async function* weightBytes(source: WeightSource, constant: WeightConstant): AsyncGenerator<Uint8Array> {
  const { form, parameters } = constant.content;
  let sizeBytes = 0;
  const pieces =
    form === "columns" ? transposed(source, parameters) : form === "rows" ? rowPieces(source, parameters) : null;
  if (pieces)
    for await (const { values, at } of pieces) {
      const bytes = packed(values, constant, at);
      sizeBytes += bytes.length;
      yield bytes;
    }
  else
    for await (const { values, columns, at } of rowPieces(source, parameters)) {
      const { quants, scales } = quantized(values, columns);
      const bytes = form === "quants" ? quants : packed(scales, constant, at);
      sizeBytes += bytes.length;
      yield bytes;
    }
  if (sizeBytes !== constantBytes(constant))
    throw new RangeError(`${constant.name} has ${sizeBytes} bytes, its graph expects ${constantBytes(constant)}`);
}

interface Piece {
  values: Float32Array;
  columns: number;
  /** How errors name where it was read. */
  at: string;
}

/** Whole rows of weights one after another. */
async function* rowPieces(source: WeightSource, parameters: readonly string[]): AsyncGenerator<Piece> {
  for (const name of parameters) {
    const { rows, columns } = source.sides(name);
    const step = Math.max(1, Math.floor(pieceLength / columns));
    for (let first = 0; first < rows; first += step) {
      const values = await source.rows(name, first, Math.min(first + step, rows));
      expectFinite(values, { name, columns, first });
      yield { values, columns, at: name };
    }
  }
}

function expectFinite(
  values: Float32Array,
  { name, columns, first }: { name: string; columns: number; first: number },
): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new Error(
        `${name}, row ${first + Math.floor(i / columns)}: found ${values[i]}, and a graph of it would answer nothing; go back to a checkpoint from before the weights went wrong`,
      );
}

/** The transpose of matrices one below another: (I, O), row after row of it. */
async function* transposed(source: WeightSource, parameters: readonly string[]): AsyncGenerator<Piece> {
  const sides = parameters.map((name) => source.sides(name));
  const O = sides.reduce((sum, { rows }) => sum + rows, 0);
  const I = sides[0]?.columns ?? 0;
  const step = Math.max(1, Math.floor(panelLength / O));
  for (let first = 0; first < I; first += step) {
    const count = Math.min(step, I - first);
    const panel = new Float32Array(count * O);
    let row = 0;
    for await (const { values } of rowPieces(source, parameters)) {
      const rows = values.length / I;
      for (let r0 = 0; r0 < rows; r0 += tile)
        for (let c0 = 0; c0 < count; c0 += tile) {
          const [r1, c1] = [Math.min(r0 + tile, rows), Math.min(c0 + tile, count)];
          for (let c = c0; c < c1; c++) {
            const to = c * O + row;
            for (let r = r0; r < r1; r++) panel[to + r] = values[r * I + first + c]!;
          }
        }
      row += rows;
    }
    yield { values: panel, columns: O, at: parameters.join(", ") };
  }
}

/** Blocks of a row with a scale each: number = (quant - 128) · scale, and 128 stands behind the end of a row. */
export function quantized(values: Float32Array, columns: number): { quants: Uint8Array; scales: Float32Array } {
  const rows = values.length / columns;
  const blocks = Math.ceil(columns / quantBlock);
  const quants = new Uint8Array(rows * blocks * quantBlock).fill(128);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++)
    for (let block = 0; block < blocks; block++) {
      const from = row * columns + block * quantBlock;
      const end = Math.min(from + quantBlock, (row + 1) * columns);
      let largest = 0;
      for (let i = from; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
      const scale = Math.fround(largest / 127);
      scales[row * blocks + block] = scale;
      if (scale === 0) continue;
      const to = (row * blocks + block) * quantBlock - from;
      for (let i = from; i < end; i++) quants[to + i] = 128 + Math.round(values[i]! / scale);
    }
  return { quants, scales };
}

function packed(values: Float32Array, { type }: Pick<Constant, "type">, at: string): Uint8Array {
  if (type === "float32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type !== "float16" || elementBytes[type] !== 2) throw new TypeError(`${at}: ${type} is not a type of weights`);
  const bits = halvesOf(values);
  for (let i = 0; i < bits.length; i++)
    if ((bits[i]! & 0x7fff) === 0x7c00)
      throw new Error(
        `${at}: found ${values[i]}, which is too large for fp16 (${fromHalf(0x7bff)} at most); export it without fp16`,
      );
  return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
}
