// attention_backward.wgsl's gradients for heads of 32 and rows of few keys: formulas and tensors as there, and the same order of
// all sums, by single keys and rows, and so the same bits.
//
// A workgroup owns OWN keys of one key head (or OWN pairs that read it), which stay in workgroup memory, and processes the rows
// that attend them (or the keys that they attend) in tiles of 32. A tile is loaded once, for scores and for gradients, while the
// gradients of the tile before are summed. Rows of both sides are stored as they are, and read by whole vec4. What a workgroup's
// own rows see are up to two ranges for each of the two spans, so that those of two groups do not bring what lies between them.

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
override ADD_Q: u32 = 0u;

// From the host: OWN, of which a thread has ROWS, by 4 of the other side; TWOS_PITCH, pairs of them padded, and ROW_TWOS = ROWS / 2;
// THREADS, and HALF of them; OWN_LOADS and LOADS, vec4 of both sides that a thread loads; KEY_TWOS and QUERY_TWOS, pairs of a
// gradient's rows of which a thread has a vec4, and KEY_SUMS and QUERY_SUMS, rows; EIGHTS = OWN / 8.
const WIDTH = 8u;
const PITCH = 9u;
const OTHERS = 32u;

// Rows of q and dout, or of k and v, padded by a vec4 against bank conflicts.
var<workgroup> own: array<array<vec4f, PITCH>, OWN>;
var<workgroup> own_down: array<array<vec4f, PITCH>, OWN>;
var<workgroup> other: array<array<vec4f, PITCH>, OTHERS>;
var<workgroup> other_down: array<array<vec4f, PITCH>, OTHERS>;
// Of rows that attend own keys.
var<workgroup> other_spans: array<vec4u, OTHERS>;
var<workgroup> other_stats: array<vec2f, OTHERS>;
// p and ds of the other side by two of the own one.
var<workgroup> weights: array<array<vec2f, TWOS_PITCH>, OTHERS>;
var<workgroup> dweights: array<array<vec2f, TWOS_PITCH>, OTHERS>;

// Dot products of ROWS of the own side with 4 of the other one: by rows, then the other side.
struct Products {
  score: array<vec4f, ROWS>,
  dscore: array<vec4f, ROWS>,
}

// The ranges of a phase, that of the first spans or of the second ones.
struct Ranges {
  first: vec2u,
  second: vec2u,
}

// A tile: which of the four ranges, where it starts, and where that range ends.
struct Tile {
  range: u32,
  at: u32,
  end: u32,
}

const EMPTY_RANGE = vec2u(0xffffffffu, 0u);

// The smallest range that contains both; either may be empty.
fn joined(range: vec2u, span: vec2u) -> vec2u {
  if (span.x >= span.y) {
    return range;
  }
  return vec2u(min(range.x, span.x), max(range.y, span.y));
}

// With a span added, to the second range where it is more than a tile away from the first.
fn with_span(ranges: Ranges, span: vec2u) -> Ranges {
  let first = ranges.first;
  let is_near = first.x >= first.y || (span.x <= first.y + OTHERS && first.x <= span.y + OTHERS);
  return Ranges(
    select(first, joined(first, span), is_near),
    select(joined(ranges.second, span), ranges.second, is_near),
  );
}

// In order; as one range where they overlap, so that nothing is visited twice.
fn in_order(ranges: Ranges) -> Ranges {
  let first = ranges.first;
  let second = ranges.second;
  if (second.x >= second.y || first.y <= second.x) {
    return ranges;
  }
  if (second.y <= first.x) {
    return Ranges(second, first);
  }
  return Ranges(joined(first, second), EMPTY_RANGE);
}

// The first tile from `at` of a range on that is not empty; range 4 behind the last one.
fn tile_from(first: Ranges, second: Ranges, range: u32, at: u32) -> Tile {
  var tile = Tile(range, at, 0u);
  for (var i = 0u; i < 4u; i++) { // unroll
    if (tile.range == i) {
      var own_range = first.first;
      if (i == 1u) {
        own_range = first.second;
      } else if (i == 2u) {
        own_range = second.first;
      } else if (i == 3u) {
        own_range = second.second;
      }
      let start = max(own_range.x, tile.at);
      if (start < own_range.y) {
        tile = Tile(i + 8u, start, own_range.y);
      } else {
        tile = Tile(i + 1u, 0u, 0u);
      }
    }
  }
  if (tile.range >= 8u) {
    tile.range -= 8u;
  }
  return tile;
}

