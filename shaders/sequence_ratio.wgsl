// One ratio for all tokens of a sequence: GSPO (Zheng et al. 2025, arXiv 2507.18071, eq. 7 and 14; verl's
// compute_policy_loss_gspo).
//   logprob, old_logprob, shared_old (N), f32; spans (S, 2), u32: each sequence's first token and the one behind its last.
//   s = min(mean of logprob - old_logprob over the sequence, 10)
//   shared_old[n] = logprob[n] - s
// A token's log-ratio to shared_old is the sequence's, and its gradient is as if the ratio were the token's own. Tokens of no
// sequence are not written.

struct Params {
  S: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logprob: array<f32>;
@group(0) @binding(2) var<storage, read> old_logprob: array<f32>;
@group(0) @binding(3) var<storage, read> spans: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> shared_old: array<f32>;

// As verl has it.
const MOST = 10.0;

@compute @workgroup_size(64)
fn share_ratio(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let s = id.x + id.y * grid.x * 64u;
  if (s >= params.S) {
    return;
  }
  let span = spans[s];
  var sum = 0.0;
  for (var n = span.x; n < span.y; n++) {
    sum += logprob[n] - old_logprob[n];
  }
  let change = min(sum / f32(max(span.y - span.x, 1u)), MOST);
  for (var n = span.x; n < span.y; n++) {
    shared_old[n] = logprob[n] - change;
  }
}
