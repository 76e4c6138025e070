// The products of product.wgsl for many rows and columns: a workgroup has 128 x 128 outputs, 8 x 8 a thread, and takes
// the four parts of a sum over I one after the other; their sums are added up in `out`. Shapes and order as there.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  splits: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(6) var<storage, read> dout4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dx4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partial4: array<vec4f>;

override ADD: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;

const PARTS = 4u;
// Tiles along K, 128 rows or columns four at a time; one four more, for the banks.
var<workgroup> left: array<array<vec4f, 33>, 16>;
var<workgroup> right: array<array<vec4f, 33>, 16>;

var<private> sum: array<vec4f, 16>;

fn add_tile(place: vec2u) {
  for (var k = 0u; k < 16u; k++) { // unroll
    let a0 = left[k][place.y];
    let a1 = left[k][place.y + 16u];
    let b0 = right[k][place.x];
    let b1 = right[k][place.x + 16u];
    for (var r = 0u; r < 4u; r++) { // unroll
      sum[r] = fma(vec4f(a0[r]), b0, sum[r]);
      sum[4u + r] = fma(vec4f(a0[r]), b1, sum[4u + r]);
      sum[8u + r] = fma(vec4f(a1[r]), b0, sum[8u + r]);
      sum[12u + r] = fma(vec4f(a1[r]), b1, sum[12u + r]);
    }
  }
}

// Where thread t stands among 16 x 16: neighbours of a subgroup of 32 share 4 rows and 8 columns.
fn place_of(t: u32) -> vec2u {
  let warp = t / 32u;
  return vec2u((warp % 2u) * 8u + t % 8u, (warp / 2u) * 4u + (t % 32u) / 8u);
}

// Row and column (four) of the k-th four of a thread.
fn row_of(k: u32, group: u32, place: vec2u) -> u32 {
  return group * 128u + (place.y + (k / 8u) * 16u) * 4u + k % 4u;
}

fn column_of(k: u32, group: u32, place: vec2u) -> u32 {
  return group * 32u + place.x + ((k / 4u) % 2u) * 16u;
}

// Tiles whose memory runs along K are turned: four threads bring the four fours of a row.
fn put_turned_left(row: u32, four: u32, value: vec4f) {
  for (var k = 0u; k < 4u; k++) { // unroll
    left[four * 4u + k][row / 4u][row % 4u] = value[k];
  }
}

fn put_turned_right(row: u32, four: u32, value: vec4f) {
  for (var k = 0u; k < 4u; k++) { // unroll
    right[four * 4u + k][row / 4u][row % 4u] = value[k];
  }
}

@compute @workgroup_size(256)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let place = place_of(t);
  let width = params.I / 4u;
  let height = params.O / 4u;
  let length = (width + PARTS - 1u) / PARTS;
  let steps = (length + 3u) / 4u;
  let own = t % 4u;
  let rows = vec2u(t / 4u, t / 4u + 64u);
  let xs = min(group.y * 128u + rows, vec2u(params.N - 1u)) * width;
  let ws = (params.first + min(group.x * 128u + rows, vec2u(params.O - 1u))) * width;
  var next_x = array<vec4f, 2>();
  var next_w = array<vec4f, 2>();
  for (var j = 0u; j < 2u; j++) { // unroll
    if (own < min(length, width)) {
      next_x[j] = x4[xs[j] + own];
      next_w[j] = weight_four(ws[j] + own);
    }
  }
  for (var step = 0u; step < PARTS * steps; step++) {
    for (var j = 0u; j < 2u; j++) { // unroll
      put_turned_left(rows[j], own, next_x[j]);
      put_turned_right(rows[j], own, next_w[j]);
    }
    workgroupBarrier();
    let next_part = (step + 1u) / steps;
    let within = ((step + 1u) % steps) * 4u + own;
    let four = next_part * length + within;
    for (var j = 0u; j < 2u; j++) { // unroll
      next_x[j] = vec4f();
      next_w[j] = vec4f();
      if (within < length && four < width) {
        next_x[j] = x4[xs[j] + four];
        next_w[j] = weight_four(ws[j] + four);
      }
    }
    add_tile(place);
    workgroupBarrier();
    if ((step + 1u) % steps == 0u) {
      for (var k = 0u; k < 16u; k++) { // unroll
        let n = row_of(k, group.y, place);
        let column = column_of(k, group.x, place);
        if (n < params.N && column < height) {
          let to = n * (params.stride / 4u) + column;
          var value = sum[k];
          if (next_part > 1u) {
            value = out4[to] + value;
          }
          if (next_part == PARTS) {
            if (BIAS == 1u) {
              value += bias4[params.first / 4u + column];
            }
            if (RESIDUAL == 1u) {
              value += residual4[to];
            }
          }
          out4[to] = value;
        }
        sum[k] = vec4f();
      }
    }
  }
}

