// AdamW (Loshchilov, Hutter, "Decoupled weight decay regularization", 2019) in the order of torch.optim.AdamW, after
// clipping by the global norm as torch.nn.utils.clip_grad_norm_ does:
//   g = d min(1, maxGradNorm / (norm + 1e-6)),  weight *= 1 - rate decay  (the first `decay_end` numbers only)
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g g
//   weight -= rate / correction1  m / (sqrt(v / correction2) + eps),  corrections 1 - beta^step
//   weight, d, m, v (count), all parameters end to end; d is 0 afterwards, for the next backward pass to add to.
// The norm is a sum of squares in a fixed order: each workgroup sums PER_GROUP of them, one workgroup adds those sums.

struct Params {
  count: u32,
  first: u32,
  decay_end: u32,
}

struct Settings {
  learning_rate: f32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  weight_decay: f32,
  // 0: no clipping.
  max_grad_norm: f32,
  // 1 - beta1^step, 1 - beta2^step
  correction1: f32,
  correction2: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> d: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read> settings: Settings;
@group(0) @binding(6) var<storage, read_write> norm: array<f32>;
@group(0) @binding(7) var<storage, read_write> partial: array<f32>;

const THREADS: u32 = 256u;
// Numbers that a workgroup squares.
const PER_GROUP: u32 = 4096u;

var<workgroup> sums: array<f32, 256>;

// Sum over the threads of the workgroup, by a fixed tree; valid in thread 0.
fn sum_threads(value: f32, thread: u32) -> f32 {
  sums[thread] = value;
  workgroupBarrier();
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      sums[thread] += sums[thread + half];
    }
    workgroupBarrier();
  }
  return sums[0];
}

// partial[first + group] = the sum of the squares of PER_GROUP numbers.
@compute @workgroup_size(256)
fn square(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let index = group.x + group.y * grid.x;
  let start = index * PER_GROUP;
  if (start >= params.count) {
    return;
  }
  var sum = 0.0;
  for (var at = start + thread; at < min(start + PER_GROUP, params.count); at += THREADS) {
    sum = fma(d[at], d[at], sum);
  }
  let whole = sum_threads(sum, thread);
  if (thread == 0u) {
    partial[params.first + index] = whole;
  }
}

// norm = sqrt of the sum of `count` partials: one workgroup.
@compute @workgroup_size(256)
fn root(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var at = thread; at < params.count; at += THREADS) {
    sum += partial[at];
  }
  let whole = sum_threads(sum, thread);
  if (thread == 0u) {
    norm[0] = sqrt(whole);
  }
}

@compute @workgroup_size(256)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * THREADS;
  if (at >= params.count) {
    return;
  }
  // Tested by its bits, since compilers may assume that there is no NaN. Where it is not finite, the step is skipped.
  let finite = (bitcast<u32>(norm[0]) & 0x7f800000u) != 0x7f800000u;
  if (finite) {
    let rate = settings.learning_rate;
    let clip = select(1.0, min(1.0, settings.max_grad_norm / (norm[0] + 1e-6)), settings.max_grad_norm > 0.0);
    let gradient = d[at] * clip;
    let decay = select(1.0, 1.0 - rate * settings.weight_decay, at < params.decay_end);
    let mean = fma(1.0 - settings.beta1, gradient - m[at], m[at]);
    let square_mean = fma((1.0 - settings.beta2) * gradient, gradient, settings.beta2 * v[at]);
    m[at] = mean;
    v[at] = square_mean;
    weight[at] = weight[at] * decay - (rate / settings.correction1) * mean / (sqrt(square_mean / settings.correction2) + settings.eps);
  }
  d[at] = 0.0;
}
