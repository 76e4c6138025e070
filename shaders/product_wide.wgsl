// The products of product.wgsl for many rows and columns: a workgroup has 128 x 128 outputs, 8 x 8 a thread, and computes the
// four parts of a sum over I one after the other; they are added up in `out`. Shapes and order as there.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  splits: u32,
  stride: u32,
  R: u32,
  P: u32,
  end1: u32,
  end2: u32,
  scaling: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(6) var<storage, read> dout4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dx4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partial4: array<vec4f>;
@group(0) @binding(9) var<storage, read> low4: array<vec4f>;
@group(0) @binding(10) var<storage, read> up4: array<vec4f>;

override ADD: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;
override LOW: u32 = 0u;

const PARTS = 4u;
// Tiles along K, 128 rows or columns as vec4; padded by one vec4 against bank conflicts.
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

// Position of thread t among 16 x 16: the threads of a subgroup of 32 share 4 rows and 8 columns.
fn place_of(t: u32) -> vec2u {
  let warp = t / 32u;
  return vec2u((warp % 2u) * 8u + t % 8u, (warp / 2u) * 4u + (t % 32u) / 8u);
}

// Row, and column in vec4, of a thread's k-th vec4.
fn row_of(k: u32, group: u32, place: vec2u) -> u32 {
  return group * 128u + (place.y + (k / 8u) * 16u) * 4u + k % 4u;
}

fn column_of(k: u32, group: u32, place: vec2u) -> u32 {
  return group * 32u + place.x + ((k / 4u) % 2u) * 16u;
}

// Store a vec4 along K transposed: four threads load the four vec4 of a row.
fn put_transposed_left(row: u32, at4: u32, value: vec4f) {
  for (var k = 0u; k < 4u; k++) { // unroll
    left[at4 * 4u + k][row / 4u][row % 4u] = value[k];
  }
}

fn put_transposed_right(row: u32, at4: u32, value: vec4f) {
  for (var k = 0u; k < 4u; k++) { // unroll
    right[at4 * 4u + k][row / 4u][row % 4u] = value[k];
  }
}

@compute @workgroup_size(256)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  open_weight(t);
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
      next_w[j] = weight_vec4(ws[j] + own);
    }
  }
  for (var step = 0u; step < PARTS * steps; step++) {
    for (var j = 0u; j < 2u; j++) { // unroll
      put_transposed_left(rows[j], own, next_x[j]);
      put_transposed_right(rows[j], own, next_w[j]);
    }
    workgroupBarrier();
    let next_part = (step + 1u) / steps;
    let within = ((step + 1u) % steps) * 4u + own;
    let at4 = next_part * length + within;
    for (var j = 0u; j < 2u; j++) { // unroll
      next_x[j] = vec4f();
      next_w[j] = vec4f();
      if (within < length && at4 < width) {
        next_x[j] = x4[xs[j] + at4];
        next_w[j] = weight_vec4(ws[j] + at4);
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
  if (LOW == 1u) {
    let n0 = row_of(0u, group.y, place);
    let column = column_of(0u, group.x, place);
    add_low(vec2u(n0, n0 + 64u), vec2u(column, column + 16u));
  }
}

// dx = dout weight, summed over O.
@compute @workgroup_size(256)
fn backprop_x(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  open_weight(t);
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
      next_w[j] = weight_vec4((params.first + weight_rows[j]) * width + column);
    }
  }
  for (var at = 0u; at < height; at += 4u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      put_transposed_left(rows[j], own, next_d[j]);
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
        next_w[j] = weight_vec4((params.first + o) * width + column);
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

// partial[split] = doutT x over a split of the rows; partials.wgsl adds the splits up.
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
