// Weights (O, I) as numbers from 0 to 15, eight in a word, the first in its lowest bits: (q - zero) scale, with scale and
// zero point of every BLOCK numbers as two halves of a word, the scale in the lower one. 8 divides BLOCK, which divides I.

@group(0) @binding(2) var<storage, read> weight_data: array<u32>;
@group(0) @binding(20) var<storage, read> weight_scales: array<u32>;

override BLOCK: u32 = 32u;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  let word = vec4u(weight_data[at / 2u] >> ((at % 2u) * 16u));
  let q = (word >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let scale = unpack2x16float(weight_scales[at / (BLOCK / 4u)]);
  return (vec4f(q) - scale.y) * scale.x;
}
