// Functions for all shaders; the loader appends this to each file. No bindings here.

// As an index: no row, token, slot or position. `noIndex` in src/gpu/tensor.ts.
const NO_INDEX: u32 = 0xffffffffu;

const PHILOX_M0: u32 = 0xD2511F53u;
const PHILOX_M1: u32 = 0xCD9E8D57u;

// High and low words of a 32 x 32 bit product; WGSL has no 64-bit integers.
fn multiply_wide(a: u32, b: u32) -> vec2u {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let low = a0 * b0;
  let middle = a1 * b0 + (low >> 16u);
  let carry = (middle & 0xffffu) + a0 * b1;
  return vec2u(a1 * b1 + (middle >> 16u) + (carry >> 16u), (carry << 16u) | (low & 0xffffu));
}

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): four random words from a counter and
// a key, so that random numbers depend on what they are used for and not on the order of work.
fn philox(counter: vec4u, seed: vec2u) -> vec4u {
  var c = counter;
  var k = seed;
  for (var round = 0u; round < 10u; round++) {
    let p0 = multiply_wide(PHILOX_M0, c.x);
    let p1 = multiply_wide(PHILOX_M1, c.z);
    c = vec4u(p1.x ^ c.y ^ k.x, p1.y, p0.x ^ c.w ^ k.y, p0.y);
    k = k + vec2u(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

// Rounds to the nearest bf16, ties to even: the result is in the upper halves. A NaN must not become an infinity by the carry.
fn nearest_bf16(words: vec4u) -> vec4u {
  let up = words + vec4u(0x7fffu) + ((words >> vec4u(16u)) & vec4u(1u));
  let is_nan = (words & vec4u(0x7fffffffu)) > vec4u(0x7f800000u);
  return select(up, words | vec4u(0x400000u), is_nan) & vec4u(0xffff0000u);
}

// Clamped to where exp neither overflows nor underflows.
fn sigmoid(a: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(a, -80.0, 80.0)));
}

// silu(gate) up, as in swiglu.wgsl.
fn gated(gate: f32, up: f32) -> f32 {
  return gate * sigmoid(gate) * up;
}

struct GateGradient {
  dgate: f32,
  dup: f32,
}

// Of gated(): dgate = dout up s (1 + gate (1 - s)), dup = dout gate s, with s = sigmoid(gate).
fn gate_gradient(dout: f32, gate: f32, up: f32) -> GateGradient {
  let s = sigmoid(gate);
  return GateGradient(dout * up * s * fma(gate, 1.0 - s, 1.0), dout * gate * s);
}

// 2 sqrt(2 / pi)
const GELU_SLOPE = 1.5957691;

// (1 + tanh(a)) / 2, through exp, whose accuracy WGSL specifies and tanh's not. Beyond 9 it is 0 or 1 in f32, and a would
// overflow further out.
fn sigmoid_2a(value: f32) -> f32 {
  let v = clamp(value, -9.0, 9.0);
  return 1.0 / (1.0 + exp(-GELU_SLOPE * v * fma(0.044715 * v, v, 1.0)));
}

// exp(-v^2 / 2), for numbers whose square may overflow.
fn bell(value: f32) -> f32 {
  let v = min(abs(value), 12.0);
  return exp(-0.5 * v * v);
}

// Phi(-|v|) = exp(-v^2 / 2) (b1 t + ... + b6 t^6), t = 1 / (1 + 0.4 |v|): the form of Abramowitz and Stegun, "Handbook
// of mathematical functions", 26.2.17, with one more term and a minimax fit in double precision against the series
// of erf. It is within 4e-8 of Phi, within 1.5e-7 with the rounding of f32.
fn lower_tail(v: f32) -> f32 {
  let t = 1.0 / fma(0.4, abs(v), 1.0);
  var sum = fma(0.0560146967, t, -0.253213610);
  sum = fma(sum, t, 0.337380594);
  sum = fma(sum, t, 0.0149938409);
  sum = fma(sum, t, 0.188014372);
  sum = fma(sum, t, 0.156810144);
  return sum * t * bell(v);
}

// v Phi(v) as in gelu.wgsl, exact or by the approximation with tanh.
fn gelu(v: f32, exact: bool) -> f32 {
  if (exact) {
    // Phi(v) = 1 - Phi(-v) above 0, without the loss of digits below it.
    return fma(-abs(v), lower_tail(v), max(v, 0.0));
  }
  return v * sigmoid_2a(v);
}

// Its derivative.
fn gelu_slope(v: f32, exact: bool) -> f32 {
  if (exact) {
    let tail = lower_tail(v);
    return fma(clamp(v, -12.0, 12.0) * 0.39894228, bell(v), select(tail, 1.0 - tail, v > 0.0));
  }
  let s = sigmoid_2a(v);
  let w = clamp(v, -9.0, 9.0);
  return fma(w * s * (1.0 - s), GELU_SLOPE * fma(3.0 * 0.044715 * w, w, 1.0), s);
}
