import { expect } from "vitest";

/**
 * `toEqual` compares arrays through the names of their elements, which takes microseconds for each: whole seconds for a model's
 * weights. Here arrays of numbers are compared number by number, with the same result.
 */

const isNumbers = (value: unknown): value is ArrayLike<unknown> & object =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

/** As `toEqual` does: a NaN equals a NaN, and 0 is not -0. Undefined where it is to be compared in the usual way. */
function equalNumbers(a: unknown, b: unknown): boolean | undefined {
  if (isNumbers(a) && isNumbers(b) && a.constructor === b.constructor) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
    return true;
  }
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length || a.length === 0) return undefined;
  for (let i = 0; i < a.length; i++) if (typeof a[i] !== "number" || !Object.is(a[i], b[i])) return undefined;
  return true;
}

const key = Symbol.for("saccade.equalNumbers");
const once = globalThis as unknown as Record<symbol, boolean | undefined>;
if (!once[key]) {
  once[key] = true;
  expect.addEqualityTesters([equalNumbers]);
}
