// Weights (O, I) in signed bytes (see ../weights/i8.wgsl) in chunks of 16 bytes, which hold 16 numbers. 16 divides BLOCK.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4u>;
@group(0) @binding(20) var<storage, read> weight_scales: array<u32>;

override BLOCK: u32 = 32u;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The chunk that contains vec4 `at`.
fn chunk_at(at: u32) -> vec4u {
  return weight_data[at / 4u];
}

// The word with scale and zero point of the chunk.
fn scale_at(at: u32) -> u32 {
  return weight_scales[at / (BLOCK / 4u)];
}

// vec4 i of a chunk.
fn vec4_of(words: vec4u, i: u32, scale: u32) -> vec4f {
  let bytes = bitcast<vec4i>(vec4u(words[i]) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);
  let scaled = unpack2x16float(scale);
  return (vec4f(bytes) - scaled.y) * scaled.x;
}
