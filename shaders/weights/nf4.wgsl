// Weights (O, I) as places in a table of 16 quantiles of the normal distribution (QLoRA, Dettmers et al., 2023), eight in
// a word, the first in its lowest bits: table[q] scale, with the scale of every BLOCK numbers in the lower half of a word.
// 8 divides BLOCK, which divides I.

@group(0) @binding(2) var<storage, read> weight_data: array<u32>;
@group(0) @binding(20) var<storage, read> weight_scales: array<u32>;

override BLOCK: u32 = 64u;

const QUANTILES = array<f32, 16>(
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
  -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
);
// Where threads may look up different ones at a time.
var<workgroup> quantiles: array<f32, 16>;

// Called by every thread of a workgroup before the first number is read.
fn open_weight(thread: u32) {
  if (thread < 16u) {
    var table = QUANTILES;
    quantiles[thread] = table[thread];
  }
  workgroupBarrier();
}

// The four numbers from 4 `at` on.
fn weight_four(at: u32) -> vec4f {
  let word = vec4u(weight_data[at / 2u] >> ((at % 2u) * 16u));
  let q = (word >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let scale = unpack2x16float(weight_scales[at / (BLOCK / 4u)]).x;
  return vec4f(quantiles[q.x], quantiles[q.y], quantiles[q.z], quantiles[q.w]) * scale;
}
