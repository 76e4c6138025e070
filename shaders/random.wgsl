// out = random numbers, uniform from -bound to bound: the words of Philox (common.wgsl) in order, with counter (index of the
// vec4, 0, 0, 0) and key (seed, "fill"). For weights of an untrained model, in f32, in bf16 or f16, or as quantized numbers
// from -128 to 127, or 0 to 15, with scales.
//   out (count); words, as many as hold count numbers of 2, 1 or 1/2 bytes

struct Params {
  count: u32,
  seed: u32,
  bound: f32,
  zero: f32,
}

const STREAM: u32 = 0x66696c6cu;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

fn random_words(at4: u32) -> vec4u {
  return philox(vec4u(at4, 0u, 0u, 0u), vec2u(params.seed, STREAM));
}

// The upper 24 bits: as many as an f32 has.
fn uniform_vec4(at4: u32) -> vec4f {
  return params.bound * (vec4f(random_words(at4) >> vec4u(8u)) * (2.0 / 16777216.0) - 1.0);
}

@compute @workgroup_size(64)
fn fill(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at4 = id.x + id.y * grid.x * 64u;
  let values = uniform_vec4(at4);
  for (var k = 0u; k < 4u; k++) {
    if (at4 * 4u + k < params.count) {
      out[at4 * 4u + k] = values[k];
    }
  }
}

fn put_word(at: u32, count: u32, word: u32) {
  if (at < count) {
    words[at] = word;
  }
}

// Two in a word, the first in the lower half. Truncation makes magnitudes smaller, so none exceeds the bound.
@compute @workgroup_size(64)
fn fill_bf16(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at4 = id.x + id.y * grid.x * 64u;
  let bits = bitcast<vec4u>(uniform_vec4(at4));
  let count = (params.count + 1u) / 2u;
  put_word(at4 * 2u, count, (bits.x >> 16u) | (bits.y & 0xffff0000u));
  put_word(at4 * 2u + 1u, count, (bits.z >> 16u) | (bits.w & 0xffff0000u));
}

@compute @workgroup_size(64)
fn fill_f16(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at4 = id.x + id.y * grid.x * 64u;
  let values = uniform_vec4(at4);
  let count = (params.count + 1u) / 2u;
  put_word(at4 * 2u, count, pack2x16float(values.xy));
  put_word(at4 * 2u + 1u, count, pack2x16float(values.zw));
}

// `count` is in words here.
@compute @workgroup_size(64)
fn fill_words(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at4 = id.x + id.y * grid.x * 64u;
  let random = random_words(at4);
  for (var k = 0u; k < 4u; k++) {
    put_word(at4 * 4u + k, params.count, random[k]);
  }
}

// One word with scale and zero point for each block.
@compute @workgroup_size(64)
fn fill_scales(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  put_word(id.x + id.y * grid.x * 64u, params.count, pack2x16float(vec2f(params.bound, params.zero)));
}
