// The gradients of attention.wgsl with tiles in workgroup memory: shapes, spans and stats as there, 4 divides D.
//   p[n, h, j] = exp(scale q[n, h] . k[j] - lse), ds = p (dout[n, h] . v[j] - delta) scale
//   dk[j] = sum of ds q[n, h], dv[j] = sum of p dout[n, h], dq[n, h] = sum of ds k[j]
//
// A workgroup owns 64 keys of one key head (or 64 (row, head) pairs that read it) and processes the pairs that attend them
// (or the keys that they attend) in tiles of 64. In a tile a thread computes 4 x 4 scores, then COLUMNS vec4 of 4 rows of
// the gradient. Sums have a fixed order and no atomics.

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
@group(0) @binding(11) var<storage, read> parts: array<vec4f>;
@group(0) @binding(12) var<storage, read> value_parts: array<vec4f>;

override ADD: u32 = 0u;
override ADD_V: u32 = 0u;
override ADD_Q: u32 = 0u;

// From the host: WIDTH = D / 4; COLUMNS, vec4 of a gradient's row that a thread has (every 16th one); VALUES, rows of the
// other side that are in workgroup memory at a time; ROUNDS = SIDE / VALUES.
const SIDE = 64u;

// First 16 numbers of D of both sides, of q or k and of dout or v; then the weights of 64 of the other side by vec4 of the
// own side. Padded by one vec4 against bank conflicts. Indices become constants when loops are unrolled, and then need no
// bounds check.
var<workgroup> sides: array<array<vec4f, 17>, 64>;
var<workgroup> values: array<array<vec4f, 16>, 32>;

// A vec4 of q or k, and of dout or v, of one row of each side, before they are stored in workgroup memory.
struct Loaded {
  own: vec4f,
  down: vec4f,
  other: vec4f,
  dother: vec4f,
}

struct Products {
  score: array<vec4f, 4>,
  dscore: array<vec4f, 4>,
}

// The first or the second span.
fn span_of(spans: vec4u, second: bool) -> vec2u {
  return select(spans.xy, spans.zw, second);
}

// The smallest range that contains both; an empty span is ignored.
fn joined(range: vec2u, span: vec2u) -> vec2u {
  if (span.x >= span.y) {
    return range;
  }
  return vec2u(min(range.x, span.x), max(range.y, span.y));
}

const EMPTY_RANGE = vec2u(0xffffffffu, 0u);

// A vec4 of rows of the tensors: a pair has a row of q and dout, a key one of k and v.
fn of_pairs(pair_row: u32, key_row: u32, pairs_own: bool, at4: u32) -> Loaded {
  var loaded = Loaded();
  if (at4 < WIDTH) {
    var pair = vec4f();
    var dpair = vec4f();
    var key = vec4f();
    var value = vec4f();
    if (pair_row != NO_INDEX) {
      pair = q[pair_row * WIDTH + at4];
      dpair = dout[pair_row * WIDTH + at4];
    }
    if (key_row != NO_INDEX) {
      key = k[key_row * WIDTH + at4];
      value = v[key_row * WIDTH + at4];
    }
    if (pairs_own) {
      loaded = Loaded(pair, dpair, key, value);
    } else {
      loaded = Loaded(key, value, pair, dpair);
    }
  }
  return loaded;
}

// Dot products of 4 rows of the own side (in a vec4) with 4 of the other side.
fn products_of(pair_row: u32, key_row: u32, pairs_own: bool, thread: u32, tx: u32, ty: u32) -> Products {
  let row = thread / 4u;
  let at4 = thread % 4u;
  var next = of_pairs(pair_row, key_row, pairs_own, at4);
  var score = array<vec4f, 4>();
  var dscore = array<vec4f, 4>();
  for (var slice = 0u; slice < WIDTH; slice += 4u) {
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) { // unroll
      let d = at4 * 4u + i;
      sides[d][row / 4u][row % 4u] = next.own[i];
      sides[16u + d][row / 4u][row % 4u] = next.other[i];
      sides[32u + d][row / 4u][row % 4u] = next.down[i];
      sides[48u + d][row / 4u][row % 4u] = next.dother[i];
    }
    workgroupBarrier();
    next = of_pairs(pair_row, key_row, pairs_own, slice + 4u + at4);
    for (var d = 0u; d < 16u; d++) { // unroll
      let a = sides[d][ty];
      let b = sides[16u + d][tx];
      let da = sides[32u + d][ty];
      let db = sides[48u + d][tx];
      for (var j = 0u; j < 4u; j++) { // unroll
        score[j] = fma(a, vec4f(b[j]), score[j]);
        dscore[j] = fma(da, vec4f(db[j]), dscore[j]);
      }
    }
  }
  workgroupBarrier();
  return Products(score, dscore);
}

