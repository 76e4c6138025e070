// What an adapter (LoRA) adds to a product, in columns [first, first + count) of out (N, O), and its backward pass. The
// columns are those of up to three layers side by side, parts that end at end1, end2 and count; low (N, P R) holds x downT
// of each, up (count, R) their matrices one below another:
//   out[n, first + o] += scaling sum over r of low[n, part(o) R + r] up[o, r]
// in ascending r with fused multiply-adds: the same bits as the epilogue of the products in product.wgsl.
//   dlow[n, part R + r] = scaling sum over the part's o of dout[n, first + o] up[o, r]
//   dup[o, r] = scaling sum over n of dout[n, first + o] low[n, part(o) R + r]
// Long sums are divided into `splits`, which partials.wgsl adds up.

struct Params {
  N: u32,
  O: u32,
  first: u32,
  count: u32,
  R: u32,
  P: u32,
  end1: u32,
  end2: u32,
  scaling: f32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> low: array<f32>;
@group(0) @binding(2) var<storage, read> up: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read> dout: array<f32>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;

// Column of low at which the rank of an output's part begins.
fn low_column(o: u32) -> u32 {
  return (select(0u, 1u, o >= params.end1) + select(0u, 1u, o >= params.end2)) * params.R;
}

// One thread an output.
@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.count) {
    return;
  }
  let n = at / params.count;
  let o = at % params.count;
  let from_low = n * params.P * params.R + low_column(o);
  var sum = 0.0;
  for (var r = 0u; r < params.R; r++) {
    sum = fma(low[from_low + r], up[o * params.R + r], sum);
  }
  let to = n * params.O + params.first + o;
  out[to] = fma(params.scaling, sum, out[to]);
}

// partial[split] = dlow over a split of the part's outputs: one thread, four rows of one column; z is the split.
@compute @workgroup_size(64)
fn backprop_low(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  let width = params.P * params.R;
  let n0 = at / width * 4u;
  if (n0 >= params.N) {
    return;
  }
  let column = at % width;
  let part = column / params.R;
  let r = column % params.R;
  var from_o = 0u;
  var to_o = params.end1;
  if (part == 1u) {
    from_o = params.end1;
    to_o = params.end2;
  }
  if (part == 2u) {
    from_o = params.end2;
    to_o = params.count;
  }
  let outputs_per_split = (to_o - from_o + params.splits - 1u) / params.splits;
  from_o += id.z * outputs_per_split;
  to_o = min(from_o + outputs_per_split, to_o);
  let rows = min(vec4u(n0, n0 + 1u, n0 + 2u, n0 + 3u), vec4u(params.N - 1u)) * params.O + params.first;
  var sum = vec4f();
  for (var o = from_o; o < to_o; o++) {
    let d = vec4f(dout[rows.x + o], dout[rows.y + o], dout[rows.z + o], dout[rows.w + o]);
    sum = fma(d, vec4f(up[o * params.R + r]), sum);
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    if (n0 + k < params.N) {
      partial[(id.z * params.N + n0 + k) * width + column] = params.scaling * sum[k];
    }
  }
}

// partial[split] = dup over a split of the rows: one thread, four ranks of one output; z is the split.
@compute @workgroup_size(64)
fn backprop_up(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x;
  let r0 = id.y * 4u;
  if (o >= params.count) {
    return;
  }
  let width = params.P * params.R;
  let ranks = min(vec4u(r0, r0 + 1u, r0 + 2u, r0 + 3u), vec4u(params.R - 1u)) + low_column(o);
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  var sum = vec4f();
  for (var n = id.z * rows_per_split; n < min((id.z + 1u) * rows_per_split, params.N); n++) {
    let row = ranks + n * width;
    sum = fma(vec4f(dout[n * params.O + params.first + o]), vec4f(low[row.x], low[row.y], low[row.z], low[row.w]), sum);
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    if (r0 + k < params.R) {
      partial[(id.z * params.count + o) * params.R + r0 + k] = params.scaling * sum[k];
    }
  }
}
