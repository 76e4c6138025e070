// IEEE 754 doubles as (low word, high word), with the bits that every CPU gives: +, -, *, sqrt and rounding to f32, all to
// nearest, ties to even. For numbers that are neither tiny nor huge: subnormal ones become 0, infinities are not known.

fn double_of(words: vec2u, negative: bool) -> vec2u {
  return vec2u(words.x, words.y ^ select(0u, 0x80000000u, negative));
}

fn is_zero(a: vec2u) -> bool {
  return (a.y & 0x7ff00000u) == 0u;
}

fn negated(a: vec2u) -> vec2u {
  return vec2u(a.x, a.y ^ 0x80000000u);
}

fn magnitude(a: vec2u) -> vec2u {
  return vec2u(a.x, a.y & 0x7fffffffu);
}

fn is_below(a: vec2u, b: vec2u) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// a < b
fn is_less(a: vec2u, b: vec2u) -> bool {
  if (is_zero(a) && is_zero(b)) {
    return false;
  }
  let a_negative = (a.y >> 31u) == 1u;
  let b_negative = (b.y >> 31u) == 1u;
  if (a_negative != b_negative) {
    return a_negative;
  }
  if (a_negative) {
    return is_below(b, a);
  }
  return is_below(a, b);
}

fn smaller(a: vec2u, b: vec2u) -> vec2u {
  return select(a, b, is_less(b, a));
}

fn larger(a: vec2u, b: vec2u) -> vec2u {
  return select(a, b, is_less(a, b));
}

fn shift_left(a: vec2u, by: u32) -> vec2u {
  if (by == 0u) {
    return a;
  }
  if (by >= 32u) {
    return vec2u(0u, a.x << (by - 32u));
  }
  return vec2u(a.x << by, (a.y << by) | (a.x >> (32u - by)));
}

// The lowest bit of the result also says whether any bit that was set was shifted out.
fn shift_right_sticky(a: vec2u, by: u32) -> vec2u {
  if (by == 0u) {
    return a;
  }
  if (by >= 64u) {
    return vec2u(select(0u, 1u, (a.x | a.y) != 0u), 0u);
  }
  if (by >= 32u) {
    let rest = by - 32u;
    let lost = a.x | select(a.y << ((32u - rest) & 31u), 0u, rest == 0u);
    return vec2u((a.y >> rest) | select(0u, 1u, lost != 0u), 0u);
  }
  let lost = a.x << (32u - by);
  return vec2u((a.x >> by) | (a.y << (32u - by)) | select(0u, 1u, lost != 0u), a.y >> by);
}

