/** One colour's samples, (height, width). */
interface Plane {
  width: number;
  height: number;
  samples: Uint8Array;
}

/**
 * Stretches a plane that was sampled `across` x `down` times more coarsely to the picture's size, as libjpeg-turbo
 * does: twice across, twice down and both by a triangle filter (three quarters of the near sample, one of the next),
 * everything else by repeating.
 */
export function upsample(plane: Plane, across: number, down: number, width: number, height: number): Uint8Array {
  if (across === 1 && down === 1) return plane.samples;
  if (across === 1 && down === 2) return triangleDown(plane, width, height);
  // The filters across need a neighbour on both sides.
  if (across === 2 && down === 1 && plane.width > 2) return triangleAcross(plane, width, height);
  if (across === 2 && down === 2 && plane.width > 2) return triangleBoth(plane, width, height);
  return repeat(plane, across, down, width, height);
}

function repeat({ width: W, samples }: Plane, across: number, down: number, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.floor(y / down) * W;
    for (let x = 0; x < width; x++) out[to++] = samples[row + Math.floor(x / across)]!;
  }
  return out;
}

/** The row beyond the near one: above for even rows, below for odd ones; at the picture's edge the near one again. */
const neighbourRow = (y: number, rows: number) => Math.min(Math.max((y >> 1) + (y & 1 ? 1 : -1), 0), rows - 1);

function triangleDown({ width: W, height: H, samples }: Plane, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const near = (y >> 1) * W;
    const next = neighbourRow(y, H) * W;
    const bias = y & 1 ? 2 : 1;
    for (let x = 0; x < width; x++) out[to++] = (3 * samples[near + x]! + samples[next + x]! + bias) >> 2;
  }
  return out;
}

function triangleAcross({ width: W, samples }: Plane, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * W;
    for (let x = 0; x < width; x++) {
      const at = x >> 1;
      const near = samples[row + at]!;
      if (x & 1) out[to++] = at === W - 1 ? near : (3 * near + samples[row + at + 1]! + 2) >> 2;
      else out[to++] = at === 0 ? near : (3 * near + samples[row + at - 1]! + 1) >> 2;
    }
  }
  return out;
}

function triangleBoth({ width: W, height: H, samples }: Plane, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const sums = new Int32Array(W);
  for (let y = 0, to = 0; y < height; y++) {
    const near = (y >> 1) * W;
    const next = neighbourRow(y, H) * W;
    for (let x = 0; x < W; x++) sums[x] = 3 * samples[near + x]! + samples[next + x]!;
    for (let x = 0; x < width; x++) {
      const at = x >> 1;
      const sum = sums[at]!;
      if (x & 1) out[to++] = at === W - 1 ? (sum * 4 + 7) >> 4 : (sum * 3 + sums[at + 1]! + 7) >> 4;
      else out[to++] = at === 0 ? (sum * 4 + 8) >> 4 : (sum * 3 + sums[at - 1]! + 8) >> 4;
    }
  }
  return out;
}
