/** Ranges of all files together; the file read longest ago is dropped first. */
const mostBytes = 64 * 2 ** 20;

interface CachedRange {
  startByte: number;
  bytes: Uint8Array;
}

/** The last range fetched of each file, for the reads that come next. It makes no requests. */
export class RangeCache {
  /** By address, in the order of use. */
  readonly #ranges = new Map<string, CachedRange>();
  /** Where the last read of a file ended. */
  readonly #readTo = new Map<string, number>();

  /** Notes a read of [startByte, endByte). Returns whether it goes on where the last one of that file ended. */
  isSequential(address: string, startByte: number, endByte: number): boolean {
    const isNext = startByte > 0 && startByte === this.#readTo.get(address);
    this.#readTo.set(address, endByte);
    return isNext;
  }

  /** The cached bytes from `startByte` on, at most up to `endByte`; empty where that byte is not cached. Not a copy. */
  bytesFrom(address: string, startByte: number, endByte: number): Uint8Array {
    const range = this.#ranges.get(address);
    if (!range) return new Uint8Array();
    this.#ranges.delete(address);
    this.#ranges.set(address, range);
    const at = startByte - range.startByte;
    return at < 0 ? new Uint8Array() : range.bytes.subarray(at, endByte - range.startByte);
  }

  /** Takes the place of what was cached of that file. */
  put(address: string, startByte: number, bytes: Uint8Array): void {
    this.#ranges.delete(address);
    this.#ranges.set(address, { startByte, bytes });
    let sum = 0;
    for (const range of this.#ranges.values()) sum += range.bytes.length;
    for (const [other, range] of this.#ranges) {
      if (sum <= mostBytes) break;
      sum -= range.bytes.length;
      this.#ranges.delete(other);
    }
  }
}