fn add_wide(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn subtract_wide(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

// 53 bits and three below them, the lowest of which is sticky. The leading one is bit 55.
fn rounded_double(mantissa: vec2u, exponent: i32, negative: bool) -> vec2u {
  if (exponent <= 0) {
    return vec2u(0u, 0u);
  }
  let rest = mantissa.x & 7u;
  var m = vec2u((mantissa.x >> 3u) | (mantissa.y << 29u), mantissa.y >> 3u);
  // A carry out of the mantissa raises the exponent, as it should.
  m = add_wide(m, vec2u(0u, u32(exponent - 1) << 20u));
  if (rest > 4u || (rest == 4u && (m.x & 1u) == 1u)) {
    m = add_wide(m, vec2u(1u, 0u));
  }
  return double_of(m, negative);
}

// The mantissa with its leading one, shifted by three.
fn wide_mantissa(a: vec2u) -> vec2u {
  return shift_left(vec2u(a.x, (a.y & 0xfffffu) | 0x100000u), 3u);
}

fn exponent_of(a: vec2u) -> i32 {
  return i32((a.y >> 20u) & 0x7ffu);
}

fn add_double(left: vec2u, right: vec2u) -> vec2u {
  let swaps = is_below(magnitude(left), magnitude(right));
  let a = select(left, right, swaps);
  let b = select(right, left, swaps);
  if (is_zero(b)) {
    return a;
  }
  let negative = (a.y >> 31u) == 1u;
  var exponent = exponent_of(a);
  let small = shift_right_sticky(wide_mantissa(b), u32(exponent - exponent_of(b)));
  var m = wide_mantissa(a);
  if (((a.y ^ b.y) >> 31u) == 0u) {
    m = add_wide(m, small);
    if (m.y >= 0x1000000u) {
      m = shift_right_sticky(m, 1u);
      exponent += 1;
    }
  } else {
    m = subtract_wide(m, small);
    if ((m.x | m.y) == 0u) {
      return vec2u(0u, 0u);
    }
    let zeros = select(countLeadingZeros(m.y), 32u + countLeadingZeros(m.x), m.y == 0u);
    m = shift_left(m, zeros - 8u);
    exponent -= i32(zeros) - 8;
  }
  return rounded_double(m, exponent, negative);
}

fn subtract_double(a: vec2u, b: vec2u) -> vec2u {
  return add_double(a, negated(b));
}

fn multiply_double(a: vec2u, b: vec2u) -> vec2u {
  if (is_zero(a) || is_zero(b)) {
    return vec2u(0u, 0u);
  }
  let a_high = (a.y & 0xfffffu) | 0x100000u;
  let b_high = (b.y & 0xfffffu) | 0x100000u;
  // 106 bits in four words, of which the lowest one only says whether it is 0.
  let low = multiply_wide(a.x, b.x);
  let first = multiply_wide(a_high, b.x);
  let second = multiply_wide(a.x, b_high);
  let high = multiply_wide(a_high, b_high);
  var word1 = low.x;
  var upper = vec2u(high.y, high.x);
  word1 += first.y;
  upper = add_wide(upper, vec2u(first.x + select(0u, 1u, word1 < first.y), 0u));
  word1 += second.y;
  upper = add_wide(upper, vec2u(second.x, 0u));
  upper = add_wide(upper, vec2u(select(0u, 1u, word1 < second.y), 0u));
  // The product begins at bit 104 or 105: bit 40 or 41 of `upper`. Its leading one goes to bit 55.
  var exponent = exponent_of(a) + exponent_of(b) - 1023;
  let is_high = (upper.y & 0x200u) != 0u;
  let by = select(15u, 14u, is_high);
  exponent += select(0, 1, is_high);
  var m = shift_left(upper, by);
  m.x |= word1 >> (32u - by);
  if (((word1 << by) | low.y) != 0u) {
    m.x |= 1u;
  }
  return rounded_double(m, exponent, ((a.y ^ b.y) >> 31u) == 1u);
}

// Bit by bit, of a number that is not negative.
fn sqrt_double(a: vec2u) -> vec2u {
  if (is_zero(a)) {
    return vec2u(0u, 0u);
  }
  let exponent = exponent_of(a) - 1023;
  let is_odd = (exponent & 1) == 1;
  // 54 bits, taken two at a time from the top; then as many zeros as the root needs for 55 bits.
  var radicand = vec2u(a.x, (a.y & 0xfffffu) | 0x100000u);
  radicand = shift_left(radicand, select(10u, 11u, is_odd));
  var root = vec2u(0u, 0u);
  var rest = vec2u(0u, 0u);
  for (var i = 0u; i < 55u; i++) {
    rest = shift_left(rest, 2u);
    rest.x |= radicand.y >> 30u;
    radicand = shift_left(radicand, 2u);
    var trial = shift_left(root, 2u);
    trial.x |= 1u;
    root = shift_left(root, 1u);
    if (!is_below(rest, trial)) {
      rest = subtract_wide(rest, trial);
      root.x |= 1u;
    }
  }
  var m = shift_left(root, 1u);
  if ((rest.x | rest.y) != 0u) {
    m.x |= 1u;
  }
  let half = (exponent - select(0, 1, is_odd)) / 2;
  return rounded_double(m, half + 1023, false);
}

fn double_of_f32(value: f32) -> vec2u {
  let word = bitcast<u32>(value);
  let exponent = (word >> 23u) & 0xffu;
  if (exponent == 0u) {
    return vec2u(0u, 0u);
  }
  let fraction = word & 0x7fffffu;
  return vec2u(fraction << 29u, (word & 0x80000000u) | ((exponent + 896u) << 20u) | (fraction >> 3u));
}

fn f32_of_double(a: vec2u) -> f32 {
  let exponent = exponent_of(a) - 896;
  if (exponent <= 0) {
    return 0.0;
  }
  let kept = (u32(exponent) << 23u) | ((a.y & 0xfffffu) << 3u) | (a.x >> 29u);
  let rest = a.x & 0x1fffffffu;
  let up = rest > 0x10000000u || (rest == 0x10000000u && (kept & 1u) == 1u);
  return bitcast<f32>((a.y & 0x80000000u) | (kept + select(0u, 1u, up)));
}
