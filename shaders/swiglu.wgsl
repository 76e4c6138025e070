// out = silu(gate) up, silu(a) = a / (1 + exp(-a)), elementwise over `count` numbers (Shazeer, "GLU variants improve
// transformer", 2020).
//   With s = 1 / (1 + exp(-gate)):  dgate = dout up s (1 + gate (1 - s)),  dup = dout gate s.

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<f32>;
@group(0) @binding(2) var<storage, read> up: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read> dout: array<f32>;
@group(0) @binding(5) var<storage, read_write> dgate: array<f32>;
@group(0) @binding(6) var<storage, read_write> dup: array<f32>;

override ADD: u32 = 0u;

// Kept where exp neither overflows nor is lost.
fn sigmoid(a: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(a, -80.0, 80.0)));
}

@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at < params.count) {
    out[at] = gate[at] * sigmoid(gate[at]) * up[at];
  }
}

@compute @workgroup_size(64)
fn backprop_gate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  let s = sigmoid(gate[at]);
  let d = dout[at] * up[at] * s * fma(gate[at], 1.0 - s, 1.0);
  if (ADD == 1u) {
    dgate[at] += d;
  } else {
    dgate[at] = d;
  }
}

@compute @workgroup_size(64)
fn backprop_up(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  let d = dout[at] * gate[at] * sigmoid(gate[at]);
  if (ADD == 1u) {
    dup[at] += d;
  } else {
    dup[at] = d;
  }
}
