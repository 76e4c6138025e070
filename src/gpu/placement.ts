/** So many bytes are needed from one dispatch to another, both inclusive. */
export interface Lifetime {
  bytes: number;
  first: number;
  last: number;
}

/** An assignment of lifetimes to buffers. */
export interface Placement {
  /** Bytes of each buffer, descending. */
  sizes: number[];
  /** For each lifetime, the index of its buffer. */
  of: number[];
}

/**
 * Assigns lifetimes to few and small buffers so that those in one buffer do not overlap: the largest first, each into the
 * smallest buffer that is free for it ("greedy by size" of Pisarchyk and Lee, arXiv 2001.03288).
 */
export function place(lifetimes: readonly Lifetime[]): Placement {
  const order = [...lifetimes.entries()].sort(([, a], [, b]) => b.bytes - a.bytes || a.first - b.first);
  const buffers: { bytes: number; lives: Lifetime[] }[] = [];
  const of = new Array<number>(lifetimes.length).fill(-1);
  for (const [i, life] of order) {
    // Buffers were added in descending size, so the last free one is the smallest.
    let at = buffers.findLastIndex(({ lives }) =>
      lives.every((other) => other.last < life.first || life.last < other.first),
    );
    if (at < 0) at = buffers.push({ bytes: life.bytes, lives: [] }) - 1;
    buffers[at]?.lives.push(life);
    of[i] = at;
  }
  return { sizes: buffers.map(({ bytes }) => bytes), of };
}
