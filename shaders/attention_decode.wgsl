// attention.wgsl's forward pass for rows that have keys of their own, as in decoding: shapes, spans and stats as there,
// 4 divides D; a file of cache/ reads keys and values. The order of sums, and so the bits, are those of
// attention_forward.wgsl: `attend` computes a tile of 64 keys for HEADS heads of one row, `join` combines the tiles; `attend_whole`
// does both, tile after tile.
//   parts (N, TILES, H, D), part_stats (N, TILES, H, 2) = [maximum, sum]: results of tiles before they are scaled

struct Params {
  N: u32,
  S: u32,
  H: u32,
  K: u32,
  scale: f32,
  tiles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(4) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> parts: array<f32>;
@group(0) @binding(6) var<storage, read_write> part_stats: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<storage, read_write> stats: array<vec2f>;

// From the host: WIDTH = D / 4; HEAD_VEC4S, vec4 of heads; OUTPUTS, numbers of D x HEAD_VEC4S for a thread.
const THREADS = 256u;
const KEYS = 64u;
const LOWEST: f32 = -1e30;
// vec4 of D in a slice of queries and keys, and their stride, padded against bank conflicts.
const SLICE = 16u;
const STRIDE = 17u;
// Threads that share a key.
const LANES = 4u;
// Tiles that `join` loads at a time.
const AHEAD = 4u;

var<workgroup> queries: array<array<vec4f, WIDTH>, HEADS>;
var<workgroup> keys: array<vec4f, 1088>;
// Scores, then weights, by key and vec4 of heads.
var<workgroup> scores: array<array<vec4f, HEAD_VEC4S>, KEYS>;
// By quarter of the tile, and head.
var<workgroup> maxima: array<array<f32, HEADS>, 4>;
var<workgroup> sums: array<array<f32, HEADS>, 4>;

// What a thread has of a tile's result: numbers of D for a vec4 of heads.
var<private> tile_results: array<vec4f, OUTPUTS>;

fn load_queries(thread: u32, n: u32, first_head: u32) {
  for (var i = thread; i < HEADS * WIDTH; i += THREADS) {
    queries[i / WIDTH][i % WIDTH] = q[(n * params.H + first_head) * WIDTH + i];
  }
}

// The largest score of a head in the tile, and the sum of its weights.
fn stats_of(head: u32) -> vec2f {
  let top = max(max(maxima[0][head], maxima[1][head]), max(maxima[2][head], maxima[3][head]));
  return vec2f(top, ((sums[0][head] + sums[1][head]) + sums[2][head]) + sums[3][head]);
}

// The tile of keys from `at` on of `count`, for the queries in workgroup memory: leaves `tile_results`, `maxima` and `sums`.
fn attend_tile(thread: u32, spans: vec4u, at: u32, count: u32, key_head: u32) {
  let end = min(KEYS, count - at);
  // A thread has a key and every fourth head.
  let own_key = thread % KEYS;
  let lane = thread / KEYS;
  var next = array<vec4f, 4>();
  for (var i = 0u; i < 4u; i++) { // unroll
    next[i] = key_at(thread + i * THREADS, 0u, at, end, spans, key_head);
  }
  // Half of the values, loaded while scores are computed.
  var ahead = array<f32, 32>();
  for (var j = 0u; j < 32u; j++) { // unroll
    ahead[j] = value_at(j, thread, at, end, spans, key_head);
  }
  var score = array<f32, HEAD_VEC4S>();
  for (var slice = 0u; slice < WIDTH; slice += SLICE) {
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) { // unroll
      let place = thread + i * THREADS;
      keys[(place / SLICE) * STRIDE + place % SLICE] = next[i];
    }
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) { // unroll
      next[i] = key_at(thread + i * THREADS, slice + SLICE, at, end, spans, key_head);
    }
    for (var i = 0u; i < SLICE; i++) { // unroll
      let key = keys[own_key * STRIDE + i];
      let at4 = min(slice + i, WIDTH - 1u);
      for (var h = 0u; h < HEAD_VEC4S; h++) { // unroll
        let row = queries[min(h * LANES + lane, HEADS - 1u)][at4];
        score[h] = fma(row.x, key.x, score[h]);
        score[h] = fma(row.y, key.y, score[h]);
        score[h] = fma(row.z, key.z, score[h]);
        score[h] = fma(row.w, key.w, score[h]);
      }
    }
  }
  for (var h = 0u; h < HEAD_VEC4S; h++) { // unroll
    scores[own_key][h][lane] = select(LOWEST, score[h] * params.scale, own_key < end);
  }
  workgroupBarrier();

  // A thread has a quarter of the keys for one head.
  let head = thread % HEADS;
  let quarter = thread / HEADS;
  var own = array<f32, 16>();
  if (quarter < 4u) {
    var top = LOWEST;
    for (var i = 0u; i < 16u; i++) { // unroll
      own[i] = scores[quarter * 16u + i][head / 4u][head % 4u];
      top = max(top, own[i]);
    }
    maxima[quarter][head] = top;
  }
  workgroupBarrier();
  if (quarter < 4u) {
    let top = max(max(maxima[0][head], maxima[1][head]), max(maxima[2][head], maxima[3][head]));
    var part = 0.0;
    for (var i = 0u; i < 16u; i++) { // unroll
      let weight = select(0.0, exp(own[i] - top), own[i] > LOWEST);
      scores[quarter * 16u + i][head / 4u][head % 4u] = weight;
      part += weight;
    }
    sums[quarter][head] = part;
  }
  workgroupBarrier();

  for (var o = 0u; o < OUTPUTS; o++) { // unroll
    let place = thread + o * THREADS;
    let heads = place / (WIDTH * 4u);
    var result = vec4f();
    if (heads < HEAD_VEC4S) {
      for (var half = 0u; half < KEYS; half += 32u) {
        if (o > 0u || half > 0u) {
          for (var j = 0u; j < 32u; j++) { // unroll
            ahead[j] = value_at(half + j, place, at, end, spans, key_head);
          }
        }
        for (var j = 0u; j < 32u; j++) { // unroll
          result = fma(scores[half + j][heads], vec4f(ahead[j]), result);
        }
      }
    }
    tile_results[o] = result;
  }
}

