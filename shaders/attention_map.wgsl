// What rows attend to, for people to look at: the softmax of attention.wgsl, which its forward kernels never write,
//   p[n, h, j] = exp(scale q[n, h] . k[j, g] - lse[n, h]) for the keys j of row n's spans, else 0; g = h / (H / K)
//   q (N, H, D), k (S, K, D), query_spans (N, 4) and stats (N, H, 2) = [lse, ...] as there
// `map_row`: weights[h, j] = p[row, h, j], (H, S).
// `carry`, one layer of attention rollout (Abnar, Zuidema 2020, arXiv 2005.00928), from the output down; S = N:
//   weights[j] = carried[j] / 2 + sum over n of carried[n] mean over h of p[n, h, j] / 2, (N)

struct Params {
  N: u32,
  S: u32,
  H: u32,
  K: u32,
  D: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(4) var<storage, read> stats: array<vec2f>;
@group(0) @binding(5) var<storage, read> row: array<u32>;
@group(0) @binding(6) var<storage, read> carried: array<f32>;
@group(0) @binding(7) var<storage, read_write> weights: array<f32>;

// Where the row's spans hold the key.
fn probability(n: u32, h: u32, j: u32) -> f32 {
  let from_q = (n * params.H + h) * params.D;
  let from_k = (j * params.K + h / (params.H / params.K)) * params.D;
  var dot = 0.0;
  for (var i = 0u; i < params.D; i++) {
    dot += q[from_q + i] * k[from_k + i];
  }
  return exp(params.scale * dot - stats[n * params.H + h].x);
}

@compute @workgroup_size(64)
fn map_row(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.H * params.S) {
    return;
  }
  let n = row[0];
  let j = at % params.S;
  var p = 0.0;
  if (holds(query_spans[n], j)) {
    p = probability(n, at / params.S, j);
  }
  weights[at] = p;
}

@compute @workgroup_size(64)
fn carry(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let j = id.x + id.y * grid.x * 64u;
  if (j >= params.S) {
    return;
  }
  var sum = 0.0;
  for (var n = 0u; n < params.N; n++) {
    // Rows behind the one that is asked have nothing to hand on.
    if (carried[n] == 0.0 || !holds(query_spans[n], j)) {
      continue;
    }
    var of_heads = 0.0;
    for (var h = 0u; h < params.H; h++) {
      of_heads += probability(n, h, j);
    }
    sum += carried[n] * of_heads / f32(params.H);
  }
  weights[j] = 0.5 * carried[j] + 0.5 * sum;
}
