// Where the backward pass starts: per-token losses and their gradients by log-probability and by entropy.
//   logprob, old_logprob, ref_logprob, advantage, weight, dlogprob, dentropy (N), terms (N, 6) or (N) for nll
// Policy loss, PPO's with asymmetric and dual clipping (Schulman et al. 2017; Ye et al. 2020; Yu et al., DAPO, 2025),
// in the order of verl's compute_policy_loss_vanilla:
//   d = clamp(logprob - old, +-20), ratio = exp d
//   pg1 = -A ratio, pg2 = -A clamp(ratio, 1 - low, 1 + high), pg = max(pg1, pg2), and where A < 0: min(-A c, pg)
//   KL to the reference, estimated from the token (Schulman 2020; verl's kl_penalty), by its kind:
//   0 k3, low_var_kl: e = clamp(ref - logprob, +-20), kl = clamp(exp e - e - 1, +-10)
//   1 k1, kl: kl = logprob - ref      2 |k1|, abs      3 k2, mse: kl = (logprob - ref)^2 / 2
//   loss = sum over n of weight (pg + klCoef kl - entropyCoef entropy)
// Gradients are those of PyTorch's autograd: a clamp passes them on its closed interval, a tie of max or min halves them, |x|
// has slope 0 at 0.
// Negative log-likelihood: loss = sum over n of -weight logprob.

struct Params {
  N: u32,
}

struct Settings {
  clip_low: f32,
  clip_high: f32,
  // Of dual clipping: c.
  clip_dual: f32,
  kl_coef: f32,
  kl_kind: u32,
  entropy_coef: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logprob: array<f32>;
@group(0) @binding(2) var<storage, read> old_logprob: array<f32>;
@group(0) @binding(3) var<storage, read> ref_logprob: array<f32>;
@group(0) @binding(4) var<storage, read> advantage: array<f32>;
@group(0) @binding(5) var<storage, read> weight: array<f32>;
@group(0) @binding(6) var<storage, read> settings: Settings;
@group(0) @binding(7) var<storage, read_write> terms: array<f32>;
@group(0) @binding(8) var<storage, read_write> dlogprob: array<f32>;
@group(0) @binding(9) var<storage, read_write> dentropy: array<f32>;

override ADD: u32 = 0u;

// Derivative of a clamp.
fn slope(x: f32, low: f32, high: f32) -> f32 {
  return select(0.0, 1.0, x >= low && x <= high);
}

// Derivative of max(a, b) by a; that of min(a, b) is 1 minus this.
fn share(a: f32, b: f32) -> f32 {
  return select(select(0.0, 1.0, a > b), 0.5, a == b);
}

struct Surrogate {
  ratio: f32,
  k1: f32,
  // -A ratio, the same with the ratio clipped, their maximum, and -A c
  unclipped: f32,
  clipped: f32,
  larger: f32,
  bound: f32,
}

fn surrogate(n: u32) -> Surrogate {
  let change = clamp(logprob[n] - old_logprob[n], -20.0, 20.0);
  let ratio = exp(change);
  let unclipped = -advantage[n] * ratio;
  let clipped = -advantage[n] * clamp(ratio, 1.0 - settings.clip_low, 1.0 + settings.clip_high);
  return Surrogate(ratio, -change, unclipped, clipped, max(unclipped, clipped), -advantage[n] * settings.clip_dual);
}

struct Divergence {
  value: f32,
  // Derivative by the log-probability.
  slope: f32,
}

fn divergence(n: u32) -> Divergence {
  let kind = settings.kl_kind;
  if (kind == 0u) {
    let away = ref_logprob[n] - logprob[n];
    let near = clamp(away, -20.0, 20.0);
    let k3 = exp(near) - near - 1.0;
    return Divergence(
      clamp(k3, -10.0, 10.0),
      (1.0 - exp(near)) * slope(away, -20.0, 20.0) * slope(k3, -10.0, 10.0),
    );
  }
  let k1 = logprob[n] - ref_logprob[n];
  if (kind == 1u) {
    return Divergence(k1, 1.0);
  }
  if (kind == 2u) {
    return Divergence(abs(k1), sign(k1));
  }
  return Divergence(0.5 * k1 * k1, k1);
}

@compute @workgroup_size(64)
fn measure(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n >= params.N) {
    return;
  }
  let s = surrogate(n);
  let negative = advantage[n] < 0.0;
  terms[n * 6u] = select(s.larger, min(s.bound, s.larger), negative);
  terms[n * 6u + 1u] = divergence(n).value;
  terms[n * 6u + 2u] = select(0.0, 1.0, s.clipped > s.unclipped);
  terms[n * 6u + 3u] = select(0.0, 1.0, negative && s.larger > s.bound);
  terms[n * 6u + 4u] = s.ratio;
  terms[n * 6u + 5u] = s.k1;
}

@compute @workgroup_size(64)
fn backprop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n >= params.N) {
    return;
  }
  let s = surrogate(n);
  let inside = slope(s.ratio, 1.0 - settings.clip_low, 1.0 + settings.clip_high);
  let first = share(s.unclipped, s.clipped);
  var dratio = -advantage[n] * (first + (1.0 - first) * inside);
  if (advantage[n] < 0.0) {
    dratio *= 1.0 - share(s.larger, s.bound);
  }
  let change = logprob[n] - old_logprob[n];
  let dpg = dratio * s.ratio * slope(change, -20.0, 20.0);

  store(n, select(weight[n] * (dpg + settings.kl_coef * divergence(n).slope), 0.0, weight[n] == 0.0));
}

@compute @workgroup_size(64)
fn backprop_entropy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n >= params.N) {
    return;
  }
  let gradient = -settings.entropy_coef * weight[n];
  if (ADD == 1u) {
    dentropy[n] += gradient;
  } else {
    dentropy[n] = gradient;
  }
}

@compute @workgroup_size(64)
fn measure_nll(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n < params.N) {
    terms[n] = -logprob[n];
  }
}

@compute @workgroup_size(64)
fn backprop_nll(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let n = id.x + id.y * grid.x * 64u;
  if (n < params.N) {
    store(n, -weight[n]);
  }
}

fn store(n: u32, gradient: f32) {
  if (ADD == 1u) {
    dlogprob[n] += gradient;
  } else {
    dlogprob[n] = gradient;
  }
}
