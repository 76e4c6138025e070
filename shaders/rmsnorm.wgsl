// out = x rstd weight, rstd = 1 / sqrt(mean(x^2) + eps), row by row (Zhang and Sennrich, "Root mean square layer
// normalization", 2019).
//   x (N, C), weight (C), rstd (N), out (N, C).
//   With g = dout weight:  dx = rstd (g - x rstd^2 mean(g x)),  dweight = sum over n of dout x rstd.
// Rows of up to 64 numbers (a head of q or k) are computed by one thread, longer ones by a workgroup of 64 lanes. A row is
// summed in an order that depends on C only.

struct Params {
  N: u32,
  C: u32,
  eps: f32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(5) var<storage, read> dout: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;
@group(0) @binding(7) var<storage, read_write> partial: array<f32>;

override ADD: u32 = 0u;

// Numbers that a lane reads before it uses the first: with few rows a kernel waits for its reads, one after another.
const AHEAD: u32 = 8u;
const AHEAD_COLUMNS: u32 = 512u; // AHEAD x 64 lanes

fn reciprocal_rms(sum_of_squares: f32) -> f32 {
  return 1.0 / sqrt(sum_of_squares / f32(params.C) + params.eps);
}

// C > 64: one workgroup a row.
@compute @workgroup_size(64)
fn normalize(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let n = group.x + group.y * grid.x;
  if (n >= params.N) {
    return;
  }
  let row = n * params.C;
  let whole = params.C / AHEAD_COLUMNS * AHEAD_COLUMNS;
  var v: array<f32, AHEAD>;
  var squares = 0.0;
  for (var c = lane; c < whole; c += AHEAD_COLUMNS) {
    for (var i = 0u; i < AHEAD; i++) { // unroll
      v[i] = x[row + c + i * 64u];
    }
    for (var i = 0u; i < AHEAD; i++) { // unroll
      squares = fma(v[i], v[i], squares);
    }
  }
  for (var c = whole + lane; c < params.C; c += 64u) {
    let last = x[row + c];
    squares = fma(last, last, squares);
  }
  let r = reciprocal_rms(sum_lanes(lane, squares));
  for (var c = lane; c < whole; c += AHEAD_COLUMNS) {
    for (var i = 0u; i < AHEAD; i++) { // unroll
      v[i] = x[row + c + i * 64u] * r * weight[c + i * 64u];
    }
    for (var i = 0u; i < AHEAD; i++) { // unroll
      out[row + c + i * 64u] = v[i];
    }
  }
  for (var c = whole + lane; c < params.C; c += 64u) {
    out[row + c] = x[row + c] * r * weight[c];
  }
  if (lane == 0u) {
    rstd[n] = r;
  }
}

// C <= 64: one thread a row.
@compute @workgroup_size(64)
fn normalize_short(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n >= params.N) {
    return;
  }
  let row = n * params.C;
  var squares = 0.0;
  for (var c = 0u; c < params.C; c++) {
    let v = x[row + c];
    squares = fma(v, v, squares);
  }
  let r = reciprocal_rms(squares);
  for (var c = 0u; c < params.C; c++) {
    out[row + c] = x[row + c] * r * weight[c];
  }
  rstd[n] = r;
}

// `slope` is rstd^3 mean(dout weight x).
fn store_dx(at: u32, c: u32, r: f32, slope: f32) {
  let d = fma(dout[at] * weight[c], r, -x[at] * slope);
  if (ADD == 1u) {
    dx[at] += d;
  } else {
    dx[at] = d;
  }
}

// dx of four rows, 64 threads each.
fn gradient_of_rows(four: u32, index: u32) {
  let team = index / 64u;
  let lane = index % 64u;
  let n = four * 4u + team;
  let row = min(n, params.N - 1u) * params.C;
  let r = rstd[min(n, params.N - 1u)];
  var products = 0.0;
  for (var c = lane; c < params.C; c += 64u) {
    products = fma(dout[row + c] * weight[c], x[row + c], products);
  }
  let slope = sum_team(team, lane, products) / f32(params.C) * r * r * r;
  if (n < params.N) {
    for (var c = lane; c < params.C; c += 64u) {
      store_dx(row + c, c, r, slope);
    }
  }
}

@compute @workgroup_size(256)
fn backprop_x(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  gradient_of_rows(group.x + group.y * grid.x, index);
}

@compute @workgroup_size(64)
fn backprop_x_short(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n >= params.N) {
    return;
  }
  let row = n * params.C;
  let r = rstd[n];
  var products = 0.0;
  for (var c = 0u; c < params.C; c++) {
    products = fma(dout[row + c] * weight[c], x[row + c], products);
  }
  let slope = products / f32(params.C) * r * r * r;
  for (var c = 0u; c < params.C; c++) {
    store_dx(row + c, c, r, slope);
  }
}

var<workgroup> row_lanes: array<array<f32, 64>, 4>;

// partial[split, c] = sum of dout x rstd over a split of the rows: four threads a column, each takes every fourth row.
// partials.wgsl adds the splits up.
fn gradient_of_weight(columns: u32, split: u32, index: u32) {
  let lane = index / 64u;
  let c = columns * 64u + index % 64u;
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  var sum = 0.0;
  if (c < params.C) {
    for (var n = split * rows_per_split + lane; n < min((split + 1u) * rows_per_split, params.N); n += 4u) {
      let at = n * params.C + c;
      sum = fma(dout[at], x[at] * rstd[n], sum);
    }
  }
  row_lanes[lane][index % 64u] = sum;
  workgroupBarrier();
  if (lane == 0u && c < params.C) {
    let total = ((row_lanes[0][index] + row_lanes[1][index]) + row_lanes[2][index]) + row_lanes[3][index];
    partial[split * params.C + c] = total;
  }
}

@compute @workgroup_size(256)
fn backprop_weight(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  gradient_of_weight(group.x, group.y, index);
}

// Both in one dispatch: workgroups of rows, then of the weight.
@compute @workgroup_size(256)
fn backprop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let own = group.x + group.y * grid.x;
  let of_rows = (params.N + 3u) / 4u;
  let columns = (params.C + 63u) / 64u;
  if (own < of_rows) {
    gradient_of_rows(own, index);
  } else if (own < of_rows + columns * params.splits) {
    gradient_of_weight((own - of_rows) % columns, (own - of_rows) / columns, index);
  }
}
