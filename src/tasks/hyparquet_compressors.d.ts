/** A part of hyparquet-compressors that it does not describe. */
declare module "hyparquet-compressors/src/brotli.streams.js" {
  export class BrotliOutput {
    buffer: Uint8Array;
    pos: number;
  }
}
