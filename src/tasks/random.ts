export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

/** The upper 32 bits of a 64-bit product of two u32. All partial products stay below 2^32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return aHigh * bHigh + (middle >>> 16) + ((aLow * bHigh + (middle & 0xffff)) >>> 16);
}

/**
 * Philox4x32-10: 128 random bits that depend on counter and key alone, so that any of them can be made again without
 * those before it. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * All words are u32.
 */
export function philox(counter: Counter, key: Key): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, 0xd2511f53);
    const high1 = multiplyHigh(c2, 0xcd9e8d57);
    const low0 = Math.imul(c0, 0xd2511f53);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Names one stream of random numbers: first what it is for, then up to three numbers that count what it is for. */
export type Stream = readonly [purpose: number, a?: number, b?: number, c?: number];

/** Random numbers of one stream. Two streams that differ in seed or in any of their numbers share no number. */
export class Random {
  readonly #key: Key;
  readonly #stream: readonly [number, number, number];
  #block = 0;
  #words: readonly number[] = [];
  #used = 4;

  /** @param seed, stream u32 each */
  constructor(seed: number, stream: Stream) {
    const [purpose, a = 0, b = 0, c = 0] = stream;
    for (const word of [seed, purpose, a, b, c])
      if (!Number.isInteger(word) || word < 0 || word > 0xffffffff)
        throw new Error(`A seed or stream number must be a whole number from 0 to 4294967295, found ${word}`);
    this.#key = [seed, purpose];
    this.#stream = [a, b, c];
  }

  /** 32 random bits */
  word(): number {
    if (this.#used === 4) {
      this.#words = philox([this.#block++, ...this.#stream], this.#key);
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** In [low, high), in steps of 2^-32 of the interval. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.word() / 0x1_0000_0000);
  }

  /** A whole number from 0 to n - 1; n must be far below 2^32 for the shares to be equal. */
  below(n: number): number {
    return Math.floor((this.word() * n) / 0x1_0000_0000);
  }

  /** Mean 0, deviation 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The same items in random order (Fisher and Yates), as a new list. */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      // Both lie inside: 0 <= j <= i < length.
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}
