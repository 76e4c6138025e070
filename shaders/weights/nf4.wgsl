// Weights (O, I) as indices into a table of 16 quantiles of the normal distribution (QLoRA, Dettmers et al., 2023), eight in
// a word, the first in its lowest bits: table[q] scale, with the scale of every BLOCK numbers in the lower half of a word.
// 8 divides BLOCK, which divides I.

@group(0) @binding(2) var<storage, read> weight_data: array<u32>;
@group(0) @binding(20) var<storage, read> weight_scales: array<u32>;

override BLOCK: u32 = 64u;

// The numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  let word = vec4u(weight_data[at / 2u] >> ((at % 2u) * 16u));
  let q = (word >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let scale = unpack2x16float(weight_scales[at / (BLOCK / 4u)]).x;
  return vec4f(quantiles[q.x], quantiles[q.y], quantiles[q.z], quantiles[q.w]) * scale;
}
