// out = (x - mean) rstd weight + bias, rstd = 1 / sqrt(variance + eps), row by row, with the biased variance as in
// PyTorch (Ba, Kiros and Hinton, "Layer normalization", 2016).
//   x (N, C), weight (C), bias (C), moments (N, 2) = mean, rstd; out (N, C).
//   With g = dout weight and y = (x - mean) rstd:  dx = rstd (g - mean(g) - y mean(g y)),
//   dweight = sum over n of dout y,  dbias = sum over n of dout.
// A workgroup of 64 lanes has a row; its sums are in an order that depends on C only. The variance is the mean
// square of x - mean, in a second pass: mean(x^2) - mean^2 would cancel.

struct Params {
  N: u32,
  C: u32,
  eps: f32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> moments: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;
@group(0) @binding(8) var<storage, read_write> partial: array<f32>;

override ADD: u32 = 0u;

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
  var sum = 0.0;
  for (var c = lane; c < params.C; c += 64u) {
    sum += x[row + c];
  }
  let mean = sum_lanes(lane, sum) / f32(params.C);
  var squares = 0.0;
  for (var c = lane; c < params.C; c += 64u) {
    let v = x[row + c] - mean;
    squares = fma(v, v, squares);
  }
  let r = 1.0 / sqrt(sum_lanes(lane, squares) / f32(params.C) + params.eps);
  for (var c = lane; c < params.C; c += 64u) {
    out[row + c] = fma((x[row + c] - mean) * r, weight[c], bias[c]);
  }
  if (lane == 0u) {
    moments[n * 2u] = mean;
    moments[n * 2u + 1u] = r;
  }
}

// dx of four rows, 64 threads each.
fn gradient_of_rows(four: u32, index: u32) {
  let team = index / 64u;
  let lane = index % 64u;
  let n = four * 4u + team;
  let row = min(n, params.N - 1u) * params.C;
  let mean = moments[min(n, params.N - 1u) * 2u];
  let r = moments[min(n, params.N - 1u) * 2u + 1u];
  var sum_g = 0.0;
  var sum_gy = 0.0;
  for (var c = lane; c < params.C; c += 64u) {
    let g = dout[row + c] * weight[c];
    sum_g += g;
    sum_gy = fma(g, (x[row + c] - mean) * r, sum_gy);
  }
  let mean_g = sum_team(team, lane, sum_g) / f32(params.C);
  let mean_gy = sum_team(team, lane, sum_gy) / f32(params.C);
  if (n >= params.N) {
    return;
  }
  for (var c = lane; c < params.C; c += 64u) {
    let at = row + c;
    let y = (x[at] - mean) * r;
    let d = r * fma(-y, mean_gy, fma(dout[at], weight[c], -mean_g));
    if (ADD == 1u) {
      dx[at] += d;
    } else {
      dx[at] = d;
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

var<workgroup> row_lanes: array<array<vec2f, 64>, 4>;

// Sums over a split of the rows, partial[0, split, c] of dout y and partial[1, split, c] of dout: four threads a column, each
// takes every fourth row. partials.wgsl adds the splits up.
fn gradient_of_weight(columns: u32, split: u32, index: u32) {
  let lane = index / 64u;
  let c = columns * 64u + index % 64u;
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  var sum = vec2f();
  if (c < params.C) {
    for (var n = split * rows_per_split + lane; n < min((split + 1u) * rows_per_split, params.N); n += 4u) {
      let at = n * params.C + c;
      let d = dout[at];
      sum = vec2f(fma(d, (x[at] - moments[n * 2u]) * moments[n * 2u + 1u], sum.x), sum.y + d);
    }
  }
  row_lanes[lane][index % 64u] = sum;
  workgroupBarrier();
  if (lane == 0u && c < params.C) {
    let total = ((row_lanes[0][index] + row_lanes[1][index]) + row_lanes[2][index]) + row_lanes[3][index];
    partial[split * params.C + c] = total.x;
    partial[(params.splits + split) * params.C + c] = total.y;
  }
}

@compute @workgroup_size(256)
fn backprop_weight(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  gradient_of_weight(group.x, group.y, index);
}

// Both in one dispatch: workgroups of rows, then of weight and bias.
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
