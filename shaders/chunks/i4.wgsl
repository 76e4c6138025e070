// Weights (O, I) in numbers from 0 to 15 (see ../weights/i4.wgsl) in chunks of 16 bytes, which hold 32. 32 divides BLOCK.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4u>;
@group(0) @binding(20) var<storage, read> weight_scales: array<u32>;

override BLOCK: u32 = 32u;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The chunk that contains vec4 `at`.
fn chunk_at(at: u32) -> vec4u {
  return weight_data[at / 8u];
}

// The word with scale and zero point of the chunk.
fn scale_at(at: u32) -> u32 {
  return weight_scales[at / (BLOCK / 4u)];
}

// vec4 i of a chunk.
fn vec4_of(words: vec4u, i: u32, scale: u32) -> vec4f {
  let q = (vec4u(words[i / 2u] >> ((i % 2u) * 16u)) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let scaled = unpack2x16float(scale);
  return (vec4f(q) - scaled.y) * scaled.x;
}
