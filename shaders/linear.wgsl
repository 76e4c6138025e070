// out = x weightT + bias (+ residual), a dense layer.
//   x (N, I), weight (O_all, I) as in the checkpoint, bias (O_all), out (N, O); the layer uses the O rows of the weight from
//   `first` on, so that a packed qkv weight serves as three layers. Rows of out, residual and dout are `stride` numbers apart.
// Every output sums over I in a fixed order: its bits do not depend on the number of rows or on its tile, so sampling and
// training get the same.
// Each product has two kernels: `..._vec4` loads vec4, where 4 divides I and O; the other takes any size.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  splits: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;
@group(0) @binding(8) var<storage, read_write> partial: array<f32>;
// The same tensors as vec4.
@group(0) @binding(10) var<storage, read> x4: array<vec4f>;
@group(0) @binding(11) var<storage, read> weight4: array<vec4f>;
@group(0) @binding(12) var<storage, read> dout4: array<vec4f>;
@group(0) @binding(13) var<storage, read_write> partial4: array<vec4f>;

override ADD: u32 = 0u;

// One thread, 4 x 4 outputs in registers; a workgroup covers 32 rows x 32 outputs.
@compute @workgroup_size(8, 8)
fn multiply(@builtin(global_invocation_id) id: vec3u) {
  let o0 = id.x * 4u;
  let n0 = id.y * 4u;
  if (o0 >= params.O || n0 >= params.N) {
    return;
  }
  var sum = array<vec4f, 4>();
  var xs = array<u32, 4>();
  var ws = array<u32, 4>();
  for (var k = 0u; k < 4u; k++) { // unroll
    xs[k] = min(n0 + k, params.N - 1u) * params.I;
    ws[k] = (params.first + min(o0 + k, params.O - 1u)) * params.I;
  }
  for (var i = 0u; i < params.I; i++) {
    let w = vec4f(weight[ws[0] + i], weight[ws[1] + i], weight[ws[2] + i], weight[ws[3] + i]);
    for (var k = 0u; k < 4u; k++) { // unroll
      sum[k] += x[xs[k] + i] * w;
    }
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    for (var j = 0u; j < 4u; j++) { // unroll
      if (n0 + k < params.N && o0 + j < params.O) {
        store(n0 + k, o0 + j, sum[k][j]);
      }
    }
  }
}

override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;

fn store(n: u32, o: u32, product: f32) {
  var value = product;
  if (BIAS == 1u) {
    value += bias[params.first + o];
  }
  if (RESIDUAL == 1u) {
    value += residual[n * params.stride + o];
  }
  out[n * params.stride + o] = value;
}

// The same by vec4 along I: each output has four running sums, added at the end.
@compute @workgroup_size(8, 8)
fn multiply_vec4(@builtin(global_invocation_id) id: vec3u) {
  let o0 = id.x * 4u;
  let n0 = id.y * 4u;
  if (o0 >= params.O || n0 >= params.N) {
    return;
  }
  let width = params.I / 4u;
  let xs = min(vec4u(n0, n0 + 1u, n0 + 2u, n0 + 3u), vec4u(params.N - 1u)) * width;
  let ws = (vec4u(params.first) + min(vec4u(o0, o0 + 1u, o0 + 2u, o0 + 3u), vec4u(params.O - 1u))) * width;
  var sum = array<array<vec4f, 4>, 4>();
  for (var i = 0u; i < width; i++) {
    let w0 = weight4[ws.x + i];
    let w1 = weight4[ws.y + i];
    let w2 = weight4[ws.z + i];
    let w3 = weight4[ws.w + i];
    for (var k = 0u; k < 4u; k++) { // unroll
      let row = x4[xs[k] + i];
      sum[k][0] += row * w0;
      sum[k][1] += row * w1;
      sum[k][2] += row * w2;
      sum[k][3] += row * w3;
    }
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    for (var j = 0u; j < 4u; j++) { // unroll
      if (n0 + k < params.N && o0 + j < params.O) {
        let s = sum[k][j];
        store(n0 + k, o0 + j, (s.x + s.y) + (s.z + s.w));
      }
    }
  }
}

// dx = dout weight: one thread, 4 x 4 of dx.
@compute @workgroup_size(8, 8)
fn backprop_x(@builtin(global_invocation_id) id: vec3u) {
  let i0 = id.x * 4u;
  let n0 = id.y * 4u;
  if (i0 >= params.I || n0 >= params.N) {
    return;
  }
  var sum = array<vec4f, 4>();
  var ds = array<u32, 4>();
  for (var k = 0u; k < 4u; k++) { // unroll
    ds[k] = min(n0 + k, params.N - 1u) * params.stride;
  }
  let columns = min(vec4u(i0, i0 + 1u, i0 + 2u, i0 + 3u), vec4u(params.I - 1u));
  for (var o = 0u; o < params.O; o++) {
    let row = (params.first + o) * params.I;
    let w = vec4f(weight[row + columns.x], weight[row + columns.y], weight[row + columns.z], weight[row + columns.w]);
    for (var k = 0u; k < 4u; k++) { // unroll
      sum[k] += dout[ds[k] + o] * w;
    }
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    for (var j = 0u; j < 4u; j++) { // unroll
      if (n0 + k < params.N && i0 + j < params.I) {
        let at = (n0 + k) * params.I + i0 + j;
        if (ADD == 1u) {
          dx[at] += sum[k][j];
        } else {
          dx[at] = sum[k][j];
        }
      }
    }
  }
}