// Stores the weights of 4 of the own side for 4 of the other one, for all threads to read.
fn share(weights: array<vec4f, 4>, tx: u32, ty: u32) {
  for (var j = 0u; j < 4u; j++) { // unroll
    sides[tx * 4u + j][ty] = weights[j];
  }
}

// Adds to four rows of a gradient what VALUES rows of the other side, stored in `values`, contribute.
fn accumulate(sum: ptr<function, array<vec4f, SUMS>>, first: u32, tx: u32, ty: u32) {
  for (var j = 0u; j < VALUES; j++) { // unroll
    let weight = sides[first + j][ty];
    for (var c = 0u; c < COLUMNS; c++) { // unroll
      let value = values[j * COLUMNS + c][tx];
      (*sum)[c] = fma(vec4f(weight.x), value, (*sum)[c]);
      (*sum)[COLUMNS + c] = fma(vec4f(weight.y), value, (*sum)[COLUMNS + c]);
      (*sum)[2u * COLUMNS + c] = fma(vec4f(weight.z), value, (*sum)[2u * COLUMNS + c]);
      (*sum)[3u * COLUMNS + c] = fma(vec4f(weight.w), value, (*sum)[3u * COLUMNS + c]);
    }
  }
}

// Position of a thread: a subgroup of 32 covers 8 vec4 of the own side by 4 vec4 of the other one.
fn place_of(thread: u32) -> vec2u {
  return vec2u(((thread / 32u) % 4u) * 4u + (thread / 8u) % 4u, (thread / 128u) * 8u + thread % 8u);
}

@compute @workgroup_size(256)
fn backprop_kv(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  gradients_of_keys(thread, group);
}

