// Weights (O, I) of any dtype in chunks of four numbers, read by `weight_vec4`: what rows of any length allow.

fn chunk_at(at: u32) -> vec4u {
  return bitcast<vec4u>(weight_vec4(at));
}

// The word with scale and zero of the chunk's numbers, where there is one.
fn scale_at(at: u32) -> u32 {
  return 0u;
}

// Four number i of a chunk.
fn vec4_of(words: vec4u, i: u32, scale: u32) -> vec4f {
  return bitcast<vec4f>(words);
}
