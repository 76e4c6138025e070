import { BrotliBitReader } from "hyparquet-compressors/src/brotli.bitreader.js";
import { decompressBrotli } from "hyparquet-compressors/src/brotli.js";
import { BrotliOutput } from "hyparquet-compressors/src/brotli.streams.js";

/**
 * The decoder at hand believes what its data says of itself: it reads zeros behind the end for ever, puts a larger buffer
 * in the place of the one that it was given whenever more is announced, and inserts as many literals as a command says.
 * Its parts are replaced by ones that keep an account, which only one call at a time needs: it does not wait for anything.
 */
const account = { steps: 0, written: 0 };

const { readMoreInput, fillBitWindow } = BrotliBitReader.prototype;
Object.assign(BrotliBitReader.prototype, {
  /** Called for every literal, command, distance and symbol of a code's description. */
  readMoreInput(this: BrotliBitReader): void {
    if (--account.steps < 0) throw new Error("packed data takes more steps than data of its size may");
    readMoreInput.call(this);
  },
  fillBitWindow(this: BrotliBitReader): void {
    if (this.bit_pos_ > this.bit_end_pos_) throw new Error("packed data ends too early");
    fillBitWindow.call(this);
  },
});

const { write } = BrotliOutput.prototype;
const buffers = new WeakMap<BrotliOutput, Uint8Array>();
BrotliOutput.prototype.write = function (bytes, count) {
  account.written += count;
  return write.call(this, bytes, count);
};
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

/**
 * Unpacks brotli (RFC 7932) into a known number of bytes and not one more.
 * @throws Error where the data is damaged or unpacks to another length
 */
export function unpackBrotli(input: Uint8Array, length: number): Uint8Array {
  account.steps = 100_000 + 4 * length + 100 * input.length;
  account.written = 0;
  let out: Uint8Array;
  try {
    out = decompressBrotli(input, length);
  } catch (error) {
    const { message } = error as Error;
    throw message.startsWith("packed data ")
      ? error
      : new Error(`packed data is damaged (${message})`, { cause: error });
  }
  if (account.written !== length)
    throw new Error(`packed data holds ${account.written} bytes where ${length} are promised`);
  return out;
}
