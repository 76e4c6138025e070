import { expect, test } from "vitest";

test("numbers are equal where all of them are, as without the suite's own comparison", () => {
  const some = new Float32Array([1, Number.NaN, -0]);
  expect(some).toEqual(new Float32Array([1, Number.NaN, -0]));
  for (const other of [
    [1, Number.NaN, 0],
    [1, 2, -0],
    [1, Number.NaN],
    [1, Number.NaN, -0, 1],
  ]) {
    expect(some).not.toEqual(new Float32Array(other));
    expect([...some]).not.toEqual(other);
  }
  expect(some).not.toEqual(new Float64Array([1, Number.NaN, -0]));
  expect(new Uint8Array([1, 2])).toEqual(new Uint8Array([0, 1, 2]).subarray(1));
  expect([1, 2, "3"]).toEqual([1, expect.any(Number), "3"]);
  expect([1, undefined]).not.toEqual([1, 2]);
  expect(new Map([["w", some]])).not.toEqual(new Map([["w", some.map(() => 1)]]));
  const [first, last] = [new Float32Array(400_000), new Float32Array(400_000)];
  expect(first).toEqual(last);
  last[399_999] = 1;
  expect(first).not.toEqual(last);
});
