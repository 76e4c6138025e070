// The head: logprob[n] = z[n, target] - lse[n] with z = logits / temperature over the ids that are allowed,
// lse[n] = log sum_v exp z[n, v], entropy[n] = lse[n] - sum_v p[n, v] z[n, v].
//   logits (N, V), allowed (V) of 0 and 1, stats (N, 4) = [max z, lse, entropy, 0], logprob, entropy (N)
// A target of NO_INDEX has log-probability 0 and gradient 0. The sampler uses the same stats, so that sampling and training
// agree bit for bit: a row is one workgroup, each lane takes every 256th id, the lanes are added in a fixed tree. In decoding
// a single row may read a vocabulary of 150,000 ids: each lane has eight loads in flight.

struct Params {
  N: u32,
  V: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> allowed: array<u32>;
@group(0) @binding(3) var<storage, read> temperature: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(5) var<storage, read> targets: array<u32>;
@group(0) @binding(6) var<storage, read_write> logprob: array<f32>;
@group(0) @binding(7) var<storage, read_write> entropy: array<f32>;
@group(0) @binding(8) var<storage, read> dlogprob: array<f32>;
@group(0) @binding(9) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(10) var<storage, read> dentropy: array<f32>;

const LANES: u32 = 256u;
const AHEAD = 8u;

var<workgroup> maxima: array<f32, 256>;
var<workgroup> sums: array<vec2f, 256>;

// Below every logit; exp of it less any is 0.
const LOWEST: f32 = -1e30;

// z of an id of a row; LOWEST where the id is not allowed or does not exist.
fn scaled(row: u32, id: u32, heat: f32) -> f32 {
  let at = min(id, params.V - 1u);
  return select(LOWEST, logits[row + at] / heat, id < params.V && allowed[at] == 1u);
}

// Two passes over a row: the largest, then the sums relative to it.
fn summarize_row(n: u32, lane: u32) {
  let row = n * params.V;
  let heat = temperature[0];
  var highest = LOWEST;
  for (var id = lane; id < params.V; id += LANES * AHEAD) {
    var z = array<f32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) { // unroll
      z[i] = scaled(row, id + i * LANES, heat);
    }
    for (var i = 0u; i < AHEAD; i++) { // unroll
      highest = max(highest, z[i]);
    }
  }
  maxima[lane] = highest;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      maxima[lane] = max(maxima[lane], maxima[lane + half]);
    }
    workgroupBarrier();
  }
  highest = maxima[0];

  var sum = vec2f();
  for (var id = lane; id < params.V; id += LANES * AHEAD) {
    var z = array<f32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) { // unroll
      z[i] = scaled(row, id + i * LANES, heat);
    }
    for (var i = 0u; i < AHEAD; i++) { // unroll
      // Includes NaN, which must reach the result.
      if (!(z[i] <= LOWEST)) {
        let below = z[i] - highest;
        let e = exp(below);
        sum = vec2f(sum.x + e, fma(e, below, sum.y));
      }
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let whole = sums[0];
    stats[n] = vec4f(highest, highest + log(whole.x), log(whole.x) - whole.y / whole.x, 0.0);
  }
}

@compute @workgroup_size(256)
fn summarize(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let n = group.x + group.y * grid.x;
  if (n < params.N) {
    summarize_row(n, lane);
  }
}

// The sums without workgroup memory: one thread a row, which goes through the lanes in the order of the tree's leaves, and adds
// two sums as soon as it has both.
fn summarize_row_unshared(n: u32) {
  let row = n * params.V;
  let heat = temperature[0];
  var highest = LOWEST;
  for (var v = 0u; v < params.V; v++) {
    highest = max(highest, scaled(row, v, heat));
  }
  var whole = vec2f();
  var waiting = array<vec2f, 9>();
  for (var leaf = 0u; leaf < LANES; leaf++) {
    var sum = vec2f();
    for (var v = reverseBits(leaf) >> 24u; v < params.V; v += LANES) {
      let z = scaled(row, v, heat);
      if (!(z <= LOWEST)) {
        let below = z - highest;
        let e = exp(below);
        sum = vec2f(sum.x + e, fma(e, below, sum.y));
      }
    }
    let sums = countTrailingZeros(~leaf);
    for (var level = 0u; level < sums; level++) {
      sum = waiting[level] + sum;
    }
    waiting[sums] = sum;
    whole = sum;
  }
  stats[n] = vec4f(highest, highest + log(whole.x), log(whole.x) - whole.y / whole.x, 0.0);
}

@compute @workgroup_size(16)
fn summarize_unshared(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 16u;
  if (n < params.N) {
    summarize_row_unshared(n);
  }
}

@compute @workgroup_size(16)
fn choose_unshared(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 16u;
  if (n < params.N) {
    summarize_row_unshared(n);
    choose_target(n);
  }
}

// The same, and the log-probability of each row's target.
@compute @workgroup_size(256)
fn choose(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let n = group.x + group.y * grid.x;
  if (n >= params.N) {
    return;
  }
  summarize_row(n, lane);
  if (lane == 0u) {
    choose_target(n);
  }
}

fn choose_target(n: u32) {
  let token = targets[n];
  let z = logits[n * params.V + select(token, 0u, token == NO_INDEX)] / temperature[0];
  logprob[n] = select(z - stats[n].y, 0.0, token == NO_INDEX);
  entropy[n] = stats[n].z;
}

// dlogits = dlogprob (1[target] - p) / temperature, overwriting the logits: one thread a number.
@compute @workgroup_size(64)
fn backprop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.V) {
    return;
  }
  let n = at / params.V;
  let column = at % params.V;
  let token = targets[n];
  var gradient = 0.0;
  if (token != NO_INDEX) {
    let heat = temperature[0];
    let p = select(0.0, exp(dlogits[at] / heat - stats[n].y), allowed[column] == 1u);
    gradient = dlogprob[n] * (select(0.0, 1.0, column == token) - p) / heat;
  }
  dlogits[at] = gradient;
}

// The same plus the entropy's part: dentropy times -p (log p + entropy) / temperature, also without a target.
@compute @workgroup_size(64)
fn backprop_with_entropy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.V) {
    return;
  }
  let n = at / params.V;
  let column = at % params.V;
  let token = targets[n];
  let heat = temperature[0];
  let logp = dlogits[at] / heat - stats[n].y;
  let p = select(0.0, exp(logp), allowed[column] == 1u);
  var gradient = -dentropy[n] * p * (logp + stats[n].z) / heat;
  if (token != NO_INDEX) {
    gradient += dlogprob[n] * (select(0.0, 1.0, column == token) - p) / heat;
  }
  dlogits[at] = gradient;
}
