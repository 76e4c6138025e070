// attention_forward.wgsl for heads of 32 and rows of few keys, with the same order of all sums and so the same bits: tiles of
// 64 keys, each with a softmax of its own, in quarters of 16. A file of cache/ reads keys and values.
//
// A workgroup has PAIRS (16 or 32) pairs of one key head instead of 64, with four threads for each: short sequences leave
// fewer of its keys unseen, and more workgroups are resident. Queries stay in workgroup memory; a key's row is read by whole
// vec4, in the order in which it is stored; values replace keys in the same memory when scores have been computed. Keys
// behind the last one of a run of rows have a weight of 0, and are left out of sums.

struct Params {
  N: u32,
  S: u32,
  H: u32,
  K: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(4) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;

// From the host: PAIRS; THREADS = 4 PAIRS; TWOS = PAIRS / 2, and TWOS_PITCH, one more against bank conflicts; LOADS, vec4 of a
// tile that a thread loads.
const WIDTH = 8u;
const PITCH = 9u;
const KEYS = 64u;
const LOWEST: f32 = -1e30;

var<workgroup> queries: array<array<vec4f, PITCH>, PAIRS>;
// Keys, then values.
var<workgroup> tile: array<array<vec4f, PITCH>, KEYS>;
// Scores, then weights, of 64 keys by two pairs.
var<workgroup> weights: array<array<vec2f, TWOS_PITCH>, KEYS>;
var<workgroup> maxima: array<array<f32, PAIRS>, 4>;
var<workgroup> sums: array<array<f32, PAIRS>, 4>;
// Factors of the result so far, and of the tile's result.
var<workgroup> kept: array<vec2f, TWOS>;
var<workgroup> added: array<vec2f, TWOS>;

// The vec4 of keys or values at `place` of a tile of rows, from position `at` on; NO_INDEX behind the last key.
fn place_of(at: u32, place: u32, places: vec3u, longest: u32, head: u32) -> u32 {
  let t = at + place / WIDTH;
  let key = select(places.z + t - places.y, places.x + t, t < places.y);
  return select(NO_INDEX, (key * params.K + head) * WIDTH + place % WIDTH, t < longest);
}

@compute @workgroup_size(THREADS)
fn attend(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let heads = params.H / params.K;
  let rows = PAIRS / heads;
  // Late rows of a causal sequence have the most keys: they start first.
  let first_row = (grid.x - 1u - group.x) * rows;
  let end_row = min(first_row + rows, params.N);
  // Scores: 4 pairs by 4 keys a thread, every 16th one.
  let ty = thread / 16u;
  let tx = thread % 16u;
  // Softmax: a quarter of the keys of a pair.
  let pair = thread % PAIRS;
  let quarter = thread / PAIRS;
  // Result: a vec4 of D of two pairs.
  let two = thread / WIDTH;
  let column = thread % WIDTH;

  for (var i = 0u; i < 2u; i++) { // unroll
    let place = thread + i * THREADS;
    let own = place / WIDTH;
    let row = min(first_row + own / heads, params.N - 1u);
    queries[own][place % WIDTH] = q[(row * params.H + group.y * heads + own % heads) * WIDTH + place % WIDTH];
  }

  var result = array<vec4f, 2>();
  var highest = LOWEST;
  var sum = 0.0;

  var begin = first_row;
  while (begin < end_row) {
    // The run of rows with the same keys at the same positions. Spans are read eight at a time: one at a time would wait for each.
    let places = map_of(query_spans[begin]);
    var longest = length_of(query_spans[begin]);
    var end = begin + 1u;
    var joins = true;
    for (var start = begin + 1u; start < end_row && joins; start += 8u) {
      for (var i = 0u; i < 8u; i++) { // unroll
        let spans = query_spans[min(start + i, end_row - 1u)];
        joins = joins && start + i < end_row && all(map_of(spans) == places);
        if (joins) {
          longest = max(longest, length_of(spans));
          end = start + i + 1u;
        }
      }
    }
    var counts = vec4u();
    for (var r = 0u; r < 4u; r++) { // unroll
      let n = first_row + (ty * 4u + r) / heads;
      if (n >= begin && n < end) {
        counts[r] = length_of(query_spans[n]);
      }
    }

    for (var at = 0u; at < longest; at += KEYS) {
      let left = longest - at;
      var next = array<vec4f, LOADS>();
      for (var i = 0u; i < LOADS; i++) { // unroll
        let start = place_of(at, thread + i * THREADS, places, longest, group.y);
        if (start != NO_INDEX) {
          next[i] = key_vec4(start);
        }
      }
      workgroupBarrier();
      for (var i = 0u; i < LOADS; i++) { // unroll
        let place = thread + i * THREADS;
        tile[place / WIDTH][place % WIDTH] = next[i];
      }
      workgroupBarrier();
      // Values, while scores are computed.
      for (var i = 0u; i < LOADS; i++) { // unroll
        next[i] = vec4f();
        let start = place_of(at, thread + i * THREADS, places, longest, group.y);
        if (start != NO_INDEX) {
          next[i] = value_vec4(start);
        }
      }
      var score = array<vec4f, 4>();
      if (left > 16u) {
        for (var c = 0u; c < WIDTH; c++) { // unroll
          var key = array<vec4f, 4>();
          for (var j = 0u; j < 4u; j++) { // unroll
            key[j] = tile[tx + j * 16u][c];
          }
          for (var r = 0u; r < 4u; r++) { // unroll
            let row = queries[ty * 4u + r][c];
            for (var i = 0u; i < 4u; i++) { // unroll
              for (var j = 0u; j < 4u; j++) { // unroll
                score[j][r] = fma(row[i], key[j][i], score[j][r]);
              }
            }
          }
        }
      } else {
        for (var c = 0u; c < WIDTH; c++) { // unroll
          let key = tile[tx][c];
          for (var r = 0u; r < 4u; r++) { // unroll
            let row = queries[ty * 4u + r][c];
            for (var i = 0u; i < 4u; i++) { // unroll
              score[0][r] = fma(row[i], key[i], score[0][r]);
            }
          }
        }
      }
      for (var j = 0u; j < 4u; j++) { // unroll
        let seen = select(vec4f(LOWEST), score[j] * params.scale, vec4u(at + tx + j * 16u) < counts);
        weights[tx + j * 16u][ty * 2u] = seen.xy;
        weights[tx + j * 16u][ty * 2u + 1u] = seen.zw;
      }
      workgroupBarrier();
      for (var i = 0u; i < LOADS; i++) { // unroll
        let place = thread + i * THREADS;
        tile[place / WIDTH][place % WIDTH] = next[i];
      }

      // Weights: a quarter of the keys of a pair a thread.
      var own = array<f32, 16>();
      var top = LOWEST;
      for (var i = 0u; i < 16u; i++) { // unroll
        own[i] = weights[quarter * 16u + i][pair / 2u][pair % 2u];
        top = max(top, own[i]);
      }
      maxima[quarter][pair] = top;
      workgroupBarrier();
      top = max(max(maxima[0][pair], maxima[1][pair]), max(maxima[2][pair], maxima[3][pair]));
      var part = 0.0;
      for (var i = 0u; i < 16u; i++) { // unroll
        let weight = select(0.0, exp(own[i] - top), own[i] > LOWEST);
        weights[quarter * 16u + i][pair / 2u][pair % 2u] = weight;
        part += weight;
      }
      sums[quarter][pair] = part;
      let above = max(highest, top);
      let keep = exp(highest - above);
      let add = exp(top - above);
      highest = above;
      if (quarter == 0u) {
        kept[pair / 2u][pair % 2u] = keep;
        added[pair / 2u][pair % 2u] = add;
      }
      workgroupBarrier();
      let whole = ((sums[0][pair] + sums[1][pair]) + sums[2][pair]) + sums[3][pair];
      sum = fma(whole, add, sum * keep);

      var part_result = array<vec4f, 2>();
      for (var eighth = 0u; eighth < 8u; eighth++) { // unroll
        if (eighth * 8u < left) {
          for (var j = 0u; j < 8u; j++) { // unroll
            let weight = weights[eighth * 8u + j][two];
            let value = tile[eighth * 8u + j][column];
            part_result[0] = fma(vec4f(weight.x), value, part_result[0]);
            part_result[1] = fma(vec4f(weight.y), value, part_result[1]);
          }
        }
      }
      let keep_of = kept[two];
      let add_of = added[two];
      for (var r = 0u; r < 2u; r++) { // unroll
        result[r] = fma(part_result[r], vec4f(add_of[r]), result[r] * keep_of[r]);
      }
    }
    begin = end;
  }

  // A row without keys has a sum of 0 and gets 0.
  workgroupBarrier();
  if (quarter == 0u) {
    kept[pair / 2u][pair % 2u] = select(0.0, 1.0 / sum, sum > 0.0);
    let n = first_row + pair / heads;
    if (pair < rows * heads && n < params.N) {
      stats[n * params.H + group.y * heads + pair % heads] = vec2f(select(0.0, highest + log(sum), sum > 0.0), 0.0);
    }
  }
  workgroupBarrier();
  let factor = kept[two];
  for (var r = 0u; r < 2u; r++) { // unroll
    let own_pair = two * 2u + r;
    let n = first_row + own_pair / heads;
    if (own_pair < rows * heads && n < params.N) {
      out[(n * params.H + group.y * heads + own_pair % heads) * WIDTH + column] = result[r] * factor[r];
    }
  }
}
