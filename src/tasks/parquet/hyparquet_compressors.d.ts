/** Parts of hyparquet-compressors that it does not describe. */
declare module "hyparquet-compressors/src/brotli.context.js" {
  /** Two parts of a literal's context by the last byte and the one before it, for each of four modes. */
  export const lookup: Uint8Array;
  export const lookupOffsets: Uint16Array;
}
declare module "hyparquet-compressors/src/brotli.transform.js" {
  export const kNumTransforms: number;
  /** Writes a word of brotli's dictionary to `out` from `at` on. Returns how many bytes. */
  export function transformDictionaryWord(
    out: Uint8Array,
    at: number,
    wordStart: number,
    wordLength: number,
    transform: number,
  ): number;
}
