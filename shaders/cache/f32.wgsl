// Keys and values (S, K, D) in f32.

@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
// The same buffers, for kernels that read single numbers.
@group(0) @binding(20) var<storage, read> k_scalar: array<f32>;
@group(0) @binding(21) var<storage, read> v_scalar: array<f32>;

// The numbers from 4 `at` on.
fn key_vec4(at: u32) -> vec4f {
  return k[at];
}

fn value_vec4(at: u32) -> vec4f {
  return v[at];
}

fn key_scalar(at: u32) -> f32 {
  return k_scalar[at];
}

fn value_scalar(at: u32) -> f32 {
  return v_scalar[at];
}
