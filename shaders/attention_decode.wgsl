// attention.wgsl's forward pass for rows that have keys of their own, as in decoding: shapes, spans and stats as there,
// 4 divides D. The order of sums is that of attention_forward.wgsl, and so are the bits.
//
// A workgroup has one row and HEADS heads of one key head. 256 keys, four tiles of 64, are scored at one time, a key a
// thread; then a thread adds the values up for one number of d and four heads.

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
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;

// From the host: WIDTH = D / 4; FOURS of heads; OUTPUTS, numbers of D x FOURS for a thread.
const THREADS = 256u;
const LOWEST: f32 = -1e30;

var<workgroup> queries: array<array<vec4f, WIDTH>, HEADS>;
// 8 numbers of d of 256 keys; one four more, for the banks.
var<workgroup> tile: array<array<vec4f, 3>, THREADS>;
// Scores, then weights, by key and four heads.
var<workgroup> scores: array<array<vec4f, FOURS>, THREADS>;
// By tile of 64 keys, quarter of it, and head.
var<workgroup> maxima: array<array<f32, HEADS>, 16>;
var<workgroup> sums: array<array<f32, HEADS>, 16>;
var<workgroup> shrinks: array<array<vec4f, FOURS>, 4>;
var<workgroup> factors: array<vec4f, FOURS>;
var<workgroup> highest: array<f32, HEADS>;

fn first_length(spans: vec4u) -> u32 {
  return max(spans.x, spans.y) - spans.x;
}

// The key at place `t` of the two spans laid end to end.
fn member(spans: vec4u, t: u32) -> u32 {
  let first = first_length(spans);
  return select(spans.z + t - first, spans.x + t, t < first);
}