fn gradients_of_keys(thread: u32, group: vec3u) {
  let place = place_of(thread);
  let first_key = group.x * SIDE;
  let head = group.y * (params.H / params.K) + group.z;
  let loaded_key = first_key + thread / 4u;
  let key_row = select(NO_INDEX, loaded_key * params.K + group.y, loaded_key < params.S);
  var sum_k = array<vec4f, SUMS>();
  var sum_v = array<vec4f, SUMS>();
  for (var phase = 0u; phase < 2u; phase++) {
    var range = EMPTY_RANGE;
    for (var i = 0u; i < min(SIDE, params.S - first_key); i++) {
      range = joined(range, span_of(key_spans[first_key + i], phase == 1u));
    }
    let end = select(range.x, range.y, range.y > range.x);
    for (var at = range.x; at < end; at += SIDE) {
      let products = products_of(row_of(at + thread / 4u, end, head), key_row, false, thread, place.x, place.y);
      var p = array<vec4f, 4>();
      var ds = array<vec4f, 4>();
      for (var j = 0u; j < 4u; j++) { // unroll
        let n = at + place.x * 4u + j;
        if (n < end) {
          let spans = query_spans[n];
          let stat = stats[n * params.H + head];
          for (var r = 0u; r < 4u; r++) { // unroll
            let key = first_key + place.y * 4u + r;
            if (key < params.S && holds(spans, key)) {
              let span = span_of(key_spans[key], phase == 1u);
              if (n >= span.x && n < span.y) {
                p[j][r] = exp(products.score[j][r] * params.scale - stat.x);
                ds[j][r] = p[j][r] * (products.dscore[j][r] - stat.y) * params.scale;
              }
            }
          }
        }
      }
      share(p, place.x, place.y);
      for (var round = 0u; round < ROUNDS; round++) {
        let from_row = round * VALUES;
        for (var i = 0u; i < 2u; i++) { // unroll
          let to = thread + i * 256u;
          values[to / 16u][to % 16u] = dout_at(row_of(at + from_row + to / (16u * COLUMNS), end, head), to % (16u * COLUMNS));
        }
        workgroupBarrier();
        accumulate(&sum_v, round * VALUES, place.x, place.y);
        workgroupBarrier();
      }
      share(ds, place.x, place.y);
      for (var round = 0u; round < ROUNDS; round++) {
        let from_row = round * VALUES;
        for (var i = 0u; i < 2u; i++) { // unroll
          let to = thread + i * 256u;
          values[to / 16u][to % 16u] = q_at(row_of(at + from_row + to / (16u * COLUMNS), end, head), to % (16u * COLUMNS));
        }
        workgroupBarrier();
        accumulate(&sum_k, round * VALUES, place.x, place.y);
        workgroupBarrier();
      }
    }
  }
  for (var r = 0u; r < 4u; r++) { // unroll
    let key = first_key + place.y * 4u + r;
    for (var c = 0u; c < COLUMNS; c++) { // unroll
      let column = c * 16u + place.x;
      if (key < params.S && column < WIDTH) {
        let to = ((group.z * params.S + key) * params.K + group.y) * WIDTH + column;
        if (ADD == 1u) {
          dk[to] += sum_k[r * COLUMNS + c];
        } else {
          dk[to] = sum_k[r * COLUMNS + c];
        }
        if (ADD_V == 1u) {
          dv[to] += sum_v[r * COLUMNS + c];
        } else {
          dv[to] = sum_v[r * COLUMNS + c];
        }
      }
    }
  }
}

// dk (or dv) = the sum of the parts of the H / K heads that read a key head, in order.
@compute @workgroup_size(64)
fn sum_parts(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let to = id.x + id.y * grid.x * 64u;
  let count = params.S * params.K * WIDTH;
  if (to >= count) {
    return;
  }
  var sum = vec4f();
  for (var part = 0u; part < params.H / params.K; part++) {
    sum += parts[part * count + to];
  }
  if (ADD == 1u) {
    dk[to] += sum;
  } else {
    dk[to] = sum;
  }
}

// Both in one dispatch: first dk, then dv.
@compute @workgroup_size(64)
fn sum_all_parts(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let own = id.x + id.y * grid.x * 64u;
  let count = params.S * params.K * WIDTH;
  if (own >= 2u * count) {
    return;
  }
  let to = own % count;
  let of_values = own >= count;
  var sum = vec4f();
  for (var part = 0u; part < params.H / params.K; part++) {
    if (of_values) {
      sum += value_parts[part * count + to];
    } else {
      sum += parts[part * count + to];
    }
  }
  if (of_values) {
    if (ADD_V == 1u) {
      dv[to] += sum;
    } else {
      dv[to] = sum;
    }
  } else if (ADD == 1u) {
    dk[to] += sum;
  } else {
    dk[to] = sum;
  }
}

// Index of the row of q and dout for a head at row n, if n < end.
fn row_of(n: u32, end: u32, head: u32) -> u32 {
  return select(NO_INDEX, n * params.H + head, n < end);
}

// The same for a pair: pairs are rows by the heads of a key head.
fn row_of_pair(pair: u32, pairs: u32, heads: u32, key_head: u32) -> u32 {
  return select(NO_INDEX, (pair / heads) * params.H + key_head * heads + pair % heads, pair < pairs);
}

fn dout_at(row: u32, column: u32) -> vec4f {
  if (row != NO_INDEX && column < WIDTH) {
    return dout[row * WIDTH + column];
  }
  return vec4f();
}

fn q_at(row: u32, column: u32) -> vec4f {
  if (row != NO_INDEX && column < WIDTH) {
    return q[row * WIDTH + column];
  }
  return vec4f();
}

fn k_at(row: u32, column: u32) -> vec4f {
  if (row != NO_INDEX && column < WIDTH) {
    return k[row * WIDTH + column];
  }
  return vec4f();
}

