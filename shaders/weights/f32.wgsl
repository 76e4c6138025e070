// Weights (O, I) as they are.

@group(0) @binding(2) var<storage, read> weight_data: array<vec4f>;

// The four numbers from 4 `at` on.
fn weight_four(at: u32) -> vec4f {
  return weight_data[at];
}
