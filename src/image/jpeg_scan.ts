import type { BitReader, HuffmanTable } from "./jpeg_bits.ts";
import { type Component, type Frame, zigzag } from "./jpeg_frame.ts";

/** A SOS segment: which colours follow, with which tables, and which bits of which coefficients. */
export interface Scan {
  parts: { component: Component; dc?: HuffmanTable; ac?: HuffmanTable }[];
  spectralStart: number;
  spectralEnd: number;
  /** The lowest bit of earlier scans, 0 for a first scan; and the lowest bit of this one. */
  high: number;
  low: number;
  /** Units between restart markers, 0 for none. */
  restartInterval: number;
}

/**
 * What all scans of a file may cost: coefficients visited, where a scan of first bits counts eight a block. Long runs of
 * zeros let a few bytes visit every block of the picture; what costs bits of the file is bounded by its size.
 * A picture of 32 megapixels in full colour, with all the scans that libjpeg writes, needs a third of it.
 */
export const maxWork = 2 ** 29;

export function workOf(frame: Frame, { parts, spectralStart, spectralEnd, high }: Scan): number {
  const blocks = parts.reduce((sum, { component }) => sum + component.blockColumns * component.blockRows, 0);
  return blocks * (frame.progressive && high > 0 ? spectralEnd - spectralStart + 1 : 8);
}

type ReadBlock = (coefficients: Int16Array, at: number, part: Scan["parts"][number], index: number) => void;

/** Reads a scan's bits into the coefficients of its components; with `found`, a baseline scan's are only looked at. */
export function decodeScan(frame: Frame, scan: Scan, bits: BitReader, found?: Found): void {
  const state: State = {
    dc: new Int32Array(scan.parts.length),
    run: 0,
    found: found ?? { largest: 0, isBeyond: false },
  };
  const isChecked = found !== undefined && !frame.progressive;
  const read = isChecked ? blockChecker(bits, state) : blockReader(frame, scan, bits, state);
  let units = 0;
  const restartIfDue = () => {
    if (scan.restartInterval > 0 && units > 0 && units % scan.restartInterval === 0) {
      bits.restart();
      state.dc.fill(0);
      state.run = 0;
    }
    units++;
  };
  const [alone, ...others] = scan.parts;
  if (alone && others.length === 0) {
    const { coefficients, blockColumns, blockRows, stride } = alone.component;
    for (let row = 0; row < blockRows; row++)
      for (let column = 0; column < blockColumns; column++) {
        restartIfDue();
        read(coefficients, (row * stride + column) * 64, alone, 0);
      }
    return;
  }
  for (let unitRow = 0; unitRow < frame.unitRows; unitRow++)
    for (let unitColumn = 0; unitColumn < frame.unitColumns; unitColumn++) {
      restartIfDue();
      for (const [index, part] of scan.parts.entries()) {
        const { h, v, stride, coefficients } = part.component;
        for (let y = 0; y < v; y++)
          for (let x = 0; x < h; x++)
            read(coefficients, ((unitRow * v + y) * stride + unitColumn * h + x) * 64, part, index);
      }
    }
}

/** What scans hold that tells how far decoders agree on them. */
export interface Found {
  /** The largest sum of a block's coefficients, multiplied by the quantization table and without their signs. */
  largest: number;
  /** Whether a run of zeros goes beyond the end of its block or band, after which a coefficient follows all the same. */
  isBeyond: boolean;
}

/** Follows a baseline scan's bits as `blockReader` does, with the same errors, and adds up its coefficients. */
function blockChecker(bits: BitReader, { dc, found }: State): ReadBlock {
  return (_coefficients, _at, part, index) => {
    const { quantization } = part.component;
    const level = dc[index]! + bits.signed(bits.symbol(expectTable(part.dc)) & 15);
    dc[index] = level;
    let sum = Math.abs(level) * (quantization?.[0] ?? 0);
    const ac = expectTable(part.ac);
    for (let k = 1; k < 64; k++) {
      const symbol = bits.symbol(ac);
      const size = symbol & 15;
      if (size === 0) {
        if (symbol !== 0xf0) break;
        k += 15;
        continue;
      }
      k += symbol >> 4;
      const value = bits.signed(size);
      if (k > 63) found.isBeyond = true;
      else if (quantization) sum += Math.abs(value) * quantization[zigzag[k]!]!;
    }
    if (sum > found.largest) found.largest = sum;
  };
}

