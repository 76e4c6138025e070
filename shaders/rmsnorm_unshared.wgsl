// The kernels of rmsnorm.wgsl for long rows without workgroup memory and barriers, for adapters where these are slow: a thread
// has a row, or four columns of a split of the rows. Formulas, bindings and bits are the same: a thread goes through the 64
// lanes of a row in the order of sum_lanes.wgsl, four at a time. 4 divides C.

struct Params {
  N: u32,
  C: u32,
  eps: f32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(5) var<storage, read> dout: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> partial: array<vec4f>;

override ADD: u32 = 0u;

// vec4 of lanes: lanes 4 i to 4 i + 3 add up the numbers of vec4 i, i + 16, i + 32, ... of a row.
const LANE_VEC4S = 16u;

// Adds the sums of eight lanes in order.
fn octet(low: vec4f, high: vec4f) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < 4u; i++) { // unroll
    sum += low[i];
  }
  for (var i = 0u; i < 4u; i++) { // unroll
    sum += high[i];
  }
  return sum;
}

@compute @workgroup_size(16)
fn normalize(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 16u;
  if (n >= params.N) {
    return;
  }
  let width = params.C / 4u;
  let row = n * width;
  var squares = 0.0;
  for (var o = 0u; o < LANE_VEC4S; o += 2u) {
    var low = vec4f();
    var high = vec4f();
    for (var c = o; c < width; c += LANE_VEC4S) {
      let v = x[row + c];
      low = fma(v, v, low);
    }
    for (var c = o + 1u; c < width; c += LANE_VEC4S) {
      let v = x[row + c];
      high = fma(v, v, high);
    }
    squares += octet(low, high);
  }
  let r = 1.0 / sqrt(squares / f32(params.C) + params.eps);
  for (var c = 0u; c < width; c++) {
    out[row + c] = x[row + c] * r * weight[c];
  }
  rstd[n] = r;
}

@compute @workgroup_size(16)
fn backprop_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 16u;
  if (n >= params.N) {
    return;
  }
  let width = params.C / 4u;
  let row = n * width;
  let r = rstd[n];
  var products = 0.0;
  for (var o = 0u; o < LANE_VEC4S; o += 2u) {
    var low = vec4f();
    var high = vec4f();
    for (var c = o; c < width; c += LANE_VEC4S) {
      low = fma(dout[row + c] * weight[c], x[row + c], low);
    }
    for (var c = o + 1u; c < width; c += LANE_VEC4S) {
      high = fma(dout[row + c] * weight[c], x[row + c], high);
    }
    products += octet(low, high);
  }
  let slope = products / f32(params.C) * r * r * r;
  for (var c = 0u; c < width; c++) {
    let at = row + c;
    let d = fma(dout[at] * weight[c], vec4f(r), -x[at] * slope);
    if (ADD == 1u) {
      dx[at] += d;
    } else {
      dx[at] = d;
    }
  }
}

@compute @workgroup_size(16)
fn backprop_weight(@builtin(global_invocation_id) id: vec3u) {
  let width = params.C / 4u;
  let split = id.y;
  if (id.x >= width) {
    return;
  }
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.N);
  // Every fourth row.
  var sum = array<vec4f, 4>();
  for (var lane = 0u; lane < 4u; lane++) { // unroll
    for (var n = split * rows_per_split + lane; n < end; n += 4u) {
      let at = n * width + id.x;
      sum[lane] = fma(dout[at], x[at] * rstd[n], sum[lane]);
    }
  }
  partial[split * width + id.x] = ((sum[0] + sum[1]) + sum[2]) + sum[3];
}
