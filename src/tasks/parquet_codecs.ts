import { decompressBrotli, decompressZstd } from "hyparquet-compressors";
import { BrotliOutput } from "hyparquet-compressors/src/brotli.streams.js";
import { gunzip } from "./gunzip.ts";
import { unpackLz4, unpackLz4Raw } from "./lz4.ts";

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array;

/**
 * The codecs beside snappy, which hyparquet has itself. Loaded only for a file that needs one. Each writes as many bytes
 * as the page's header said and stops where there would be more.
 */
export const codecs: Record<"GZIP" | "ZSTD" | "BROTLI" | "LZ4" | "LZ4_RAW", Decompress> = {
  GZIP: gunzip,
  // Given its room, it writes no more.
  ZSTD: (input, outputLength) => decompressZstd(input, new Uint8Array(outputLength)),
  BROTLI: decompressBrotli,
  LZ4: unpackLz4,
  LZ4_RAW: unpackLz4Raw,
};

/**
 * The brotli decoder puts a larger buffer in the place of the one that was asked for whenever its data announces more,
 * again and again: a few kilobytes would fill the memory. The buffer that stands first is made the last.
 */
const buffers = new WeakMap<BrotliOutput, Uint8Array>();
Object.defineProperty(BrotliOutput.prototype, "buffer", {
  get(this: BrotliOutput) {
    return buffers.get(this);
  },
  set(this: BrotliOutput, buffer: Uint8Array) {
    const first = buffers.get(this);
    if (first) throw new Error(`packed data holds more than the ${first.length} bytes that are promised`);
    buffers.set(this, buffer);
  },
});
