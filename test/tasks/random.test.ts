import { describe, expect, it } from "vitest";
import { type Counter, type Key, philox, Random } from "../../src/tasks/random.ts";

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const samples = (count: number, sample: () => number) => Array.from({ length: count }, sample);

describe("philox", () => {
  // Known answers of the Random123 distribution.
  it.each<[Counter, Key, string]>([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ])("%j, %j", (counter, key, expected) => {
    expect(
      philox(counter, key)
        .map((word) => word.toString(16).padStart(8, "0"))
        .join(" "),
    ).toBe(expected);
  });
});

describe("Random", () => {
  it("advances the counter", () => {
    const random = new Random(7, [3, 10, 11, 12]);
    const words = samples(8, () => random.word());
    expect(words).toEqual([...philox([0, 10, 11, 12], [7, 3]), ...philox([1, 10, 11, 12], [7, 3])]);
  });

  it("differs where the seed or any stream number differs", () => {
    const first = [
      new Random(0, [1]),
      new Random(1, [1]),
      new Random(0, [2]),
      new Random(0, [1, 1]),
      new Random(0, [1, 0, 1]),
      new Random(0, [1, 0, 0, 1]),
    ].map((random) => random.word());
    expect(new Set(first).size).toBe(first.length);
  });

  it("is uniform", () => {
    const random = new Random(1, [9]);
    const values = samples(20000, () => random.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(mean(values.map((v) => (v - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    const scaled = samples(1000, () => random.uniform(-3, 5));
    expect(Math.min(...scaled)).toBeLessThan(-2.5);
    expect(Math.max(...scaled)).toBeGreaterThan(4.5);
  });

  it("gives every whole number below n its share", () => {
    const random = new Random(2, [9]);
    const counts = new Array<number>(6).fill(0);
    for (const value of samples(12000, () => random.below(6))) counts[value]!++;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it("is normal", () => {
    const random = new Random(3, [9]);
    const values = samples(20000, () => random.normal());
    expect(Math.abs(mean(values))).toBeLessThan(0.03);
    expect(Math.abs(mean(values.map((v) => v * v)) - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(values.map((v) => v ** 4)) - 3)).toBeLessThan(0.3);
  });

  it("shuffles: the same items, each first place equally often", () => {
    const random = new Random(4, [9]);
    const items = ["a", "b", "c", "d"];
    const firsts: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
    for (let i = 0; i < 4000; i++) {
      const out = random.shuffled(items);
      expect([...out].sort()).toEqual(items);
      firsts[out[0] ?? ""]!++;
    }
    for (const count of Object.values(firsts)) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(items).toEqual(["a", "b", "c", "d"]);
  });

  it("refuses what is no u32", () => {
    expect(() => new Random(-1, [1])).toThrow("found -1");
    expect(() => new Random(0, [1, 0.5])).toThrow("found 0.5");
  });
});
