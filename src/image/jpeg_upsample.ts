/** One colour's samples, (height, width). */
export interface Plane {
  width: number;
  height: number;
  samples: Uint8Array;
}

/** One row of the picture, `width` levels; valid until the next is asked for. */
export type RowOf = (y: number) => Uint8Array;

/**
 * Upsamples a plane that was sampled `across` x `down` times more coarsely to the picture's width, row by row, as
 * libjpeg-turbo does: twice across, twice down and both by a triangle filter (three quarters of the near sample, one
 * of the next), everything else by repeating.
 */
export function upsampled(plane: Plane, across: number, down: number, width: number): RowOf {
  if (across === 1 && down === 1) return (y) => plane.samples.subarray(y * plane.width, y * plane.width + width);
  const out = new Uint8Array(width);
  if (across === 1 && down === 2) return triangleDown(plane, out);
  // The filters across need a neighbour on both sides.
  if (across === 2 && down === 1 && plane.width > 2) return triangleAcross(plane, out);
  if (across === 2 && down === 2 && plane.width > 2) return triangleBoth(plane, out);
  return repeat(plane, across, down, out);
}

function repeat({ width: W, samples }: Plane, across: number, down: number, out: Uint8Array): RowOf {
  return (y) => {
    const row = Math.floor(y / down) * W;
    for (let x = 0; x < out.length; x++) out[x] = samples[row + Math.floor(x / across)]!;
    return out;
  };
}

/** The row beyond the near one: above for even rows, below for odd rows; at the picture's edge the near one again. */
const neighbourRow = (y: number, rows: number) => Math.min(Math.max((y >> 1) + (y & 1 ? 1 : -1), 0), rows - 1);

function triangleDown({ width: W, height: H, samples }: Plane, out: Uint8Array): RowOf {
  return (y) => {
    const near = (y >> 1) * W;
    const next = neighbourRow(y, H) * W;
    const bias = y & 1 ? 2 : 1;
    for (let x = 0; x < out.length; x++) out[x] = (3 * samples[near + x]! + samples[next + x]! + bias) >> 2;
    return out;
  };
}

function triangleAcross({ width: W, samples }: Plane, out: Uint8Array): RowOf {
  return (y) => {
    const row = y * W;
    for (let x = 0; x < out.length; x++) {
      const at = x >> 1;
      const near = samples[row + at]!;
      if (x & 1) out[x] = at === W - 1 ? near : (3 * near + samples[row + at + 1]! + 2) >> 2;
      else out[x] = at === 0 ? near : (3 * near + samples[row + at - 1]! + 1) >> 2;
    }
    return out;
  };
}

function triangleBoth({ width: W, height: H, samples }: Plane, out: Uint8Array): RowOf {
  const sums = new Int32Array(W);
  return (y) => {
    const near = (y >> 1) * W;
    const next = neighbourRow(y, H) * W;
    for (let x = 0; x < W; x++) sums[x] = 3 * samples[near + x]! + samples[next + x]!;
    out[0] = (sums[0]! * 4 + 8) >> 4;
    for (let x = 1, at = 0; x < out.length; at++) {
      // Between two samples: an odd place nearer to the first, an even one nearer to the second.
      const sum = sums[at]!;
      const after = sums[at + 1]!;
      if (at === W - 1) {
        out[x] = (sum * 4 + 7) >> 4;
        break;
      }
      out[x++] = (sum * 3 + after + 7) >> 4;
      if (x < out.length) out[x++] = (after * 3 + sum + 8) >> 4;
    }
    return out;
  };
}