@compute @workgroup_size(256)
fn attend(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let n = group.x;
  let first_head = group.y * HEADS;
  let spans = query_spans[n];
  let count = length_of(spans);
  if (group.z * KEYS >= count) {
    return;
  }
  load_queries(thread, n, first_head);
  attend_tile(thread, spans, group.z * KEYS, count, first_head / (params.H / params.K));
  let to_pair = (n * params.tiles + group.z) * params.H + first_head;
  if (thread < HEADS) {
    part_stats[to_pair + thread] = stats_of(thread);
  }
  for (var o = 0u; o < OUTPUTS; o++) { // unroll
    let place = thread + o * THREADS;
    let d = place % (WIDTH * 4u);
    let heads = place / (WIDTH * 4u);
    if (heads < HEAD_VEC4S) {
      for (var i = 0u; i < 4u; i++) { // unroll
        if (heads * 4u + i < HEADS) {
          parts[(to_pair + heads * 4u + i) * WIDTH * 4u + d] = tile_results[o][i];
        }
      }
    }
  }
}

// All tiles of a row one after another, in the order of `join`: one dispatch, for rows of few keys.
@compute @workgroup_size(256)
fn attend_whole(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let n = group.x;
  let first_head = group.y * HEADS;
  let spans = query_spans[n];
  let count = length_of(spans);
  load_queries(thread, n, first_head);
  var result = array<vec4f, OUTPUTS>();
  var highest = array<vec4f, OUTPUTS>();
  var sum = array<vec4f, OUTPUTS>();
  for (var o = 0u; o < OUTPUTS; o++) { // unroll
    highest[o] = vec4f(LOWEST);
  }
  for (var at = 0u; at < count; at += KEYS) {
    attend_tile(thread, spans, at, count, first_head / (params.H / params.K));
    for (var o = 0u; o < OUTPUTS; o++) { // unroll
      let heads = min((thread + o * THREADS) / (WIDTH * 4u), HEAD_VEC4S - 1u) * 4u;
      for (var i = 0u; i < 4u; i++) { // unroll
        let tile = stats_of(min(heads + i, HEADS - 1u));
        let above = max(highest[o][i], tile.x);
        let keep = exp(highest[o][i] - above);
        let add = exp(tile.x - above);
        highest[o][i] = above;
        sum[o][i] = fma(tile.y, add, sum[o][i] * keep);
        result[o][i] = fma(tile_results[o][i], add, result[o][i] * keep);
      }
    }
  }
  for (var o = 0u; o < OUTPUTS; o++) { // unroll
    let place = thread + o * THREADS;
    let d = place % (WIDTH * 4u);
    let heads = place / (WIDTH * 4u);
    for (var i = 0u; i < 4u; i++) { // unroll
      if (heads < HEAD_VEC4S && heads * 4u + i < HEADS) {
        let pair = n * params.H + first_head + heads * 4u + i;
        out[pair * WIDTH * 4u + d] = result[o][i] * select(0.0, 1.0 / sum[o][i], sum[o][i] > 0.0);
        if (d == 0u) {
          stats[pair] = vec2f(select(0.0, highest[o][i] + log(sum[o][i]), sum[o][i] > 0.0), 0.0);
        }
      }
    }
  }
}

