import { unpackBrotli } from "../compression/brotli.ts";
import { gunzip } from "../compression/gunzip.ts";
import { unpackLz4, unpackLz4Raw } from "../compression/lz4.ts";
import { unpackZstd } from "../compression/zstd.ts";

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array;

/**
 * The codecs beside snappy, loaded only for a file that needs one. Each writes as many bytes as the page's header said
 * and stops where there would be more; damage is an error that says so.
 */
export const codecs: Record<"GZIP" | "ZSTD" | "BROTLI" | "LZ4" | "LZ4_RAW", Decompress> = {
  GZIP: gunzip,
  ZSTD: unpackZstd,
  BROTLI: unpackBrotli,
  LZ4: unpackLz4,
  LZ4_RAW: unpackLz4Raw,
};
