/** Parts of hyparquet-compressors that it does not describe. */
declare module "hyparquet-compressors/src/brotli.js" {
  export function decompressBrotli(input: Uint8Array, outputLength: number): Uint8Array;
}
declare module "hyparquet-compressors/src/brotli.bitreader.js" {
  export class BrotliBitReader {
    /** Bits that are read, and bits that are there, since the same place. */
    bit_pos_: number;
    bit_end_pos_: number;
    readMoreInput(): void;
    fillBitWindow(): void;
  }
}
declare module "hyparquet-compressors/src/brotli.streams.js" {
  export class BrotliOutput {
    buffer: Uint8Array;
    pos: number;
    write(bytes: Uint8Array, count: number): number;
  }
}
