import type { Quantity } from "./quantity.ts";
import { compare, significantDigits, toNumber } from "./rational.ts";
import { relatedFactors } from "./units.ts";

const asksPercent = /%|\bper ?cent|\bpercentage/;

/**
 * Whether two quantities are the same. Null where one of their readings says so and another does not, where their units
 * have nothing to do with each other, and where a number is too long for the arithmetic between two units.
 */
export function sameQuantity(a: Quantity, b: Quantity, question: string): boolean | null {
  if (a.variable !== null && b.variable !== null && a.variable !== b.variable) return null;
  if (a.unit && b.unit && a.unit.dimension !== b.unit.dimension) return null;
  const verdict = sameValues(a, b, question);
  if (verdict === true) return a.kind !== b.kind || a.label !== b.label ? null : true;
  if (verdict === null || a.unsure || b.unsure || a.kind !== b.kind) return null;
  const readings = (of: Quantity): Quantity[] => [
    of,
    ...of.maybe.map((exact) => ({ ...of, value: { exact, near: toNumber(exact) } })),
  ];
  const may = readings(a).some((one) => readings(b).some((other) => sameValues(one, other, question) !== false));
  return may ? null : false;
}

function sameValues(a: Quantity, b: Quantity, question: string): boolean | null {
  const isShare = ({ unit }: Quantity) => unit?.dimension === "share";
  if (isShare(a) !== isShare(b)) return isShare(a) ? sameShare(a, b, question) : sameShare(b, a, question);
  const factor = (one: Quantity) => (a.unit && b.unit ? (one.unit?.factor ?? 1) : 1);
  if (a.unit && b.unit && factor(a) !== factor(b)) {
    const [x, y] = [a.value.near * factor(a), b.value.near * factor(b)];
    if (!close(x, y)) return false;
    return isShort(a) && isShort(b) ? true : null;
  }
  const same = sameValue(a, b);
  if (same !== false) return same;
  // "5 km" for a question in metres.
  const unit = a.unit ?? b.unit;
  if ((a.unit === null) !== (b.unit === null) && unit && !unit.isCount)
    for (const other of relatedFactors(unit)) {
      const scale = other / unit.factor;
      const [x, y] = a.unit ? [a.value.near, b.value.near * scale] : [b.value.near, a.value.near * scale];
      if (close(x, y)) return null;
    }
  return false;
}

/** Twelve digits: what arithmetic in binary leaves of an exact result. */
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

const isShort = ({ value }: Quantity): boolean => value.exact === null || significantDigits(value.exact) <= 11;

function sameValue(a: Quantity, b: Quantity): boolean | null {
  if (a.value.exact && b.value.exact && compare(a.value.exact, b.value.exact) === 0) return true;
  if (!(a.value.exact && b.value.exact) && close(a.value.near, b.value.near))
    return isShort(a) && isShort(b) ? true : null;
  return rounded(a, b);
}

/** A fraction or a root beside a decimal of two digits or more. */
function rounded(a: Quantity, b: Quantity): boolean | null {
  if ((a.decimals === null) === (b.decimals === null)) return false;
  const decimals = a.decimals ?? b.decimals ?? 0;
  const off = Math.abs(a.value.near - b.value.near);
  if (decimals >= 2 && off <= 0.5 * 10 ** -decimals) return true;
  const [cut, full] = a.decimals === null ? [b, a] : [a, b];
  // 0.66 is two thirds, cut off.
  return decimals >= 2 && Math.abs(cut.value.near) < Math.abs(full.value.near) && off < 10 ** -decimals ? null : false;
}

/** 50% is 0.5, and 50 where percent are asked for. */
function sameShare(percent: Quantity, plain: Quantity, question: string): boolean | null {
  const points: Quantity = { ...percent, unit: null };
  const factor = percent.unit?.factor ?? 1;
  const part = percent.value.near * factor * 0.01;
  const exact = percent.value.exact && {
    n: percent.value.exact.n * BigInt(factor * 10),
    d: percent.value.exact.d * 1000n,
  };
  if (
    plain.unit === null &&
    sameValue({ ...points, value: { exact, near: part }, decimals: plain.decimals }, plain) === true
  )
    return true;
  const isSame = sameValue(points, { ...plain, unit: null });
  if (isSame === true)
    return asksPercent.test(question) || (factor === 1 && Math.abs(plain.value.near) > 1 && plain.value.exact !== null)
      ? true
      : null;
  const digits = 10 ** -((percent.decimals ?? 0) + 2);
  return isSame === null || Math.abs(part - plain.value.near) < digits ? null : false;
}
