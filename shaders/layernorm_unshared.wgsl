// The kernels of layernorm.wgsl without workgroup memory and barriers, for adapters where these are slow: a thread has a row,
// or four columns of a split of the rows. Formulas, bindings and bits are the same: a thread goes through the 64 lanes of a row
// in the order of sum_lanes.wgsl, four at a time. 4 divides C.

struct Params {
  N: u32,
  C: u32,
  eps: f32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec2f>;
@group(0) @binding(6) var<storage, read> dout: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partial: array<vec4f>;

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

fn sum_of(row: u32, width: u32) -> f32 {
  var sum = 0.0;
  for (var o = 0u; o < LANE_VEC4S; o += 2u) {
    var low = vec4f();
    var high = vec4f();
    for (var c = o; c < width; c += LANE_VEC4S) {
      low += x[row + c];
    }
    for (var c = o + 1u; c < width; c += LANE_VEC4S) {
      high += x[row + c];
    }
    sum += octet(low, high);
  }
  return sum;
}

fn squares_of(row: u32, width: u32, mean: f32) -> f32 {
  var sum = 0.0;
  for (var o = 0u; o < LANE_VEC4S; o += 2u) {
    var low = vec4f();
    var high = vec4f();
    for (var c = o; c < width; c += LANE_VEC4S) {
      let v = x[row + c] - mean;
      low = fma(v, v, low);
    }
    for (var c = o + 1u; c < width; c += LANE_VEC4S) {
      let v = x[row + c] - mean;
      high = fma(v, v, high);
    }
    sum += octet(low, high);
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
  let mean = sum_of(row, width) / f32(params.C);
  let r = 1.0 / sqrt(squares_of(row, width, mean) / f32(params.C) + params.eps);
  for (var c = 0u; c < width; c++) {
    out[row + c] = fma((x[row + c] - mean) * r, weight[c], bias[c]);
  }
  moments[n] = vec2f(mean, r);
}

@compute @workgroup_size(16)
fn backprop_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 16u;
  if (n >= params.N) {
    return;
  }
  let width = params.C / 4u;
  let row = n * width;
  let mean = moments[n].x;
  let r = moments[n].y;
  var sum_g = 0.0;
  var sum_gy = 0.0;
  for (var o = 0u; o < LANE_VEC4S; o += 2u) {
    // Of g and of g y.
    var low = array<vec4f, 2>();
    var high = array<vec4f, 2>();
    for (var c = o; c < width; c += LANE_VEC4S) {
      let g = dout[row + c] * weight[c];
      low[0] += g;
      low[1] = fma(g, (x[row + c] - mean) * r, low[1]);
    }
    for (var c = o + 1u; c < width; c += LANE_VEC4S) {
      let g = dout[row + c] * weight[c];
      high[0] += g;
      high[1] = fma(g, (x[row + c] - mean) * r, high[1]);
    }
    sum_g += octet(low[0], high[0]);
    sum_gy += octet(low[1], high[1]);
  }
  let mean_g = sum_g / f32(params.C);
  let mean_gy = sum_gy / f32(params.C);
  for (var c = 0u; c < width; c++) {
    let at = row + c;
    let y = (x[at] - mean) * r;
    let d = r * fma(-y, vec4f(mean_gy), fma(dout[at], weight[c], vec4f(-mean_g)));
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
  var ys = array<vec4f, 4>();
  var ds = array<vec4f, 4>();
  for (var lane = 0u; lane < 4u; lane++) { // unroll
    for (var n = split * rows_per_split + lane; n < end; n += 4u) {
      let at = n * width + id.x;
      let moment = moments[n];
      let d = dout[at];
      ys[lane] = fma(d, (x[at] - moment.x) * moment.y, ys[lane]);
      ds[lane] += d;
    }
  }
  partial[split * width + id.x] = ((ys[0] + ys[1]) + ys[2]) + ys[3];
  partial[(params.splits + split) * width + id.x] = ((ds[0] + ds[1]) + ds[2]) + ds[3];
}
