// Weights (O, I) in IEEE half precision, two in a word, the first in its lower half.

@group(0) @binding(2) var<storage, read> weight_data: array<vec2u>;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  let words = weight_data[at];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}
