// Weights (O, I) as signed bytes, four in a word, the first in its lowest byte: (q - zero) scale, with scale and zero point of
// every BLOCK numbers as two halves of a word, the scale in the lower one. 4 divides BLOCK, which divides I.

@group(0) @binding(2) var<storage, read> weight_data: array<u32>;
@group(0) @binding(20) var<storage, read> weight_scales: array<u32>;

override BLOCK: u32 = 32u;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  let word = vec4u(weight_data[at]);
  // Shifts each byte to the top, and back down with its sign.
  let bytes = bitcast<vec4i>(word << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);
  let scale = unpack2x16float(weight_scales[at / (BLOCK / 4u)]);
  return (vec4f(bytes) - scale.y) * scale.x;
}
