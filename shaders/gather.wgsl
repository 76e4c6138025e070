// out[n] = (add_to[n] +) sum over e of weight[n, e] table[index[n, e]]: rows picked from a table, or mixed from a few.
//   table (R, C), index u32 (N, E), weight (N, E) or absent (then 1), add_to (N, C) or absent, out (N, C).
// An index beyond the table (NO_INDEX) contributes nothing. Token embedding has E = 1; the bilinear position table of
// Qwen3-VL has E = 4.
// The backward pass is by table row, not by position, so that no two threads add to the same number: `entry` lists for each
// row the flat positions n E + e that refer to it, ascending, from start[r] up to start[r + 1].

struct Params {
  N: u32,
  E: u32,
  R: u32,
  C: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> add_to: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<f32>;
@group(0) @binding(7) var<storage, read> start: array<u32>;
@group(0) @binding(8) var<storage, read> entry: array<u32>;
@group(0) @binding(9) var<storage, read_write> dtable: array<f32>;

override ADD: u32 = 0u;
override WEIGHT: u32 = 0u;
override ADD_TO: u32 = 0u;

// One thread a number of out. A table too large to bind is bound in parts: the R rows from `first` on, added to those before.
@compute @workgroup_size(64)
fn pick(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.C) {
    return;
  }
  let n = at / params.C;
  let c = at % params.C;
  var sum = 0.0;
  if (ADD_TO == 1u) {
    sum = add_to[at];
  }
  if (ADD == 1u) {
    sum = out[at];
  }
  for (var e = n * params.E; e < (n + 1u) * params.E; e++) {
    let r = index[e] - params.first;
    if (r >= params.R) {
      continue;
    }
    let value = table[r * params.C + c];
    if (WEIGHT == 1u) {
      sum = fma(weight[e], value, sum);
    } else {
      sum += value;
    }
  }
  out[at] = sum;
}

// Positions whose numbers are loaded before the first is added: a row of a small table is referred to a thousand times, and
// a thread would wait for one load after another.
const AHEAD = 16u;

// dtable[r] = sum over the positions that refer to r: one thread a number of dtable.
@compute @workgroup_size(64)
fn backprop_table(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.R * params.C) {
    return;
  }
  let r = at / params.C;
  let c = at % params.C;
  let end = start[r + 1u];
  var sum = 0.0;
  var k = start[r];
  for (; k + AHEAD <= end; k += AHEAD) {
    var d = array<f32, AHEAD>();
    var w = array<f32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) { // unroll
      let e = entry[k + i];
      d[i] = dout[e / params.E * params.C + c];
      w[i] = select(0.0, weight[e], WEIGHT == 1u);
    }
    for (var i = 0u; i < AHEAD; i++) { // unroll
      if (WEIGHT == 1u) {
        sum = fma(w[i], d[i], sum);
      } else {
        sum += d[i];
      }
    }
  }
  for (; k < end; k++) {
    let e = entry[k];
    let d = dout[e / params.E * params.C + c];
    if (WEIGHT == 1u) {
      sum = fma(weight[e], d, sum);
    } else {
      sum += d;
    }
  }
  if (ADD == 1u) {
    dtable[at] += sum;
  } else {
    dtable[at] = sum;
  }
}
