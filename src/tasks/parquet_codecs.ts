import { unpackBrotli } from "./brotli.ts";
import { gunzip } from "./gunzip.ts";
import { unpackLz4, unpackLz4Raw } from "./lz4.ts";
import { unpackZstd } from "./zstd.ts";

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
