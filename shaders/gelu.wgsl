// out = x Phi(x), Phi the normal distribution function, elementwise over `count` numbers (Hendrycks and Gimpel,
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

// 2 sqrt(2 / pi)
const SLOPE = 1.5957691;

// (1 + tanh(a)) / 2, through exp, whose accuracy WGSL specifies and tanh's not. Beyond 9 it is 0 or 1 in f32, and a would
// overflow further out.
fn sigmoid_2a(value: f32) -> f32 {
  let v = clamp(value, -9.0, 9.0);
  return 1.0 / (1.0 + exp(-SLOPE * v * fma(0.044715 * v, v, 1.0)));
}

// exp(-v^2 / 2), for numbers whose square may overflow.
fn bell(value: f32) -> f32 {
  let v = min(abs(value), 12.0);
  return exp(-0.5 * v * v);
}

// Phi(-|v|) = exp(-v^2 / 2) (b1 t + ... + b6 t^6), t = 1 / (1 + 0.4 |v|): the form of Abramowitz and Stegun, "Handbook
// of mathematical functions", 26.2.17, with one more term and a minimax fit in double precision against the series
// of erf. It is within 4e-8 of Phi, within 1.5e-7 with the rounding of f32.
fn lower_tail(v: f32) -> f32 {
  let t = 1.0 / fma(0.4, abs(v), 1.0);
  var sum = fma(0.0560146967, t, -0.253213610);
  sum = fma(sum, t, 0.337380594);
  sum = fma(sum, t, 0.0149938409);
  sum = fma(sum, t, 0.188014372);
  sum = fma(sum, t, 0.156810144);
  return sum * t * bell(v);
}

@compute @workgroup_size(64)
fn activate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  let v = x[at];
  if (ERF == 1u) {
    // Phi(v) = 1 - Phi(-v) above 0, without the loss of digits below it.
    out[at] = fma(-abs(v), lower_tail(v), max(v, 0.0));
  } else {
    out[at] = v * sigmoid_2a(v);
  }
}

@compute @workgroup_size(64)
fn backprop_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  let v = x[at];
  var slope = 0.0;
  if (ERF == 1u) {
    let tail = lower_tail(v);
    slope = fma(clamp(v, -12.0, 12.0) * 0.39894228, bell(v), select(tail, 1.0 - tail, v > 0.0));
  } else {
    let s = sigmoid_2a(v);
    let w = clamp(v, -9.0, 9.0);
    slope = fma(w * s * (1.0 - s), SLOPE * fma(3.0 * 0.044715 * w, w, 1.0), s);
  }
  let d = dout[at] * slope;
  if (ADD == 1u) {
    dx[at] += d;
  } else {
    dx[at] = d;
  }
}
