// out = factor x, elementwise; backward dx = factor dout.
//   x, out of one shape, count numbers

struct Params {
  count: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

override ADD: u32 = 0u;

@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  if (ADD == 1u) {
    out[at] += params.factor * x[at];
  } else {
    out[at] = params.factor * x[at];
  }
}
