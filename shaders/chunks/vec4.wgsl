// Weights (O, I) of any dtype in chunks of one vec4, read by `weight_vec4`: for rows that chunks of 16 bytes do not divide.

fn chunk_at(at: u32) -> vec4u {
  return bitcast<vec4u>(weight_vec4(at));
}

// The word with scale and zero point of the chunk, for dtypes that have them.
fn scale_at(at: u32) -> u32 {
  return 0u;
}

// vec4 i of a chunk.
fn vec4_of(words: vec4u, i: u32, scale: u32) -> vec4f {
  return bitcast<vec4f>(words);
}
