// out = x Phi(x), Phi the normal distribution function, elementwise over `count` numbers, by common.wgsl (Hendrycks and Gimpel,
// "Gaussian error linear units", 2016).
//   ERF 1: Phi(x) = (1 + erf(x / sqrt 2)) / 2;                      d = Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi).
//   ERF 0: Phi(x) ~ (1 + tanh(a)) / 2 = s = 1 / (1 + exp(-2 a)),
//          a = sqrt(2 / pi) (x + 0.044715 x^3);                     d = s + x s (1 - s) 2 a'.

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dout: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

override ADD: u32 = 0u;
override ERF: u32 = 0u;

@compute @workgroup_size(64)
fn activate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  out[at] = gelu(x[at], ERF == 1u);
}

@compute @workgroup_size(64)
fn backprop_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  let d = dout[at] * gelu_slope(x[at], ERF == 1u);
  if (ADD == 1u) {
    dx[at] += d;
  } else {
    dx[at] = d;
  }
}
