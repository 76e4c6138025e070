/** A fraction of whole numbers, d > 0: a double cannot distinguish two long numbers. */
export interface Rational {
  n: bigint;
  d: bigint;
}

/** More digits than this are not calculated with. */
const mostDigits = 600;

export const whole = (n: number | bigint): Rational => ({ n: BigInt(n), d: 1n });

export const half: Rational = { n: 1n, d: 2n };

/** Null where the denominator is 0. */
export function ratio(n: bigint, d: bigint): Rational | null {
  if (d === 0n) return null;
  return d < 0n ? { n: -n, d: -d } : { n, d };
}

/** "-12.50e-3", digits and one point at most; null where it is nothing like it, or too long. */
export function decimal(text: string): Rational | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i.exec(text);
  if (!match) return null;
  const [, sign, before, after = "", exponent = "0"] = match;
  if (before + after === "" || text.length > mostDigits) return null;
  const shift = Number(exponent) - after.length;
  if (Math.abs(shift) > mostDigits) return null;
  const digits = BigInt(before + after) * (sign === "-" ? -1n : 1n);
  return shift >= 0 ? whole(digits * 10n ** BigInt(shift)) : { n: digits, d: 10n ** BigInt(-shift) };
}

export const plus = (a: Rational, b: Rational): Rational => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
export const times = (a: Rational, b: Rational): Rational => ({ n: a.n * b.n, d: a.d * b.d });
export const negative = ({ n, d }: Rational): Rational => ({ n: -n, d });
export const over = (a: Rational, b: Rational): Rational | null => ratio(a.n * b.d, a.d * b.n);
export const compare = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** Whole powers; null where they are not whole, or grow too long. */
export function power(base: Rational, exponent: Rational): Rational | null {
  const { n, d } = reduced(exponent);
  if (d !== 1n || n > 1000n || n < -1000n) return null;
  const by = n < 0n ? -n : n;
  const longest = Math.max(base.n.toString().length, base.d.toString().length);
  if (longest * Number(by) > mostDigits) return null;
  const raised = { n: base.n ** by, d: base.d ** by };
  return n < 0n ? ratio(raised.d, raised.n) : raised;
}

export function reduced({ n, d }: Rational): Rational {
  let [a, b] = [n < 0n ? -n : n, d];
  while (b > 0n) [a, b] = [b, a % b];
  return a > 1n ? { n: n / a, d: d / a } : { n, d };
}

/** The nearest double, also of numbers whose parts are too long for one. */
export function toNumber({ n, d }: Rational): number {
  const excess = Math.max(0, Math.min(n.toString(2).length, d.toString(2).length) - 1000);
  return Number(n >> BigInt(excess)) / Number(d >> BigInt(excess));
}

/** Digits that tell the number apart from its neighbours, noughts at the ends left out. */
export const significantDigits = (value: Rational): number => {
  const { n, d } = reduced(value);
  return Math.max(n.toString().replace(/^-|0+$/g, "").length, d.toString().replace(/0+$/, "").length);
};
