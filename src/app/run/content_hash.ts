import type { Platform } from "../../platform.ts";
import { sha256 } from "../../tasks/sha256.ts";

/** How much is read of files to identify them. */
export interface HashLimits {
  /** Files up to this are read whole, as long as all of them together stay below `allBytes`. */
  fileBytes: number;
  allBytes: number;
  /** Of others: the first and the last range, where headers and tables of contents stand... */
  endBytes: number;
  /** ...and this many ranges between them. */
  samples: number;
  sampleBytes: number;
  /** Rows of which the pictures beside the file are read. */
  rows: number;
}

/** A second of reading and hashing. */
export const localLimits: HashLimits = {
  fileBytes: 2 ** 28,
  allBytes: 2 ** 29,
  endBytes: 2 ** 20,
  samples: 64,
  sampleBytes: 2 ** 16,
  rows: 4096,
};

/** Some requests; what is read whole is kept for the run. */
export const networkLimits: HashLimits = {
  fileBytes: 8 * 2 ** 20,
  allBytes: 32 * 2 ** 20,
  endBytes: 2 ** 16,
  samples: 8,
  sampleBytes: 2 ** 16,
  rows: 16,
};

/** Bytes that are hashed at once; of larger files the hashes of such pieces are. */
const pieceBytes = 8 * 2 ** 20;

/**
 * SHA-256 of a file: of its bytes where it is of one piece, of the hashes of its pieces where it is larger, of ranges
 * of it where it is too large to be read.
 * @throws Error as the platform does
 */
export async function hashOf(
  platform: Platform,
  { path, sizeBytes }: { path: string; sizeBytes: number },
  limits: HashLimits,
  whole = sizeBytes <= limits.fileBytes,
): Promise<string> {
  const ranges = whole ? pieces(sizeBytes) : sampled(sizeBytes, limits);
  const hashes: string[] = [];
  for (const [start, end] of ranges) hashes.push(await sha256(await platform.readAsset(path, start, end)));
  // The server's mark of the content that is not read here.
  const mark = whole ? "" : ((await platform.versionOf?.(path))?.mark ?? "");
  return hashes.length === 1 && mark === ""
    ? hashes[0]!
    : sha256(new TextEncoder().encode([...hashes, mark].join(" ")));
}

function pieces(sizeBytes: number): [number, number][] {
  const count = Math.max(1, Math.ceil(sizeBytes / pieceBytes));
  return Array.from({ length: count }, (_, i) => [i * pieceBytes, Math.min((i + 1) * pieceBytes, sizeBytes)]);
}

function sampled(sizeBytes: number, { endBytes, samples, sampleBytes }: HashLimits): [number, number][] {
  const apart = (sizeBytes - 2 * endBytes) / samples;
  const between = Array.from({ length: samples }, (_, i): [number, number] => {
    const start = endBytes + Math.floor(i * apart);
    return [start, start + sampleBytes];
  });
  return [[0, endBytes], ...between, [sizeBytes - endBytes, sizeBytes]];
}
