// Weights (O, I) as they are.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4f>;

// Called by every thread of a workgroup before the first number is read.
fn open_weight(thread: u32) {
}

// The four numbers from 4 `at` on.
fn weight_vec4(at: u32) -> vec4f {
  return weight_data[at];
}