interface State {
  /** Predictions of the DC values. */
  dc: Int32Array;
  /** How many blocks more are zero in this band (a run of ends). */
  run: number;
  found: Found;
}

function blockReader(frame: Frame, scan: Scan, bits: BitReader, state: State): ReadBlock {
  const { spectralStart, spectralEnd, high, low } = scan;
  const nextDc = (part: Scan["parts"][number], index: number) => {
    const difference = bits.signed(bits.symbol(expectTable(part.dc)) & 15);
    const value = (state.dc[index] ?? 0) + difference;
    state.dc[index] = value;
    return value;
  };

  if (!frame.progressive)
    return (coefficients, at, part, index) => {
      coefficients[at] = nextDc(part, index);
      const ac = expectTable(part.ac);
      for (let k = 1; k < 64; k++) {
        const symbol = bits.symbol(ac);
        const size = symbol & 15;
        if (size === 0) {
          if (symbol !== 0xf0) return;
          k += 15;
          continue;
        }
        k += symbol >> 4;
        const value = bits.signed(size);
        if (k < 64) coefficients[at + zigzag[k]!] = value;
      }
    };

  if (spectralStart === 0)
    return high === 0
      ? (coefficients, at, part, index) => {
          coefficients[at] = nextDc(part, index) << low;
        }
      : (coefficients, at) => {
          coefficients[at] = coefficients[at]! | (bits.take(1) << low);
        };

  if (high === 0)
    return (coefficients, at, part) => {
      if (state.run > 0) {
        state.run--;
        return;
      }
      const ac = expectTable(part.ac);
      for (let k = spectralStart; k <= spectralEnd; k++) {
        const symbol = bits.symbol(ac);
        const size = symbol & 15;
        const zeros = symbol >> 4;
        if (size === 0) {
          if (zeros < 15) {
            state.run = (1 << zeros) - 1 + bits.take(zeros);
            return;
          }
          k += 15;
          continue;
        }
        k += zeros;
        const value = bits.signed(size) << low;
        if (k > spectralEnd) state.found.isBeyond = true;
        if (k < 64) coefficients[at + zigzag[k]!] = value;
      }
    };

  return refiner(scan, bits, state);
}

/** Reads one more bit for the coefficients of a block that are known, and the first one for some that were zero. */
function refiner({ spectralStart, spectralEnd, low }: Scan, bits: BitReader, state: State): ReadBlock {
  const plus = 1 << low;
  return (coefficients, at, part) => {
    const ac = expectTable(part.ac);
    let k = spectralStart;
    /** Corrects known coefficients on the way past `zeros` zeros; k is then at the zero after them, or behind the band. */
    const pass = (zeros: number) => {
      for (; k <= spectralEnd; k++) {
        const place = at + zigzag[k]!;
        const known = coefficients[place]!;
        if (known === 0) {
          if (zeros === 0) return;
          zeros--;
        } else if (bits.take(1) && (known & plus) === 0) coefficients[place] = known + (known > 0 ? plus : -plus);
      }
    };
    if (state.run === 0) {
      for (; k <= spectralEnd; k++) {
        const symbol = bits.symbol(ac);
        const zeros = symbol >> 4;
        let value = 0;
        if ((symbol & 15) !== 0) value = bits.take(1) ? plus : -plus;
        else if (zeros < 15) {
          state.run = (1 << zeros) + bits.take(zeros);
          break;
        }
        pass(zeros);
        if (k > spectralEnd) state.found.isBeyond = true;
        else if (value !== 0) coefficients[at + zigzag[k]!] = value;
      }
    }
    if (state.run > 0) {
      pass(64);
      state.run--;
    }
  };
}

function expectTable(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw new Error("This JPEG uses a Huffman table that it does not define; the file is damaged");
  return table;
}