// dx = dout weight, summed over O.
@compute @workgroup_size(256)
fn backprop_x(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let place = place_of(t);
  let width = params.I / 4u;
  let height = params.O / 4u;
  let own = t % 4u;
  let rows = vec2u(t / 4u, t / 4u + 64u);
  let ds = min(group.y * 128u + rows, vec2u(params.N - 1u)) * (params.stride / 4u);
  let column = min(group.x * 32u + t % 32u, width - 1u);
  let weight_rows = vec2u(t / 32u, t / 32u + 8u);
  var next_d = array<vec4f, 2>();
  var next_w = array<vec4f, 2>();
  for (var j = 0u; j < 2u; j++) { // unroll
    if (own < height) {
      next_d[j] = dout4[ds[j] + own];
    }
    if (weight_rows[j] < params.O) {
      next_w[j] = weight_four((params.first + weight_rows[j]) * width + column);
    }
  }
  for (var at = 0u; at < height; at += 4u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      put_turned_left(rows[j], own, next_d[j]);
      right[weight_rows[j]][t % 32u] = next_w[j];
    }
    workgroupBarrier();
    for (var j = 0u; j < 2u; j++) { // unroll
      next_d[j] = vec4f();
      next_w[j] = vec4f();
      if (at + 4u + own < height) {
        next_d[j] = dout4[ds[j] + at + 4u + own];
      }
      let o = (at + 4u) * 4u + weight_rows[j];
      if (o < params.O) {
        next_w[j] = weight_four((params.first + o) * width + column);
      }
    }
    add_tile(place);
    workgroupBarrier();
  }
  for (var k = 0u; k < 16u; k++) { // unroll
    let n = row_of(k, group.y, place);
    let to = column_of(k, group.x, place);
    if (n < params.N && to < width) {
      if (ADD == 1u) {
        dx4[n * width + to] += sum[k];
      } else {
        dx4[n * width + to] = sum[k];
      }
    }
  }
}

// partial[split] = doutT x over a range of rows; linear.wgsl adds the ranges up.
@compute @workgroup_size(256)
fn backprop_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let place = place_of(t);
  let width = params.I / 4u;
  let height = params.O / 4u;
  let range = (params.N + params.splits - 1u) / params.splits;
  let from_row = group.z * range;
  let to_row = min(from_row + range, params.N);
  let d_column = min(group.y * 32u + t % 32u, height - 1u);
  let x_column = min(group.x * 32u + t % 32u, width - 1u);
  let rows = vec2u(t / 32u, t / 32u + 8u);
  var next_d = array<vec4f, 2>();
  var next_x = array<vec4f, 2>();
  for (var j = 0u; j < 2u; j++) { // unroll
    if (from_row + rows[j] < to_row) {
      next_d[j] = dout4[(from_row + rows[j]) * height + d_column];
      next_x[j] = x4[(from_row + rows[j]) * width + x_column];
    }
  }
  for (var at = 0u; at < range; at += 16u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      left[rows[j]][t % 32u] = next_d[j];
      right[rows[j]][t % 32u] = next_x[j];
    }
    workgroupBarrier();
    for (var j = 0u; j < 2u; j++) { // unroll
      next_d[j] = vec4f();
      next_x[j] = vec4f();
      let n = from_row + at + 16u + rows[j];
      if (n < to_row) {
        next_d[j] = dout4[n * height + d_column];
        next_x[j] = x4[n * width + x_column];
      }
    }
    add_tile(place);
    workgroupBarrier();
  }
  for (var k = 0u; k < 16u; k++) { // unroll
    let o = row_of(k, group.y, place);
    let to = column_of(k, group.x, place);
    if (o < params.O && to < width) {
      partial4[(group.z * params.O + o) * width + to] = sum[k];
    }
  }
}
