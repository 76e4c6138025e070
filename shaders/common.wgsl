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
