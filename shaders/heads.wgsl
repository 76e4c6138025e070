// From the packed projection to the inputs of attention: rows of H query heads, K key heads and K value heads of D numbers
// are split; heads of queries and keys are normalized (Qwen3; formula in rmsnorm.wgsl) and rotated by the rotary position
// embedding in the rotate-half layout of Hugging Face; keys and values may be written into a cache.
//   packed (N, (H + 2 K) D), rotations (N, D/2, 2) = cos, sin (rope.wgsl), norm (2, D) for queries and keys, rstd (N, H + K)
//   q (N, H, D), k and v (N, K, D), or the rows `index` (N) of (S, K, D).
//   out[i] = x[i] cos - x[i + D/2] sin,  out[i + D/2] = x[i + D/2] cos + x[i] sin.  The backward pass rotates by -sin.
// Keys and values may be rounded to the nearest bf16: packed in a cache, two in a word, the first in the lower half;
// otherwise stored in f32, so that training computes with the same numbers as sampling. Gradients pass the rounding
// unchanged. A head's squares are summed in the order of rmsnorm.wgsl. Rows with the same index (padding, row 0) race, but are
// never read.

struct Params {
  N: u32,
  H: u32,
  K: u32,
  half: u32,
  eps: f32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed: array<f32>;
@group(0) @binding(2) var<storage, read> rotations: array<vec2f>;
@group(0) @binding(3) var<storage, read> norm: array<f32>;
@group(0) @binding(4) var<storage, read> index: array<u32>;
@group(0) @binding(5) var<storage, read_write> q: array<f32>;
@group(0) @binding(6) var<storage, read_write> k: array<u32>;
@group(0) @binding(7) var<storage, read_write> v: array<u32>;
@group(0) @binding(8) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(9) var<storage, read> dq: array<f32>;
@group(0) @binding(10) var<storage, read> dk: array<f32>;
@group(0) @binding(11) var<storage, read> dv: array<f32>;
@group(0) @binding(12) var<storage, read_write> dpacked: array<f32>;
@group(0) @binding(13) var<storage, read_write> partial: array<f32>;

override ADD: u32 = 0u;
override CACHE: u32 = 0u;
// Whether keys and values are rounded, and whether they are packed: then 4 divides D, and a thread computes two neighbouring
// pairs of a head, i and i + 1, whose numbers share words.
override ROUNDED: u32 = 0u;
override PACKED: u32 = 0u;

// A head of one row: rows of the packed product hold H + 2 K of them.
struct Place {
  n: u32,
  head: u32,
}

fn place_of(at: u32) -> Place {
  let heads = params.H + 2u * params.K;
  return Place(at / heads, at % heads);
}

fn count_heads() -> u32 {
  return params.N * (params.H + 2u * params.K);
}

// Index of a head in rstd, and of its weight in norm.
fn rstd_at(p: Place) -> u32 {
  return p.n * (params.H + params.K) + p.head;
}

fn norm_at(p: Place) -> u32 {
  return select(params.half * 2u, 0u, p.head < params.H);
}

// Row of k and v.
fn row_of(n: u32) -> u32 {
  if (CACHE == 1u) {
    return index[n];
  }
  return n;
}

fn loaded(from_a: u32, i: u32) -> vec2f {
  return vec2f(packed[from_a + i], packed[from_a + params.half + i]);
}

// Pair i of a head, rotated for queries and keys.
fn rotated(p: Place, i: u32, pair: vec2f) -> vec2f {
  if (p.head >= params.H + params.K) {
    return pair;
  }
  let rotation = rotations[p.n * params.half + i];
  return vec2f(fma(-pair.y, rotation.y, pair.x * rotation.x), fma(pair.x, rotation.y, pair.y * rotation.x));
}

// Words of k and v: of pair i, or of the pairs i and i + 1.
fn words_of(pair: vec2f, next: vec2f) -> vec2u {
  let words = bitcast<vec4u>(vec4f(pair, next));
  if (ROUNDED == 0u) {
    return words.xy;
  }
  let nearest = nearest_bf16(words);
  return select(nearest.xy, (nearest.xy >> vec2u(16u)) | nearest.zw, PACKED == 1u);
}

// Stores pair i of a head, and pair i + 1 where they are packed.
fn put(p: Place, i: u32, pair: vec2f, next: vec2f) {
  if (p.head < params.H) {
    let at = (p.n * params.H + p.head) * params.half * 2u + i;
    q[at] = pair.x;
    q[at + params.half] = pair.y;
    if (PACKED == 1u) {
      q[at + 1u] = next.x;
      q[at + params.half + 1u] = next.y;
    }
    return;
  }
  let head = p.head - params.H;
  let words = words_of(pair, next);
  let apart = params.half / (1u + PACKED);
  let at = (row_of(p.n) * params.K + head % params.K) * apart * 2u + i / (1u + PACKED);
  if (head < params.K) {
    k[at] = words.x;
    k[at + apart] = words.y;
  } else {
    v[at] = words.x;
    v[at + apart] = words.y;
  }
}

// Without norms: one thread a pair, or two.
@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let each = params.half / (1u + PACKED);
  let at = id.x + id.y * grid.x * 64u;
  if (at >= count_heads() * each) {
    return;
  }
  let i = (at % each) * (1u + PACKED);
  let from_a = (at / each) * params.half * 2u;
  let p = place_of(at / each);
  let next = i + PACKED;
  put(p, i, rotated(p, i, loaded(from_a, i)), rotated(p, next, loaded(from_a, next)));
}