@compute @workgroup_size(256)
fn attend(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let n = group.x;
  let first_head = group.y * HEADS;
  let key_head = first_head / (params.H / params.K);
  let spans = query_spans[n];
  let count = first_length(spans) + max(spans.z, spans.w) - spans.z;
  for (var i = thread; i < HEADS * WIDTH; i += THREADS) {
    queries[i / WIDTH][i % WIDTH] = q[(n * params.H + first_head) * WIDTH + i];
  }
  if (thread < HEADS) {
    highest[thread] = LOWEST;
  }
  // Of the head `thread`, where there is one.
  var sum = 0.0;
  // Of numbers `thread`, `thread` + 256 ... of D x FOURS.
  var result = array<vec4f, OUTPUTS>();

  for (var at = 0u; at < count; at += THREADS) {
    let t = at + thread;
    var score = array<f32, HEADS>();
    for (var slice = 0u; slice < WIDTH; slice += 2u) {
      workgroupBarrier();
      for (var i = 0u; i < 2u; i++) { // unroll
        let place = thread + i * THREADS;
        let four = slice + place % 2u;
        var value = vec4f();
        if (at + place / 2u < count && four < WIDTH) {
          value = k[(member(spans, at + place / 2u) * params.K + key_head) * WIDTH + four];
        }
        tile[place / 2u][place % 2u] = value;
      }
      workgroupBarrier();
      for (var i = 0u; i < 2u; i++) { // unroll
        let key = tile[thread][i];
        let four = min(slice + i, WIDTH - 1u);
        for (var h = 0u; h < HEADS; h++) { // unroll
          let row = queries[h][four];
          score[h] = fma(row.x, key.x, score[h]);
          score[h] = fma(row.y, key.y, score[h]);
          score[h] = fma(row.z, key.z, score[h]);
          score[h] = fma(row.w, key.w, score[h]);
        }
      }
    }
    for (var h = 0u; h < HEADS; h++) { // unroll
      scores[thread][h / 4u][h % 4u] = select(LOWEST, score[h] * params.scale, t < count);
    }
    workgroupBarrier();

    // A thread has a quarter of a tile for one head.
    let head = thread % HEADS;
    let quarter = thread / HEADS;
    var own = array<f32, 16>();
    if (quarter < 16u) {
      var top = LOWEST;
      for (var i = 0u; i < 16u; i++) { // unroll
        own[i] = scores[quarter * 16u + i][head / 4u][head % 4u];
        top = max(top, own[i]);
      }
      maxima[quarter][head] = top;
    }
    workgroupBarrier();
    if (quarter < 16u) {
      let of_tile = quarter / 4u;
      var before = highest[head];
      for (var other = 0u; other < of_tile * 4u; other++) {
        before = max(before, maxima[other][head]);
      }
      var top = before;
      for (var other = 0u; other < 4u; other++) { // unroll
        top = max(top, maxima[of_tile * 4u + other][head]);
      }
      var part = 0.0;
      for (var i = 0u; i < 16u; i++) { // unroll
        let weight = select(0.0, exp(own[i] - top), own[i] > LOWEST);
        scores[quarter * 16u + i][head / 4u][head % 4u] = weight;
        part += weight;
      }
      sums[quarter][head] = part;
      if (quarter % 4u == 0u) {
        shrinks[of_tile][head / 4u][head % 4u] = exp(before - top);
      }
    }
    workgroupBarrier();
    if (thread < HEADS) {
      for (var i = 0u; i < 4u; i++) { // unroll
        let whole = ((sums[i * 4u][thread] + sums[i * 4u + 1u][thread]) + sums[i * 4u + 2u][thread]) + sums[i * 4u + 3u][thread];
        sum = fma(sum, shrinks[i][thread / 4u][thread % 4u], whole);
        for (var j = 0u; j < 4u; j++) { // unroll
          highest[thread] = max(highest[thread], maxima[i * 4u + j][thread]);
        }
      }
    }

    for (var o = 0u; o < OUTPUTS; o++) { // unroll
      let place = thread + o * THREADS;
      let d = place % (WIDTH * 4u);
      let heads = place / (WIDTH * 4u);
      if (heads < FOURS) {
        for (var tile_at = 0u; tile_at < THREADS && at + tile_at < count; tile_at += 64u) {
          result[o] *= shrinks[tile_at / 64u][heads];
          let end = min(64u, count - at - tile_at);
          var j = 0u;
          for (; j + 8u <= end; j += 8u) {
            var values = array<f32, 8>();
            for (var i = 0u; i < 8u; i++) { // unroll
              values[i] = v[(member(spans, at + tile_at + j + i) * params.K + key_head) * WIDTH * 4u + d];
            }
            for (var i = 0u; i < 8u; i++) { // unroll
              result[o] = fma(scores[tile_at + j + i][heads], vec4f(values[i]), result[o]);
            }
          }
          for (; j < end; j++) {
            let value = v[(member(spans, at + tile_at + j) * params.K + key_head) * WIDTH * 4u + d];
            result[o] = fma(scores[tile_at + j][heads], vec4f(value), result[o]);
          }
        }
      }
    }
  }

  workgroupBarrier();
  // A row without keys has a sum of 0 and gets 0.
  if (thread < HEADS) {
    factors[thread / 4u][thread % 4u] = select(0.0, 1.0 / sum, sum > 0.0);
    stats[n * params.H + first_head + thread] = vec2f(select(0.0, highest[thread] + log(sum), sum > 0.0), 0.0);
  }
  workgroupBarrier();
  for (var o = 0u; o < OUTPUTS; o++) { // unroll
    let place = thread + o * THREADS;
    let d = place % (WIDTH * 4u);
    let heads = place / (WIDTH * 4u);
    if (heads < FOURS) {
      let value = result[o] * factors[heads];
      for (var i = 0u; i < 4u; i++) { // unroll
        let head = heads * 4u + i;
        if (head < HEADS) {
          out[((n * params.H + first_head + head) * WIDTH * 4u) + d] = value[i];
        }
      }
    }
  }
}
