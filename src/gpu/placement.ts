/** What a buffer is needed for: so many bytes from one dispatch to another, both inclusive. */
export interface Lifetime {
  bytes: number;
  first: number;
  last: number;
}

/** Which buffers serve which lifetimes. */
export interface Placement {
  /** Bytes of each buffer, falling. */
  sizes: number[];
  /** For each lifetime, the index of its buffer. */
  of: number[];
}

/**
 * Few and small buffers in which lifetimes that do not overlap take turns: the largest first, each in the smallest
 * buffer that is free for it ("greedy by size" of Pisarchyk and Lee, arXiv 2001.03288).
 */
export function place(lifetimes: readonly Lifetime[]): Placement {
  const order = lifetimes
    .map((_, i) => i)
    .sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || lifetimes[a]!.first - lifetimes[b]!.first);
  const sizes: number[] = [];
  const taken: Lifetime[][] = [];
  const of = new Array<number>(lifetimes.length).fill(-1);
  for (const i of order) {
    const life = lifetimes[i]!;
    let at = sizes.length - 1;
    while (at >= 0 && taken[at]!.some((other) => other.first <= life.last && life.first <= other.last)) at--;
    if (at < 0) {
      at = sizes.length;
      sizes.push(life.bytes);
      taken.push([]);
    }
    taken[at]!.push(life);
    of[i] = at;
  }
  return { sizes, of };
}

/** The most bytes that are needed at one dispatch: no placement takes less. */
export function leastBytes(lifetimes: readonly Lifetime[]): number {
  const changes = lifetimes.flatMap(({ bytes, first, last }) => [
    [first, bytes],
    [last + 1, -bytes],
  ]) as [number, number][];
  changes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [now, most] = [0, 0];
  for (const [, bytes] of changes) {
    now += bytes;
    most = Math.max(most, now);
  }
  return most;
}