// Pair i of a head, for queries and keys times the reciprocal root mean square r and the weight.
fn normed(p: Place, from_a: u32, i: u32, r: f32) -> vec2f {
  let pair = loaded(from_a, i);
  if (p.head >= params.H + params.K) {
    return pair;
  }
  return pair * r * vec2f(norm[norm_at(p) + i], norm[norm_at(p) + params.half + i]);
}

fn reciprocal_rms(squares: f32) -> f32 {
  return 1.0 / sqrt(squares / f32(params.half * 2u) + params.eps);
}

// With norms, D <= 64: one thread a pair, or two; each thread sums the squares of the whole head.
@compute @workgroup_size(64)
fn spread_normed_short(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let each = params.half / (1u + PACKED);
  let at = id.x + id.y * grid.x * 64u;
  if (at >= count_heads() * each) {
    return;
  }
  let i = (at % each) * (1u + PACKED);
  let from_a = (at / each) * params.half * 2u;
  let p = place_of(at / each);
  var r = 1.0;
  if (p.head < params.H + params.K) {
    var squares = 0.0;
    for (var c = 0u; c < params.half * 2u; c++) {
      let value = packed[from_a + c];
      squares = fma(value, value, squares);
    }
    r = reciprocal_rms(squares);
    if (i == 0u) {
      rstd[rstd_at(p)] = r;
    }
  }
  let next = i + PACKED;
  put(p, i, rotated(p, i, normed(p, from_a, i, r)), rotated(p, next, normed(p, from_a, next, r)));
}

// With norms, D > 64: one workgroup a head.
@compute @workgroup_size(64)
fn spread_normed(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let head = group.x + group.y * grid.x;
  if (head >= count_heads()) {
    return;
  }
  let p = place_of(head);
  let from_a = head * params.half * 2u;
  var squares = 0.0;
  for (var c = lane; c < params.half * 2u; c += 64u) {
    let value = packed[from_a + c];
    squares = fma(value, value, squares);
  }
  let r = reciprocal_rms(sum_lanes(lane, squares));
  if (lane == 0u && p.head < params.H + params.K) {
    rstd[rstd_at(p)] = r;
  }
  for (var i = lane * (1u + PACKED); i < params.half; i += 64u * (1u + PACKED)) {
    let next = i + PACKED;
    put(p, i, rotated(p, i, normed(p, from_a, i, r)), rotated(p, next, normed(p, from_a, next, r)));
  }
}

// Gradient of pair i of a query or key before its rotation.
fn rotated_back(p: Place, i: u32) -> vec2f {
  let rotation = rotations[p.n * params.half + i];
  var d = vec2f();
  if (p.head < params.H) {
    let at = (p.n * params.H + p.head) * params.half * 2u + i;
    d = vec2f(dq[at], dq[at + params.half]);
  } else {
    let at = (p.n * params.K + p.head - params.H) * params.half * 2u + i;
    d = vec2f(dk[at], dk[at + params.half]);
  }
  return vec2f(fma(d.y, rotation.y, d.x * rotation.x), fma(-d.x, rotation.y, d.y * rotation.x));
}

fn gradient_of_value(p: Place, i: u32) -> vec2f {
  let at = (p.n * params.K + p.head - params.H - params.K) * params.half * 2u + i;
  return vec2f(dv[at], dv[at + params.half]);
}

fn store(at: u32, d: vec2f) {
  if (ADD == 1u) {
    dpacked[at] += d.x;
    dpacked[at + params.half] += d.y;
  } else {
    dpacked[at] = d.x;
    dpacked[at + params.half] = d.y;
  }
}

@compute @workgroup_size(64)
fn backprop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let pair = id.x + id.y * grid.x * 64u;
  if (pair >= count_heads() * params.half) {
    return;
  }
  let i = pair % params.half;
  let p = place_of(pair / params.half);
  let at = (pair / params.half) * params.half * 2u + i;
  if (p.head < params.H + params.K) {
    store(at, rotated_back(p, i));
  } else {
    store(at, gradient_of_value(p, i));
  }
}

