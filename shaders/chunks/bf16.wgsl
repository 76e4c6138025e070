// Weights (O, I) in bf16 (see ../weights/bf16.wgsl) in chunks of 16 bytes, which hold 8 numbers.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4u>;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The chunk that contains vec4 `at`.
fn chunk_at(at: u32) -> vec4u {
  return weight_data[at / 2u];
}

// The word with scale and zero point of the chunk, for dtypes that have them.
fn scale_at(at: u32) -> u32 {
  return 0u;
}

// vec4 i of a chunk.
fn vec4_of(words: vec4u, i: u32, scale: u32) -> vec4f {
  let pair = vec2u(words[2u * i], words[2u * i + 1u]);
  return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
}
