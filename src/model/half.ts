/** IEEE 754 half precision (binary16), as its 16 bits. */

/** Larger than every finite half. */
const largestHalf = 65504;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** 2^(10 - e) for the exponents e of normal halves, -14 to 15: `**` would take longer than everything else. */
const powers = Float64Array.from({ length: 30 }, (_, i) => 2 ** (24 - i));

/**
 * To the nearest half, ties to even, subnormals included. What is 65520 or larger gives infinity; NaN stays NaN.
 * Rounds once, from the double that JavaScript computes with.
 */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  double[0] = value;
  const high = words[1]!;
  const sign = (high >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude >= largestHalf + 16) return sign | 0x7c00;
  // Below 2^-14 steps are 2^-24; 1024 of them are the bits of 2^-14 itself.
  if (magnitude < 2 ** -14) return sign | toEven(magnitude * 2 ** 24);
  const exponent = ((high >>> 20) & 0x7ff) - 1023;
  // From 1024 to 2048, where 2048 carries into the exponent.
  const fraction = toEven(magnitude * powers[exponent + 14]!);
  return sign | (((exponent + 14) << 10) + fraction);
}

/** Rounds a number of at most 2^52 to a whole one, ties to even: adding 2^52 leaves no bits behind the point. */
const toEven = (value: number): number => value + 2 ** 52 - 2 ** 52;

/** The number that 16 bits represent. */
export function fromHalf(half: number): number {
  singleBits[0] = halfToFloatBits(half);
  return single[0]!;
}

/** IEEE half to single, bit for bit, with subnormals, infinities and NaN. */
export function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  let exponent = (half >> 10) & 0x1f;
  let fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent === 0) {
    if (fraction === 0) return sign;
    exponent = 1;
    while ((fraction & 0x400) === 0) {
      fraction <<= 1;
      exponent--;
    }
    fraction &= 0x3ff;
  }
  return sign | ((exponent + 112) << 23) | (fraction << 13);
}