// Adds pair i to the sum over a head of d weight x.
fn slope_term(p: Place, from_a: u32, i: u32, sum: f32) -> f32 {
  let d = rotated_back(p, i);
  let w = norm_at(p) + i;
  let first = fma(d.x * norm[w], packed[from_a + i], sum);
  return fma(d.y * norm[w + params.half], packed[from_a + params.half + i], first);
}

// `slope` is rstd^3 mean(d weight x).
fn store_normed(p: Place, from_a: u32, i: u32, r: f32, slope: f32) {
  let d = rotated_back(p, i);
  let w = norm_at(p) + i;
  store(
    from_a + i,
    vec2f(
      fma(d.x * norm[w], r, -packed[from_a + i] * slope),
      fma(d.y * norm[w + params.half], r, -packed[from_a + params.half + i] * slope),
    ),
  );
}

// One thread a pair; each sums over the whole head.
fn gradient_of_pair(pair: u32) {
  if (pair >= count_heads() * params.half) {
    return;
  }
  let own = pair % params.half;
  let p = place_of(pair / params.half);
  let from_a = (pair / params.half) * params.half * 2u;
  if (p.head >= params.H + params.K) {
    store(from_a + own, gradient_of_value(p, own));
    return;
  }
  let r = rstd[rstd_at(p)];
  var sum = 0.0;
  for (var i = 0u; i < params.half; i++) {
    sum = slope_term(p, from_a, i, sum);
  }
  store_normed(p, from_a, own, r, sum / f32(params.half * 2u) * r * r * r);
}

@compute @workgroup_size(64)
fn backprop_normed_short(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  gradient_of_pair(id.x + id.y * grid.x * 64u);
}

@compute @workgroup_size(64)
fn backprop_normed(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let head = group.x + group.y * grid.x;
  if (head >= count_heads()) {
    return;
  }
  let p = place_of(head);
  let from_a = head * params.half * 2u;
  if (p.head >= params.H + params.K) {
    for (var i = lane; i < params.half; i += 64u) {
      store(from_a + i, gradient_of_value(p, i));
    }
    return;
  }
  let r = rstd[rstd_at(p)];
  var sum = 0.0;
  for (var i = lane; i < params.half; i += 64u) {
    sum = slope_term(p, from_a, i, sum);
  }
  let slope = sum_lanes(lane, sum) / f32(params.half * 2u) * r * r * r;
  for (var i = lane; i < params.half; i += 64u) {
    store_normed(p, from_a, i, r, slope);
  }
}

var<workgroup> row_lanes: array<array<vec2f, 64>, 4>;

// partial[split, which, c] = sum of d x rstd over the heads of a split of the rows, with `which` 0 for queries and 1 for
// keys: four threads a pair, each takes every fourth row. partials.wgsl adds them up.
fn gradient_of_norm(columns: u32, split: u32, thread: u32) {
  let lane = thread / 64u;
  let pair = columns * 64u + thread % 64u;
  let i = pair % params.half;
  let which = pair / params.half;
  let rows_per_split = (params.N + params.splits - 1u) / params.splits;
  var sum = vec2f();
  if (which < 2u) {
    let first = which * params.H;
    let heads = select(params.K, params.H, which == 0u);
    for (var n = split * rows_per_split + lane; n < min((split + 1u) * rows_per_split, params.N); n += 4u) {
      for (var head = first; head < first + heads; head++) {
        let p = Place(n, head);
        let r = rstd[rstd_at(p)];
        let at = (n * (params.H + 2u * params.K) + head) * params.half * 2u + i;
        sum = fma(rotated_back(p, i), vec2f(packed[at], packed[at + params.half]) * r, sum);
      }
    }
  }
  row_lanes[lane][thread % 64u] = sum;
  workgroupBarrier();
  if (lane == 0u && which < 2u) {
    let total = ((row_lanes[0][thread] + row_lanes[1][thread]) + row_lanes[2][thread]) + row_lanes[3][thread];
    let to = (split * 2u + which) * params.half * 2u + i;
    partial[to] = total.x;
    partial[to + params.half] = total.y;
  }
}

@compute @workgroup_size(256)
fn backprop_norm(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  gradient_of_norm(group.x, group.y, thread);
}

// Both in one dispatch, D <= 64: workgroups of 256 pairs, then of the norms' weights.
@compute @workgroup_size(256)
fn backprop_all_short(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let own = group.x + group.y * grid.x;
  let of_pairs = (count_heads() * params.half + 255u) / 256u;
  let columns = (params.half + 31u) / 32u;
  if (own < of_pairs) {
    gradient_of_pair(own * 256u + thread);
  } else if (own < of_pairs + columns * params.splits) {
    gradient_of_norm((own - of_pairs) % columns, (own - of_pairs) / columns, thread);
  }
}