// vec4 `place` of the 64 keys by SLICE vec4 of a slice.
fn key_at(place: u32, slice: u32, at: u32, end: u32, spans: vec4u, key_head: u32) -> vec4f {
  let key = place / SLICE;
  let at4 = slice + place % SLICE;
  if (key < end && at4 < WIDTH) {
    return key_vec4((member(spans, at + key) * params.K + key_head) * WIDTH + at4);
  }
  return vec4f();
}

// The number of one key's value that belongs to `place` of D x HEAD_VEC4S.
fn value_at(key: u32, place: u32, at: u32, end: u32, spans: vec4u, key_head: u32) -> f32 {
  if (key < end && place < WIDTH * 4u * HEAD_VEC4S) {
    return value_scalar((member(spans, at + key) * params.K + key_head) * WIDTH * 4u + place % (WIDTH * 4u));
  }
  return 0.0;
}

// Combines the tiles of a (row, head) pair: one thread a number of D.
@compute @workgroup_size(64)
fn join(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let to = id.x + id.y * grid.x * 64u;
  let pair = to / (WIDTH * 4u);
  if (pair >= params.N * params.H) {
    return;
  }
  let n = pair / params.H;
  let tiles = (length_of(query_spans[n]) + KEYS - 1u) / KEYS;
  var highest = LOWEST;
  var sum = 0.0;
  var result = 0.0;
  for (var first = 0u; first < tiles; first += AHEAD) {
    // Several tiles are loaded at once; they are combined one after another.
    var tile_stats = array<vec2f, AHEAD>();
    var tile_parts = array<f32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) { // unroll
      let from_pair = (n * params.tiles + min(first + i, tiles - 1u)) * params.H + pair % params.H;
      tile_stats[i] = part_stats[from_pair];
      tile_parts[i] = parts[from_pair * WIDTH * 4u + to % (WIDTH * 4u)];
    }
    for (var i = 0u; i < AHEAD; i++) { // unroll
      if (first + i < tiles) {
        let above = max(highest, tile_stats[i].x);
        let keep = exp(highest - above);
        let add = exp(tile_stats[i].x - above);
        highest = above;
        sum = fma(tile_stats[i].y, add, sum * keep);
        result = fma(tile_parts[i], add, result * keep);
      }
    }
  }
  // A row without keys has a sum of 0 and gets 0.
  out[to] = result * select(0.0, 1.0 / sum, sum > 0.0);
  if (to % (WIDTH * 4u) == 0u) {
    stats[pair] = vec2f(select(0.0, highest + log(sum), sum > 0.0), 0.0);
  }
}
