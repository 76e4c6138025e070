// out[n, h] = sum over j of softmax_j(scale q[n, h] . k[j, g]) v[j, g], where g = h / (H / K) is the head's key head.
//   q, out (N, H, D), k, v (S, K, D), stats (N, H, 2) = [lse, the log of the softmax's denominator, and dout . out]
//   query_spans (N, 4): row n attends the keys [x, y) and then [z, w); both empty gives 0.
//   key_spans (S, 4): key j is attended by the rows [x, y) and [z, w), less those whose own spans leave it out.
// Two spans cover a whole image, a causal sequence, a prefix shared by many sequences, and a cache.
//
// Online softmax (Milakov, Gimelshein 2018; Dao et al., FlashAttention, 2022). Eight lanes share a (row, head): lane l
// takes the keys l, l + 8, ... of the concatenated spans, and the lanes are added in ascending order. The bits of a row
// depend on its keys and their order only, not on other rows, nor on where the first span ends.

// The host appends `alias Element = vec4f;`, or f32 where 4 does not divide D, and a file of cache/, with which `key_at` and
// `value_at` read elements. ELEMENTS = D / WIDTH.

struct Params {
  N: u32,
  S: u32,
  H: u32,
  K: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Element>;
@group(0) @binding(4) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(5) var<storage, read> key_spans: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> out: array<Element>;
@group(0) @binding(7) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(8) var<storage, read> dout: array<Element>;
@group(0) @binding(9) var<storage, read_write> dq: array<Element>;
@group(0) @binding(10) var<storage, read_write> dk: array<Element>;
@group(0) @binding(11) var<storage, read_write> dv: array<Element>;

override ADD: u32 = 0u;

const LANES: u32 = 8u;
// Neighbouring threads have neighbouring (row, head) pairs: they read the same keys at the same time.
const PAIRS: u32 = 8u;
const THREADS: u32 = 64u;
// Below every score; exp of it less any score is 0.
const LOWEST: f32 = -1e30;

var<workgroup> parts: array<Element, 512>;
var<workgroup> maxima: array<f32, 64>;
var<workgroup> sums: array<f32, 64>;

fn total(x: Element) -> f32 {
  let s = vec4f(x);
  return select(s.x, (s.x + s.y) + (s.z + s.w), WIDTH == 4u);
}

// The sum over a pair's lanes of element `first` + own lane, in ascending order of lanes: each lane contributes LANES
// elements and gets one sum.
fn sum_lanes(values: ptr<function, array<Element, ELEMENTS>>, first: u32, thread: u32) -> Element {
  workgroupBarrier();
  for (var i = 0u; i < min(LANES, ELEMENTS - first); i++) {
    parts[i * THREADS + thread] = (*values)[first + i];
  }
  workgroupBarrier();
  var sum = Element();
  for (var lane = 0u; lane < LANES; lane++) {
    sum += parts[(thread / PAIRS) * THREADS + lane * PAIRS + thread % PAIRS];
  }
  return sum;
}

@compute @workgroup_size(64)
fn attend(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let lane = thread / PAIRS;
  let slot = thread % PAIRS;
  let pair = (group.x + group.y * grid.x) * PAIRS + slot;
  let exists = pair < params.N * params.H;
  let at = select(0u, pair, exists);
  let head = (at % params.H) / (params.H / params.K);
  let spans = query_spans[at / params.H];
  let count = select(0u, length_of(spans), exists);

  var row = array<Element, ELEMENTS>();
  for (var i = 0u; i < ELEMENTS; i++) {
    row[i] = q[at * ELEMENTS + i];
  }
  var result = array<Element, ELEMENTS>();
  var highest = LOWEST;
  var sum = 0.0;
  for (var t = lane; t < count; t += LANES) {
    let key = (member(spans, t) * params.K + head) * ELEMENTS;
    var product = Element();
    for (var i = 0u; i < ELEMENTS; i++) {
      product = fma(row[i], key_at(key + i), product);
    }
    let score = total(product) * params.scale;
    let above = max(highest, score);
    let shrink = exp(highest - above);
    let p = exp(score - above);
    highest = above;
    sum = fma(sum, shrink, p);
    for (var i = 0u; i < ELEMENTS; i++) {
      result[i] = fma(Element(p), value_at(key + i), result[i] * shrink);
    }
  }

  maxima[thread] = highest;
  sums[thread] = sum;
  workgroupBarrier();
  var top = LOWEST;
  for (var other = slot; other < THREADS; other += PAIRS) {
    top = max(top, maxima[other]);
  }
  var whole = 0.0;
  for (var other = slot; other < THREADS; other += PAIRS) {
    whole += sums[other] * exp(maxima[other] - top);
  }
  // A row without keys has a sum of 0 and gets 0.
  let part = select(0.0, exp(highest - top) / whole, whole > 0.0);
  for (var i = 0u; i < ELEMENTS; i++) {
    result[i] *= part;
  }
  if (exists && lane == 0u) {
    stats[pair] = vec2f(select(0.0, top + log(whole), whole > 0.0), 0.0);
  }
  for (var first = 0u; first < ELEMENTS; first += LANES) {
    let value = sum_lanes(&result, first, thread);
    if (exists && first + lane < ELEMENTS) {
      out[pair * ELEMENTS + first + lane] = value;
    }
  }
}

// delta = dout[n, h] . out[n, h], which is the sum over j of p[j] dout . v[j]: one thread a (row, head).
@compute @workgroup_size(64)
fn project(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let pair = id.x + id.y * grid.x * 64u;
  if (pair >= params.N * params.H) {
    return;
  }
  var product = Element();
  for (var i = 0u; i < ELEMENTS; i++) {
    product = fma(dout[pair * ELEMENTS + i], out[pair * ELEMENTS + i], product);
  }
  stats[pair].y = total(product);
}

// dq[n, h] = scale sum over j of p[j] (dout . v[j] - delta) k[j], in lanes like the forward pass.
@compute @workgroup_size(64)
fn backprop_q(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let lane = thread / PAIRS;
  let pair = (group.x + group.y * grid.x) * PAIRS + thread % PAIRS;
  let exists = pair < params.N * params.H;
  let at = select(0u, pair, exists);
  let head = (at % params.H) / (params.H / params.K);
  let spans = query_spans[at / params.H];
  let count = select(0u, length_of(spans), exists);

  let row = at * ELEMENTS;
  let stat = stats[at];
  var gradient = array<Element, ELEMENTS>();
  for (var t = lane; t < count; t += LANES) {
    let key = (member(spans, t) * params.K + head) * ELEMENTS;
    var product = Element();
    var dproduct = Element();
    for (var i = 0u; i < ELEMENTS; i++) {
      product = fma(q[row + i], key_at(key + i), product);
      dproduct = fma(dout[row + i], value_at(key + i), dproduct);
    }
    let p = exp(total(product) * params.scale - stat.x);
    let dscore = p * (total(dproduct) - stat.y) * params.scale;
    for (var i = 0u; i < ELEMENTS; i++) {
      gradient[i] = fma(Element(dscore), key_at(key + i), gradient[i]);
    }
  }
  for (var first = 0u; first < ELEMENTS; first += LANES) {
    let value = sum_lanes(&gradient, first, thread);
    if (exists && first + lane < ELEMENTS) {
      let to = pair * ELEMENTS + first + lane;
      if (ADD == 1u) {
        dq[to] += value;
      } else {
        dq[to] = value;
      }
    }
  }
}

// dk[j, g] = scale sum over n, h of p (dout . v[j] - delta) q[n, h]: a gather over the rows and heads that attend the
// key, so no atomics. Eight lanes share a (key, key head): lane l takes every eighth (row, head), so that the thousands of
// rows that attend a prefix key are not left to one thread.
@compute @workgroup_size(64)
fn backprop_k(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let lane = thread / PAIRS;
  let pair = (group.x + group.y * grid.x) * PAIRS + thread % PAIRS;
  let exists = pair < params.S * params.K;
  let at = select(0u, pair, exists);
  let key = at / params.K;
  let heads = params.H / params.K;
  let spans = key_spans[key];
  let count = select(0u, length_of(spans) * heads, exists);

  let own = at * ELEMENTS;
  var gradient = array<Element, ELEMENTS>();
  for (var t = lane; t < count; t += LANES) {
    let n = member(spans, t / heads);
    if (!holds(query_spans[n], key)) {
      continue;
    }
    let from_pair = n * params.H + (at % params.K) * heads + t % heads;
    let row = from_pair * ELEMENTS;
    var product = Element();
    var dproduct = Element();
    for (var i = 0u; i < ELEMENTS; i++) {
      product = fma(q[row + i], key_at(own + i), product);
      dproduct = fma(dout[row + i], value_at(own + i), dproduct);
    }
    let stat = stats[from_pair];
    let p = exp(total(product) * params.scale - stat.x);
    let dscore = p * (total(dproduct) - stat.y) * params.scale;
    for (var i = 0u; i < ELEMENTS; i++) {
      gradient[i] = fma(Element(dscore), q[row + i], gradient[i]);
    }
  }
  for (var first = 0u; first < ELEMENTS; first += LANES) {
    let value = sum_lanes(&gradient, first, thread);
    if (exists && first + lane < ELEMENTS) {
      let to = pair * ELEMENTS + first + lane;
      if (ADD == 1u) {
        dk[to] += value;
      } else {
        dk[to] = value;
      }
    }
  }
}

// dv[j, g] = sum over n, h of p dout[n, h], in the same lanes. A kernel of its own, so that each holds one row of D numbers
// in registers and needs at most 8 storage buffers; p is therefore computed twice.
@compute @workgroup_size(64)
fn backprop_v(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let lane = thread / PAIRS;
  let pair = (group.x + group.y * grid.x) * PAIRS + thread % PAIRS;
  let exists = pair < params.S * params.K;
  let at = select(0u, pair, exists);
  let key = at / params.K;
  let heads = params.H / params.K;
  let spans = key_spans[key];
  let count = select(0u, length_of(spans) * heads, exists);

  let own = at * ELEMENTS;
  var gradient = array<Element, ELEMENTS>();
  for (var t = lane; t < count; t += LANES) {
    let n = member(spans, t / heads);
    if (!holds(query_spans[n], key)) {
      continue;
    }
    let from_pair = n * params.H + (at % params.K) * heads + t % heads;
    let row = from_pair * ELEMENTS;
    var product = Element();
    for (var i = 0u; i < ELEMENTS; i++) {
      product = fma(q[row + i], key_at(own + i), product);
    }
    let p = exp(total(product) * params.scale - stats[from_pair].x);
    for (var i = 0u; i < ELEMENTS; i++) {
      gradient[i] = fma(Element(p), dout[row + i], gradient[i]);
    }
  }
  for (var first = 0u; first < ELEMENTS; first += LANES) {
    let value = sum_lanes(&gradient, first, thread);
    if (exists && first + lane < ELEMENTS) {
      let to = pair * ELEMENTS + first + lane;
      if (ADD == 1u) {
        dv[to] += value;
      } else {
        dv[to] = value;
      }
    }
  }
}
