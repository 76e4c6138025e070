// out = silu(gate) up, silu(a) = a / (1 + exp(-a)) (Shazeer, "GLU variants improve transformer", 2020).
//   packed (N, 2 F), gate and then up in each row; out (N, F).
//   With s = 1 / (1 + exp(-gate)):  dgate = dout up s (1 + gate (1 - s)),  dup = dout gate s.

struct Params {
  N: u32,
  F: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dout: array<f32>;
@group(0) @binding(4) var<storage, read_write> dpacked: array<f32>;

override ADD: u32 = 0u;

// One thread a number of out.
@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.F) {
    return;
  }
  let from_gate = at + at / params.F * params.F;
  out[at] = gated(packed[from_gate], packed[from_gate + params.F]);
}

@compute @workgroup_size(64)
fn backprop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.F) {
    return;
  }
  let from_gate = at + at / params.F * params.F;
  let from_up = from_gate + params.F;
  let d = gate_gradient(dout[at], packed[from_gate], packed[from_up]);
  if (ADD == 1u) {
    dpacked[from_gate] += d.dgate;
    dpacked[from_up] += d.dup;
  } else {
    dpacked[from_gate] = d.dgate;
    dpacked[from_up] = d.dup;
  }
}

// The same with `packed` itself bound as dpacked: each number is read before it is overwritten.
@compute @workgroup_size(64)
fn backprop_over(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.F) {
    return;
  }
  let from_gate = at + at / params.F * params.F;
  let from_up = from_gate + params.F;
  let d = gate_gradient(dout[at], dpacked[from_gate], dpacked[from_up]);
  dpacked[from_gate] = d.dgate;
  dpacked[from_up] = d.dup;
}
