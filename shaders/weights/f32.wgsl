// Weights (O, I) in f32.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4f>;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
}

// The numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  return weight_data[at];
}
