// Weights (O, I) as places in a table of quantiles (see ../weights/nf4.wgsl) in chunks of 16 bytes, which hold 32. 32 divides
// BLOCK.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4u>;
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

// The chunk with number 4 `at` in it.
fn chunk_at(at: u32) -> vec4u {
  return weight_data[at / 8u];
}

// The word with scale and zero of the chunk's numbers.
fn scale_at(at: u32) -> u32 {
  return weight_scales[at / (BLOCK / 4u)];
}

// Four number i of a chunk.
fn four_of(words: vec4u, i: u32, scale: u32) -> vec4f {
  let q = (vec4u(words[i / 2u] >> ((i % 2u) * 16u)) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  return vec4f(quantiles[q.x], quantiles[q.y], quantiles[q.z], quantiles[q.w]) * unpack2x16float(scale).x;
}
