import { describe, expect, test } from "vitest";
import { fromHalf, toHalf } from "../../src/model/half.ts";

describe("to half", () => {
  test.each([
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [0.1, 0x2e66],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e30, 0xfc00],
    [-Infinity, 0xfc00],
    [NaN, 0x7e00],
    // Ties go to the even neighbour: 2048 has steps of 2 above it.
    [2049, 0x6800],
    [2051, 0x6802],
    [2051.001, 0x6802],
    [2048.999, 0x6800],
    // A carry into the exponent.
    [2047.75, 0x6800],
    // Subnormal: steps of 2^-24.
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -25 * 1.0001, 1],
    [3 * 2 ** -25, 2],
    [1023.5 * 2 ** -24, 0x400],
    [1e-300, 0],
  ])("%f", (value, half) => {
    expect(toHalf(value).toString(16)).toBe(half.toString(16));
  });

  test("rounds once: by way of f32 this number would be a tie", () => {
    const value = 2049 + 2 ** -20;
    expect(Math.fround(value)).toBe(2049);
    expect(toHalf(value)).toBe(0x6801);
  });
});

test("every half is itself again, and what lies between two is the nearer one", () => {
  for (let half = 0; half < 0x7c00; half++) {
    const value = fromHalf(half);
    const next = half < 0x7bff ? fromHalf(half + 1) : 65536;
    const middle = (value + next) / 2;
    const found = [
      toHalf(value),
      toHalf(middle - (next - value) / 64),
      toHalf(middle),
      toHalf(middle + (next - value) / 64),
    ];
    if (found.join() !== [half, half, half + (half & 1), half + 1].join() || toHalf(-value) !== (half | 0x8000))
      expect([half, ...found]).toEqual([half, half, half, half + (half & 1), half + 1]);
  }
  expect(fromHalf(0x7c00)).toBe(Infinity);
  expect(fromHalf(0x7e00)).toBeNaN();
});
