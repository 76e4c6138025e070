// Keys and values (S, K, D) in bf16, two in a word, the first in the lower half. A bf16 is the upper half of an f32.

@group(0) @binding(2) var<storage, read> k: array<vec2u>;
@group(0) @binding(3) var<storage, read> v: array<vec2u>;
// The same buffers, for kernels that read single numbers.
@group(0) @binding(20) var<storage, read> k_scalar: array<u32>;
@group(0) @binding(21) var<storage, read> v_scalar: array<u32>;

fn vec4_of(words: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

fn scalar_of(word: u32, at: u32) -> f32 {
  return bitcast<f32>(select(word << 16u, word & 0xffff0000u, at % 2u == 1u));
}

// The numbers from 4 `at` on.
fn key_vec4(at: u32) -> vec4f {
  return vec4_of(k[at]);
}

fn value_vec4(at: u32) -> vec4f {
  return vec4_of(v[at]);
}

fn key_scalar(at: u32) -> f32 {
  return scalar_of(k_scalar[at / 2u], at);
}

fn value_scalar(at: u32) -> f32 {
  return scalar_of(v_scalar[at / 2u], at);
}