fn products_of(tx: u32, ty: u32) -> Products {
  var products = Products();
  for (var c = 0u; c < WIDTH; c++) { // unroll
    var b = array<vec4f, 4>();
    var db = array<vec4f, 4>();
    for (var j = 0u; j < 4u; j++) { // unroll
      b[j] = other[tx + j * 8u][c];
      db[j] = other_down[tx + j * 8u][c];
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let a = own[ty * ROWS + r][c];
      let da = own_down[ty * ROWS + r][c];
      for (var i = 0u; i < 4u; i++) { // unroll
        for (var j = 0u; j < 4u; j++) { // unroll
          products.score[r][j] = fma(a[i], b[j][i], products.score[r][j]);
          products.dscore[r][j] = fma(da[i], db[j][i], products.dscore[r][j]);
        }
      }
    }
  }
  return products;
}

@compute @workgroup_size(THREADS)
fn backprop_kv(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  gradients_of_keys(thread, group);
}

fn gradients_of_keys(thread: u32, group: vec3u) {
  let tx = thread % 8u;
  let ty = thread / 8u;
  let first_key = group.x * OWN;
  let head = group.y * (params.H / params.K) + group.z;
  for (var i = 0u; i < OWN_LOADS; i++) { // unroll
    let place = thread + i * THREADS;
    let key = first_key + place / WIDTH;
    let start = (min(key, params.S - 1u) * params.K + group.y) * WIDTH + place % WIDTH;
    own[place / WIDTH][place % WIDTH] = k[start];
    own_down[place / WIDTH][place % WIDTH] = v[start];
  }
  var spans = array<vec4u, ROWS>();
  for (var r = 0u; r < ROWS; r++) { // unroll
    let key = first_key + ty * ROWS + r;
    if (key < params.S) {
      spans[r] = key_spans[key];
    }
  }
  // Spans are read eight at a time: one at a time would wait for each.
  var first = Ranges(EMPTY_RANGE, EMPTY_RANGE);
  var second = Ranges(EMPTY_RANGE, EMPTY_RANGE);
  for (var eight = 0u; eight < EIGHTS; eight++) {
    for (var i = 0u; i < 8u; i++) { // unroll
      let of_key = key_spans[min(first_key + eight * 8u + i, params.S - 1u)];
      first = with_span(first, of_key.xy);
      second = with_span(second, of_key.zw);
    }
  }
  first = in_order(first);
  second = in_order(second);

  // The first half of the threads sums dv, the second one dk.
  let lane = thread % HALF;
  let two = (lane / WIDTH) * KEY_TWOS;
  let column = lane % WIDTH;
  var sum = array<vec4f, KEY_SUMS>();

  var tile = tile_from(first, second, 0u, 0u);
  var next = array<vec4f, LOADS>();
  var next_down = array<vec4f, LOADS>();
  var next_spans = vec4u();
  var next_stats = vec2f();
  for (var i = 0u; i < LOADS; i++) { // unroll
    let n = tile.at + (thread + i * THREADS) / WIDTH;
    if (n < tile.end) {
      next[i] = q[(n * params.H + head) * WIDTH + thread % WIDTH];
      next_down[i] = dout[(n * params.H + head) * WIDTH + thread % WIDTH];
    }
  }
  if (thread < OTHERS && tile.at + thread < tile.end) {
    next_spans = query_spans[tile.at + thread];
    next_stats = stats[(tile.at + thread) * params.H + head];
  }
  while (tile.range < 4u) {
    for (var i = 0u; i < LOADS; i++) { // unroll
      let place = thread + i * THREADS;
      other[place / WIDTH][place % WIDTH] = next[i];
      other_down[place / WIDTH][place % WIDTH] = next_down[i];
    }
    if (thread < OTHERS) {
      other_spans[thread] = next_spans;
      other_stats[thread] = next_stats;
    }
    workgroupBarrier();
    let products = products_of(tx, ty);
    var p = array<vec4f, ROWS>();
    var ds = array<vec4f, ROWS>();
    for (var j = 0u; j < 4u; j++) { // unroll
      let n = tile.at + tx + j * 8u;
      let of_row = other_spans[tx + j * 8u];
      let stat = other_stats[tx + j * 8u];
      for (var r = 0u; r < ROWS; r++) { // unroll
        let span = select(spans[r].xy, spans[r].zw, tile.range >= 2u);
        if (n < tile.end && n >= span.x && n < span.y && holds(of_row, first_key + ty * ROWS + r)) {
          p[r][j] = exp(products.score[r][j] * params.scale - stat.x);
          ds[r][j] = p[r][j] * (products.dscore[r][j] - stat.y) * params.scale;
        }
      }
    }
    for (var j = 0u; j < 4u; j++) { // unroll
      for (var t = 0u; t < ROW_TWOS; t++) { // unroll
        weights[tx + j * 8u][ty * ROW_TWOS + t] = vec2f(p[t * 2u][j], p[t * 2u + 1u][j]);
        dweights[tx + j * 8u][ty * ROW_TWOS + t] = vec2f(ds[t * 2u][j], ds[t * 2u + 1u][j]);
      }
    }
    let count = tile.end - tile.at;
    workgroupBarrier();
    tile = tile_from(first, second, tile.range, tile.at + OTHERS);
    for (var i = 0u; i < LOADS; i++) { // unroll
      let n = tile.at + (thread + i * THREADS) / WIDTH;
      next[i] = vec4f();
      next_down[i] = vec4f();
      if (n < tile.end) {
        next[i] = q[(n * params.H + head) * WIDTH + thread % WIDTH];
        next_down[i] = dout[(n * params.H + head) * WIDTH + thread % WIDTH];
      }
    }
    if (thread < OTHERS && tile.at + thread < tile.end) {
      next_spans = query_spans[tile.at + thread];
      next_stats = stats[(tile.at + thread) * params.H + head];
    }
    for (var eighth = 0u; eighth < 4u; eighth++) { // unroll
      if (eighth * 8u < count) {
        if (thread < HALF) {
          for (var j = 0u; j < 8u; j++) { // unroll
            let value = other_down[eighth * 8u + j][column];
            for (var t = 0u; t < KEY_TWOS; t++) { // unroll
              let weight = weights[eighth * 8u + j][two + t];
              sum[t * 2u] = fma(vec4f(weight.x), value, sum[t * 2u]);
              sum[t * 2u + 1u] = fma(vec4f(weight.y), value, sum[t * 2u + 1u]);
            }
          }
        } else {
          for (var j = 0u; j < 8u; j++) { // unroll
            let value = other[eighth * 8u + j][column];
            for (var t = 0u; t < KEY_TWOS; t++) { // unroll
              let weight = dweights[eighth * 8u + j][two + t];
              sum[t * 2u] = fma(vec4f(weight.x), value, sum[t * 2u]);
              sum[t * 2u + 1u] = fma(vec4f(weight.y), value, sum[t * 2u + 1u]);
            }
          }
        }
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < KEY_SUMS; r++) { // unroll
    let key = first_key + two * 2u + r;
    if (key < params.S) {
      let to = ((group.z * params.S + key) * params.K + group.y) * WIDTH + column;
      if (thread < HALF) {
        if (ADD_V == 1u) {
          dv[to] += sum[r];
        } else {
          dv[to] = sum[r];
        }
      } else if (ADD == 1u) {
        dk[to] += sum[r];
      } else {
        dk[to] = sum[r];
      }
    }
  }
}

// Index of the row of q and dout for a pair: pairs are rows by the heads of a key head.
fn row_of_pair(pair: u32, pairs: u32, heads: u32, key_head: u32) -> u32 {
  return select(NO_INDEX, (pair / heads) * params.H + key_head * heads + pair % heads, pair < pairs);
}

@compute @workgroup_size(THREADS)
fn backprop_q(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  // Late rows of a causal sequence have the most keys: they start first.
  gradients_of_queries(thread, vec2u(grid.x - 1u - group.x, group.y));
}

fn gradients_of_queries(thread: u32, group: vec2u) {
  let tx = thread % 8u;
  let ty = thread / 8u;
  let heads = params.H / params.K;
  let pairs = params.N * heads;
  let first_pair = group.x * OWN;
  for (var i = 0u; i < OWN_LOADS; i++) { // unroll
    let place = thread + i * THREADS;
    let pair = min(first_pair + place / WIDTH, pairs - 1u);
    let start = row_of_pair(pair, pairs, heads, group.y) * WIDTH + place % WIDTH;
    own[place / WIDTH][place % WIDTH] = q[start];
    own_down[place / WIDTH][place % WIDTH] = dout[start];
  }
  var spans = array<vec4u, ROWS>();
  var stat = array<vec2f, ROWS>();
  for (var r = 0u; r < ROWS; r++) { // unroll
    let pair = first_pair + ty * ROWS + r;
    if (pair < pairs) {
      spans[r] = query_spans[pair / heads];
      stat[r] = stats[row_of_pair(pair, pairs, heads, group.y)];
    }
  }
  let first_row = first_pair / heads;
  let last_row = (min(first_pair + OWN, pairs) - 1u) / heads;
  var first = Ranges(EMPTY_RANGE, EMPTY_RANGE);
  var second = Ranges(EMPTY_RANGE, EMPTY_RANGE);
  for (var start = first_row; start <= last_row; start += 8u) {
    for (var i = 0u; i < 8u; i++) { // unroll
      let of_row = query_spans[min(start + i, last_row)];
      first = with_span(first, of_row.xy);
      second = with_span(second, of_row.zw);
    }
  }
  first = in_order(first);
  second = in_order(second);

  let two = (thread / WIDTH) * QUERY_TWOS;
  let column = thread % WIDTH;
  var sum = array<vec4f, QUERY_SUMS>();

  var tile = tile_from(first, second, 0u, 0u);
  var next = array<vec4f, LOADS>();
  var next_down = array<vec4f, LOADS>();
  for (var i = 0u; i < LOADS; i++) { // unroll
    let key = tile.at + (thread + i * THREADS) / WIDTH;
    if (key < tile.end) {
      next[i] = k[(key * params.K + group.y) * WIDTH + thread % WIDTH];
      next_down[i] = v[(key * params.K + group.y) * WIDTH + thread % WIDTH];
    }
  }
  while (tile.range < 4u) {
    for (var i = 0u; i < LOADS; i++) { // unroll
      let place = thread + i * THREADS;
      other[place / WIDTH][place % WIDTH] = next[i];
      other_down[place / WIDTH][place % WIDTH] = next_down[i];
    }
    workgroupBarrier();
    let products = products_of(tx, ty);
    var ds = array<vec4f, ROWS>();
    for (var r = 0u; r < ROWS; r++) { // unroll
      let span = select(spans[r].xy, spans[r].zw, tile.range >= 2u);
      for (var j = 0u; j < 4u; j++) { // unroll
        let key = tile.at + tx + j * 8u;
        if (key < tile.end && key >= span.x && key < span.y) {
          let p = exp(products.score[r][j] * params.scale - stat[r].x);
          ds[r][j] = p * (products.dscore[r][j] - stat[r].y) * params.scale;
        }
      }
    }
    for (var j = 0u; j < 4u; j++) { // unroll
      for (var t = 0u; t < ROW_TWOS; t++) { // unroll
        dweights[tx + j * 8u][ty * ROW_TWOS + t] = vec2f(ds[t * 2u][j], ds[t * 2u + 1u][j]);
      }
    }
    let count = tile.end - tile.at;
    workgroupBarrier();
    tile = tile_from(first, second, tile.range, tile.at + OTHERS);
    for (var i = 0u; i < LOADS; i++) { // unroll
      let key = tile.at + (thread + i * THREADS) / WIDTH;
      next[i] = vec4f();
      next_down[i] = vec4f();
      if (key < tile.end) {
        next[i] = k[(key * params.K + group.y) * WIDTH + thread % WIDTH];
        next_down[i] = v[(key * params.K + group.y) * WIDTH + thread % WIDTH];
      }
    }
    for (var eighth = 0u; eighth < 4u; eighth++) { // unroll
      if (eighth * 8u < count) {
        for (var j = 0u; j < 8u; j++) { // unroll
          let value = other[eighth * 8u + j][column];
          for (var t = 0u; t < QUERY_TWOS; t++) { // unroll
            let weight = dweights[eighth * 8u + j][two + t];
            sum[t * 2u] = fma(vec4f(weight.x), value, sum[t * 2u]);
            sum[t * 2u + 1u] = fma(vec4f(weight.y), value, sum[t * 2u + 1u]);
          }
        }
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < QUERY_SUMS; r++) { // unroll
    let row = row_of_pair(first_pair + two * 2u + r, pairs, heads, group.y);
    if (row != NO_INDEX) {
      let to = row * WIDTH + column;
      if (ADD_Q == 1u) {
        dq[to] += sum[r];
      } else {
        dq[to] = sum[r];
      }
    }
  }
}

// All gradients in one dispatch: workgroups of keys, of which those of shared prefixes take longest, then of queries.
@compute @workgroup_size(THREADS)
fn backprop(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let heads = params.H / params.K;
  let pair_groups = (params.N * heads + OWN - 1u) / OWN;
  let key_groups = (params.S + OWN - 1u) / OWN;
  let index = group.x + group.y * grid.x;
  if (index < key_groups * params.H) {
    let head = index / key_groups;
    gradients_of_keys(thread, vec3u(index % key_groups, head % params.K, head / params.K));
    return;
  }
  let rest = index - key_groups * params.H;
  if (rest < pair_groups * params.K) {
    gradients_of_queries(thread, vec2u(pair_groups - 1u - rest % pair_groups, rest / pair_groups));
  }
}