// partial[split] = doutT x over a split of the rows: one thread, 4 x 4 of dweight; z is the split. partials.wgsl adds the
// splits up: two passes in a fixed order instead of atomics give the same bits every time.
@compute @workgroup_size(8, 8)
fn backprop_weight(@builtin(global_invocation_id) id: vec3u) {
  let i0 = id.x * 4u;
  let o0 = id.y * 4u;
  let split = id.z;
  if (i0 >= params.I || o0 >= params.O) {
    return;
  }
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  let from_row = split * rows_per_split;
  let to_row = min(from_row + rows_per_split, params.N);
  var sum = array<vec4f, 4>();
  let is = min(vec4u(i0, i0 + 1u, i0 + 2u, i0 + 3u), vec4u(params.I - 1u));
  let os = min(vec4u(o0, o0 + 1u, o0 + 2u, o0 + 3u), vec4u(params.O - 1u));
  for (var n = from_row; n < to_row; n++) {
    let xr = n * params.I;
    let dr = n * params.O;
    let v = vec4f(x[xr + is.x], x[xr + is.y], x[xr + is.z], x[xr + is.w]);
    let d = vec4f(dout[dr + os.x], dout[dr + os.y], dout[dr + os.z], dout[dr + os.w]);
    for (var k = 0u; k < 4u; k++) { // unroll
      sum[k] += d[k] * v;
    }
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    for (var j = 0u; j < 4u; j++) { // unroll
      if (o0 + k < params.O && i0 + j < params.I) {
        partial[(split * params.O + o0 + k) * params.I + i0 + j] = sum[k][j];
      }
    }
  }
}

// Vec4 of a thread along O and along I.
const OWN_VEC4S = 2u;

// The same by vec4: one thread, 8 x 8 of dweight.
@compute @workgroup_size(4, 4)
fn backprop_weight_vec4(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * OWN_VEC4S;
  let o4 = id.y * OWN_VEC4S;
  let split = id.z;
  let width = params.I / 4u;
  let height = params.O / 4u;
  if (column >= width || o4 >= height) {
    return;
  }
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  // By vec4 along I, then by numbers along O.
  var sum = array<array<vec4f, 8>, OWN_VEC4S>();
  for (var n = split * rows_per_split; n < min((split + 1u) * rows_per_split, params.N); n++) {
    var d = array<vec4f, OWN_VEC4S>();
    for (var k = 0u; k < OWN_VEC4S; k++) { // unroll
      d[k] = dout4[n * height + min(o4 + k, height - 1u)];
    }
    for (var c = 0u; c < OWN_VEC4S; c++) { // unroll
      let row = x4[n * width + min(column + c, width - 1u)];
      for (var k = 0u; k < OWN_VEC4S; k++) { // unroll
        for (var j = 0u; j < 4u; j++) { // unroll
          sum[c][k * 4u + j] += d[k][j] * row;
        }
      }
    }
  }
  for (var c = 0u; c < OWN_VEC4S; c++) { // unroll
    for (var k = 0u; k < OWN_VEC4S; k++) { // unroll
      if (column + c < width && o4 + k < height) {
        for (var j = 0u; j < 4u; j++) { // unroll
          partial4[(split * params.O + (o4 + k) * 4u + j) * width + column + c] = sum[c][k * 4u + j];
        }
      }
    }
  }
}

var<workgroup> row_lanes: array<array<f32, 64>, 4>;

// partial[split, o] = sum of dout[:, o] over a split of the rows: four threads an output, each takes every fourth row; y is
// the split.
@compute @workgroup_size(64, 4)
fn sum_rows(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let o = group.x * 64u + local.x;
  let split = group.y;
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  var sum = 0.0;
  if (o < params.O) {
    for (var n = split * rows_per_split + local.y; n < min((split + 1u) * rows_per_split, params.N); n += 4u) {
      sum += dout[n * params.O + o];
    }
  }
  row_lanes[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && o < params.O) {
    let total = ((row_lanes[0][local.x] + row_lanes[1][local.x]) + row_lanes[2][local.x]) + row_lanes[3][local.x];
    partial[split * params.O + o] = total;
  }
}

// The same without workgroup memory: one thread an output.
@compute @workgroup_size(32)
fn sum_rows_unshared(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x;
  let split = id.y;
  if (o >= params.O) {
    return;
  }
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.N);
  var sum = array<f32, 4>();
  for (var lane = 0u; lane < 4u; lane++) { // unroll
    for (var n = split * rows_per_split + lane; n < end; n += 4u) {
      sum[lane] += dout[n * params.O + o];
    }
  }
  partial[split * params.O + o] = ((sum[0] + sum[1]) + sum[2]) + sum[3];
}