@compute @workgroup_size(256)
fn backprop_q(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  // Late rows of a causal sequence have the most keys: they start first.
  gradients_of_queries(thread, vec2u(grid.x - 1u - group.x, group.y));
}

fn gradients_of_queries(thread: u32, group: vec2u) {
  let place = place_of(thread);
  let heads = params.H / params.K;
  let pairs = params.N * heads;
  let first_pair = group.x * SIDE;
  let pair_row = row_of_pair(first_pair + thread / 4u, pairs, heads, group.y);
  let first_row = first_pair / heads;
  let last_row = (min(first_pair + SIDE, pairs) - 1u) / heads;
  var spans = array<vec4u, 4>();
  var stat = array<vec2f, 4>();
  for (var r = 0u; r < 4u; r++) { // unroll
    let pair = first_pair + place.y * 4u + r;
    if (pair < pairs) {
      spans[r] = query_spans[pair / heads];
      stat[r] = stats[row_of_pair(pair, pairs, heads, group.y)];
    }
  }
  var sum = array<vec4f, SUMS>();
  for (var phase = 0u; phase < 2u; phase++) {
    var range = EMPTY_RANGE;
    for (var n = first_row; n <= last_row; n++) {
      range = joined(range, span_of(query_spans[n], phase == 1u));
    }
    let end = select(range.x, range.y, range.y > range.x);
    for (var at = range.x; at < end; at += SIDE) {
      let loaded_key = at + thread / 4u;
      let key_row = select(NO_INDEX, loaded_key * params.K + group.y, loaded_key < end);
      let products = products_of(pair_row, key_row, true, thread, place.x, place.y);
      var ds = array<vec4f, 4>();
      for (var r = 0u; r < 4u; r++) { // unroll
        let span = span_of(spans[r], phase == 1u);
        for (var j = 0u; j < 4u; j++) { // unroll
          let key = at + place.x * 4u + j;
          if (key >= span.x && key < span.y) {
            let p = exp(products.score[j][r] * params.scale - stat[r].x);
            ds[j][r] = p * (products.dscore[j][r] - stat[r].y) * params.scale;
          }
        }
      }
      share(ds, place.x, place.y);
      for (var round = 0u; round < ROUNDS; round++) {
        let from_value = round * VALUES;
        for (var i = 0u; i < 2u; i++) { // unroll
          let to = thread + i * 256u;
          let key = at + from_value + to / (16u * COLUMNS);
          values[to / 16u][to % 16u] = k_at(select(NO_INDEX, key * params.K + group.y, key < end), to % (16u * COLUMNS));
        }
        workgroupBarrier();
        accumulate(&sum, round * VALUES, place.x, place.y);
        workgroupBarrier();
      }
    }
  }
  for (var r = 0u; r < 4u; r++) { // unroll
    let row = row_of_pair(first_pair + place.y * 4u + r, pairs, heads, group.y);
    for (var c = 0u; c < COLUMNS; c++) { // unroll
      let column = c * 16u + place.x;
      if (row != NO_INDEX && column < WIDTH) {
        let to = row * WIDTH + column;
        if (ADD_Q == 1u) {
          dq[to] += sum[r * COLUMNS + c];
        } else {
          dq[to] = sum[r * COLUMNS + c];
        }
      }
    }
  }
}

// All gradients in one dispatch: workgroups of queries, then of keys.
@compute @workgroup_size(256)
fn backprop(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let heads = params.H / params.K;
  let pair_groups = (params.N * heads + SIDE - 1u) / SIDE;
  let key_groups = (params.S + SIDE - 1u) / SIDE;
  let own = group.x + group.y * grid.x;
  if (own < pair_groups * params.K) {
    gradients_of_queries(thread, vec2u(pair_groups - 1u - own % pair_groups, own / pair_groups));
    return;
  }
  let rest = own - pair_groups * params.K;
  if (rest < key_groups * params.H) {
    let head = rest / key_groups;
    gradients_of_keys(thread, vec3u(rest % key_groups, head % params.K, head / params.K));
  }
}
