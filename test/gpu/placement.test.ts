import { expect, test } from "vitest";
import { type Lifetime, place } from "../../src/gpu/placement.ts";
import { Random } from "../../src/tasks/random.ts";

/** The most bytes that are live at one dispatch: a lower bound for any placement. */
function leastBytes(lifetimes: readonly Lifetime[]): number {
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

test("lifetimes that do not overlap share a buffer, those that do never", () => {
  const chain = Array.from({ length: 6 }, (_, i): Lifetime => ({ bytes: 8, first: i, last: i + 1 }));
  const { sizes, of } = place(chain);
  expect(sizes).toEqual([8, 8]);
  expect(of).toEqual([0, 1, 0, 1, 0, 1].map((slot) => (of[0] === 0 ? slot : 1 - slot)));

  const random = new Random(3, [1]);
  const lives = Array.from({ length: 300 }, (): Lifetime => {
    const first = Math.floor(random.uniform() * 100);
    return { bytes: 1 + Math.floor(random.uniform() * 50), first, last: first + Math.floor(random.uniform() * 9) };
  });
  const placed = place(lives);
  lives.forEach((a, i) => {
    expect(placed.sizes[placed.of[i]!]).toBeGreaterThanOrEqual(a.bytes);
    for (const [j, b] of lives.entries())
      if (i < j && placed.of[i] === placed.of[j]) expect(a.last < b.first || b.last < a.first).toBe(true);
  });
  const total = placed.sizes.reduce((a, b) => a + b, 0);
  expect(total).toBeGreaterThanOrEqual(leastBytes(lives));
  expect(total).toBeLessThan(1.3 * leastBytes(lives));
});

test("a small one goes into the smallest buffer that is free for it", () => {
  const { sizes, of } = place([
    { bytes: 100, first: 0, last: 3 },
    { bytes: 10, first: 0, last: 1 },
    { bytes: 9, first: 2, last: 3 },
    { bytes: 9, first: 4, last: 5 },
  ]);
  expect(sizes).toEqual([100, 10]);
  expect(of).toEqual([0, 1, 1, 1]);
});

test("the least is the most that is needed at once", () => {
  expect(leastBytes([])).toBe(0);
  expect(
    leastBytes([
      { bytes: 5, first: 0, last: 1 },
      { bytes: 7, first: 1, last: 2 },
      { bytes: 11, first: 2, last: 2 },
    ]),
  ).toBe(18);
});
