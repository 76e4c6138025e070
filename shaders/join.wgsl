// Concatenation by columns: x (N, I) is copied into the columns of out (N, O) from `first` on; backward copies them out.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dout: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

override ADD: u32 = 0u;

@compute @workgroup_size(64)
fn put(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at < params.N * params.I) {
    out[at / params.I * params.O + params.first + at % params.I] = x[at];
  }
}

@compute @workgroup_size(64)
fn backprop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.I) {
    return;
  }
  let d = dout[at / params.I * params.O + params.first + at % params.I];
  if (ADD == 1u) {
    dx[at] += d;
  } else {
    dx[at] = d;
  }
}
