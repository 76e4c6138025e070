import {
  decompressBrotli,
  decompressGzip,
  decompressLz4,
  decompressLz4Raw,
  decompressZstd,
} from "hyparquet-compressors";

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array;

/** The codecs beside snappy, which hyparquet has itself. Loaded only for a file that needs one. */
export const codecs: Record<"GZIP" | "ZSTD" | "BROTLI" | "LZ4" | "LZ4_RAW", Decompress> = {
  GZIP: decompressGzip,
  // Given its room, it writes no more than the page's header said.
  ZSTD: (input, outputLength) => decompressZstd(input, new Uint8Array(outputLength)),
  BROTLI: decompressBrotli,
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};
