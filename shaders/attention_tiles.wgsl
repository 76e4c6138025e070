// The gradients of attention.wgsl with tiles in workgroup memory: shapes, spans and stats as there, 32 divides D.
//   p[n, h, j] = exp(scale q[n, h] . k[j] - lse), ds = p (dout[n, h] . v[j] - delta) scale
//   dk[j] = sum of ds q[n, h], dv[j] = sum of p dout[n, h], dq[n, h] = sum of ds k[j]
//
// A workgroup owns 32 keys of one key head (or 32 (row, head) pairs that read it): eight lanes each, of which every
// one holds an eighth of D in registers. What it is attended by passes through workgroup memory, TILE at a time. Lanes
// and tiles are added in a fixed order.

struct Params {
  N: u32,
  S: u32,
  H: u32,
  K: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(5) var<storage, read> key_spans: array<vec4u>;
@group(0) @binding(6) var<storage, read> stats: array<vec2f>;
@group(0) @binding(7) var<storage, read> dout: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> dv: array<vec4f>;

override ADD: u32 = 0u;
override ADD_V: u32 = 0u;

const OWNED = 32u;
const LANES = 8u;
// D / 4, of which every lane holds ELEMENTS.
const WIDTH = ELEMENTS * LANES;

var<workgroup> left: array<array<vec4f, WIDTH>, TILE>;
var<workgroup> right: array<array<vec4f, WIDTH>, TILE>;
// Products by lane; one more than there are lanes, for the banks.
var<workgroup> products: array<array<array<vec2f, LANES + 1u>, OWNED>, TILE>;
// p and ds.
var<workgroup> weights: array<array<vec2f, OWNED>, TILE>;

fn total(x: vec4f) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

fn holds(spans: vec4u, index: u32) -> bool {
  return (index >= spans.x && index < spans.y) || (index >= spans.z && index < spans.w);
}

// The first or the second span.
fn span_of(spans: vec4u, second: bool) -> vec2u {
  return select(spans.xy, spans.zw, second);
}

// The least range that holds both; an empty span adds nothing.
fn joined(range: vec2u, span: vec2u) -> vec2u {
  if (span.x >= span.y) {
    return range;
  }
  return vec2u(min(range.x, span.x), max(range.y, span.y));
}

const NOTHING = vec2u(0xffffffffu, 0u);

// Products of what a lane holds with every member of the tile, left with left and right with right.
fn multiply(a: ptr<function, array<vec4f, ELEMENTS>>, b: ptr<function, array<vec4f, ELEMENTS>>, slot: u32, lane: u32) {
  for (var r = 0u; r < TILE; r++) {
    var product = vec4f();
    var dproduct = vec4f();
    for (var i = 0u; i < ELEMENTS; i++) { // unroll
      product = fma((*a)[i], left[r][i * LANES + lane], product);
      dproduct = fma((*b)[i], right[r][i * LANES + lane], dproduct);
    }
    products[r][slot][lane] = vec2f(total(product), total(dproduct));
  }
}

// p and ds of a pair whose products stand in workgroup memory.
fn weigh(r: u32, slot: u32, stat: vec2f) -> vec2f {
  var sum = vec2f();
  for (var lane = 0u; lane < LANES; lane++) { // unroll
    sum += products[r][slot][lane];
  }
  let p = exp(sum.x * params.scale - stat.x);
  return vec2f(p, p * (sum.y - stat.y) * params.scale);
}

@compute @workgroup_size(256)
fn backprop_kv(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = thread % LANES;
  let slot = thread / LANES;
  let first_key = group.x * OWNED;
  let key = first_key + slot;
  let heads = params.H / params.K;
  let own = (min(key, params.S - 1u) * params.K + group.y) * WIDTH;
  var own_k = array<vec4f, ELEMENTS>();
  var own_v = array<vec4f, ELEMENTS>();
  var sum_k = array<vec4f, ELEMENTS>();
  var sum_v = array<vec4f, ELEMENTS>();
  for (var i = 0u; i < ELEMENTS; i++) { // unroll
    own_k[i] = k[own + i * LANES + lane];
    own_v[i] = v[own + i * LANES + lane];
  }
  for (var phase = 0u; phase < 2u; phase++) {
    var range = NOTHING;
    for (var i = 0u; i < min(OWNED, params.S - first_key); i++) {
      range = joined(range, span_of(key_spans[first_key + i], phase == 1u));
    }
    let count = select(0u, (range.y - range.x) * heads, range.y > range.x);
    for (var at = 0u; at < count; at += TILE) {
      workgroupBarrier();
      for (var place = thread; place < TILE * WIDTH; place += 256u) {
        let pair = at + place / WIDTH;
        var row = vec4f();
        var drow = vec4f();
        if (pair < count) {
          let from_pair = ((range.x + pair / heads) * params.H + group.y * heads + pair % heads) * WIDTH + place % WIDTH;
          row = q[from_pair];
          drow = dout[from_pair];
        }
        left[place / WIDTH][place % WIDTH] = row;
        right[place / WIDTH][place % WIDTH] = drow;
      }
      workgroupBarrier();
      multiply(&own_k, &own_v, slot, lane);
      workgroupBarrier();
      for (var place = thread; place < TILE * OWNED; place += 256u) {
        let r = place / OWNED;
        let j = place % OWNED;
        let pair = at + r;
        var weight = vec2f();
        if (pair < count && first_key + j < params.S) {
          let n = range.x + pair / heads;
          let span = span_of(key_spans[first_key + j], phase == 1u);
          if (n >= span.x && n < span.y && holds(query_spans[n], first_key + j)) {
            weight = weigh(r, j, stats[n * params.H + group.y * heads + pair % heads]);
          }
        }
        weights[r][j] = weight;
      }
      workgroupBarrier();
      for (var r = 0u; r < TILE; r++) {
        let weight = weights[r][slot];
        for (var i = 0u; i < ELEMENTS; i++) { // unroll
          sum_v[i] = fma(vec4f(weight.x), right[r][i * LANES + lane], sum_v[i]);
          sum_k[i] = fma(vec4f(weight.y), left[r][i * LANES + lane], sum_k[i]);
        }
      }
    }
  }
  if (key >= params.S) {
    return;
  }
  for (var i = 0u; i < ELEMENTS; i++) { // unroll
    let to = own + i * LANES + lane;
    if (ADD == 1u) {
      dk[to] += sum_k[i];
    } else {
      dk[to] = sum_k[i];
    }
    if (ADD_V == 1u) {
      dv[to] += sum_v[i];
    } else {
      dv[to] = sum_v[i];
    }
  }
}

@compute @workgroup_size(256)
fn backprop_q(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = thread % LANES;
  let slot = thread / LANES;
  let heads = params.H / params.K;
  let pairs = params.N * heads;
  let first_pair = group.x * OWNED;
  let pair = min(first_pair + slot, pairs - 1u);
  let own = ((pair / heads) * params.H + group.y * heads + pair % heads) * WIDTH;
  var own_q = array<vec4f, ELEMENTS>();
  var own_d = array<vec4f, ELEMENTS>();
  var sum = array<vec4f, ELEMENTS>();
  for (var i = 0u; i < ELEMENTS; i++) { // unroll
    own_q[i] = q[own + i * LANES + lane];
    own_d[i] = dout[own + i * LANES + lane];
  }
  let first_row = first_pair / heads;
  let last_row = (min(first_pair + OWNED, pairs) - 1u) / heads;
  for (var phase = 0u; phase < 2u; phase++) {
    var range = NOTHING;
    for (var n = first_row; n <= last_row; n++) {
      range = joined(range, span_of(query_spans[n], phase == 1u));
    }
    let end = select(range.x, range.y, range.y > range.x);
    for (var at = range.x; at < end; at += TILE) {
      workgroupBarrier();
      for (var place = thread; place < TILE * WIDTH; place += 256u) {
        let key = at + place / WIDTH;
        var key_row = vec4f();
        var value_row = vec4f();
        if (key < end) {
          key_row = k[(key * params.K + group.y) * WIDTH + place % WIDTH];
          value_row = v[(key * params.K + group.y) * WIDTH + place % WIDTH];
        }
        left[place / WIDTH][place % WIDTH] = key_row;
        right[place / WIDTH][place % WIDTH] = value_row;
      }
      workgroupBarrier();
      multiply(&own_q, &own_d, slot, lane);
      workgroupBarrier();
      for (var place = thread; place < TILE * OWNED; place += 256u) {
        let r = place / OWNED;
        let j = first_pair + place % OWNED;
        var weight = vec2f();
        if (at + r < end && j < pairs) {
          let span = span_of(query_spans[j / heads], phase == 1u);
          if (at + r >= span.x && at + r < span.y) {
            weight = weigh(r, place % OWNED, stats[(j / heads) * params.H + group.y * heads + j % heads]);
          }
        }
        weights[r][place % OWNED] = weight;
      }
      workgroupBarrier();
      for (var r = 0u; r < TILE; r++) {
        let weight = weights[r][slot].y;
        for (var i = 0u; i < ELEMENTS; i++) { // unroll
          sum[i] = fma(vec4f(weight), left[r][i * LANES + lane], sum[i]);
        }
      }
    }
  }
  if (first_pair + slot >= pairs) {
    return;
  }
  for (var i = 0u; i < ELEMENTS; i++) { // unroll
    let to = own + i * LANES + lane;
    if (ADD == 1u) {
      dq[to] += sum[i];
    } else {
      dq[to] = sum[i];
    }
  }
}
