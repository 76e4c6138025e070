// Weights (O, I) in bf16, two in a word, the first in the lower half. A bf16 is the upper half of an f32.

@group(0) @binding(2) var<storage, read> weight_data: array<vec2u>;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  let words = weight_data[at];
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}
