// attention.wgsl's forward pass with tiles in workgroup memory: shapes, spans and stats as there, 4 divides D. A file of
// cache/ reads keys and values.
//
// A (row, head) pair processes its keys, the concatenated spans, in tiles of 64, each with a softmax of its own: a score is
// summed over D in order, the tile's maximum is subtracted, the tile's sum is that of four quarters of 16 keys, each in
// order, and values are added in order of keys. Tiles are combined in order (online softmax): the result so far and that of
// the tile are scaled to the larger maximum. attention_decode.wgsl uses the same order, so the bits of a pair depend neither
// on the kernel nor on other rows.
//
// A workgroup has 64 pairs of one key head: rows with all their heads. Rows with the same keys at the same positions (a causal
// sequence, a picture, a sequence behind a shared prefix) are processed together; a workgroup may have several such runs of
// rows, one after another.

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

const PAIRS = 64u;
const KEYS = 64u;
// From the host: WIDTH = D / 4; COLUMNS, vec4 of a row of the result that a thread has (every 16th one); VALUES, keys whose
// values are in workgroup memory at a time; ROUNDS = KEYS / VALUES.
const LOWEST: f32 = -1e30;

// First 32 numbers of D of 64 pairs, and of 64 keys; then scores and weights of 64 keys by vec4 of pairs. Padded by one vec4
// against bank conflicts. Indices become constants when loops are unrolled, and then need no bounds check.
var<workgroup> scores: array<array<vec4f, 17>, 64>;
// Values of VALUES keys.
var<workgroup> values: array<array<vec4f, 16>, 32>;
var<workgroup> maxima: array<array<f32, PAIRS>, 4>;
var<workgroup> sums: array<array<f32, PAIRS>, 4>;
// Factors of the result so far, and of the tile's result.
var<workgroup> kept: array<vec4f, 16>;
var<workgroup> added: array<vec4f, 16>;

@compute @workgroup_size(256)
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
  // A subgroup of 32 covers 8 vec4 of pairs by 4 vec4 of keys.
  let ty = (thread / 128u) * 8u + thread % 8u;
  let tx = ((thread / 32u) % 4u) * 4u + (thread / 8u) % 4u;

  // The row of the tile that this thread loads, and its pair of the softmax.
  let loaded = thread / 4u;
  let loaded_row = min(first_row + loaded / heads, params.N - 1u);
  let loaded_q = (loaded_row * params.H + group.y * heads + loaded % heads) * WIDTH;
  let pair = thread % 64u;
  let quarter = thread / 64u;

  var result = array<vec4f, SUMS>();
  var highest = LOWEST;
  var sum = 0.0;

  var begin = first_row;
  while (begin < end_row) {
    let places = map_of(query_spans[begin]);
    var longest = length_of(query_spans[begin]);
    var end = begin + 1u;
    while (end < end_row) {
      if (any(map_of(query_spans[end]) != places)) {
        break;
      }
      longest = max(longest, length_of(query_spans[end]));
      end++;
    }
    var counts = vec4u();
    for (var r = 0u; r < 4u; r++) { // unroll
      let n = first_row + (ty * 4u + r) / heads;
      if (n >= begin && n < end) {
        counts[r] = length_of(query_spans[n]);
      }
    }

    for (var at = 0u; at < longest; at += KEYS) {
      // Scores: 4 pairs by 4 keys a thread.
      let t = at + loaded;
      let loaded_k = (select(places.z + t - places.y, places.x + t, t < places.y) * params.K + group.y) * WIDTH;
      let has_key = t < longest;
      var next_q = array<vec4f, 2>();
      var next_k = array<vec4f, 2>();
      for (var i = 0u; i < 2u; i++) { // unroll
        let at4 = (thread % 4u) * 2u + i;
        if (at4 < WIDTH) {
          next_q[i] = q[loaded_q + at4];
          if (has_key) {
            next_k[i] = key_vec4(loaded_k + at4);
          }
        }
      }
      var score = array<vec4f, 4>();
      for (var slice = 0u; slice < WIDTH; slice += 8u) {
        workgroupBarrier();
        for (var i = 0u; i < 2u; i++) { // unroll
          for (var j = 0u; j < 4u; j++) { // unroll
            let d = (thread % 4u) * 8u + i * 4u + j;
            scores[d][loaded / 4u][loaded % 4u] = next_q[i][j];
            scores[32u + d][loaded / 4u][loaded % 4u] = next_k[i][j];
          }
        }
        workgroupBarrier();
        for (var i = 0u; i < 2u; i++) { // unroll
          let at4 = slice + 8u + (thread % 4u) * 2u + i;
          next_q[i] = vec4f();
          next_k[i] = vec4f();
          if (at4 < WIDTH) {
            next_q[i] = q[loaded_q + at4];
            if (has_key) {
              next_k[i] = key_vec4(loaded_k + at4);
            }
          }
        }
        for (var d = 0u; d < 32u; d++) { // unroll
          let a = scores[d][ty];
          let b = scores[32u + d][tx];
          score[0] = fma(a, vec4f(b.x), score[0]);
          score[1] = fma(a, vec4f(b.y), score[1]);
          score[2] = fma(a, vec4f(b.z), score[2]);
          score[3] = fma(a, vec4f(b.w), score[3]);
        }
      }
      workgroupBarrier();
      for (var j = 0u; j < 4u; j++) { // unroll
        scores[tx * 4u + j][ty] = select(vec4f(LOWEST), score[j] * params.scale, vec4u(at + tx * 4u + j) < counts);
      }
      var next = array<vec4f, 2>();
      next[0] = value_at(at, thread, places, longest, group.y);
      next[1] = value_at(at, thread + 256u, places, longest, group.y);
      workgroupBarrier();

      // Weights: a quarter of the keys of a pair a thread.
      var own = array<f32, 16>();
      var top = LOWEST;
      for (var i = 0u; i < 16u; i++) { // unroll
        own[i] = scores[quarter * 16u + i][pair / 4u][pair % 4u];
        top = max(top, own[i]);
      }
      maxima[quarter][pair] = top;
      workgroupBarrier();
      top = max(max(maxima[0][pair], maxima[1][pair]), max(maxima[2][pair], maxima[3][pair]));
      var part = 0.0;
      for (var i = 0u; i < 16u; i++) { // unroll
        let weight = select(0.0, exp(own[i] - top), own[i] > LOWEST);
        scores[quarter * 16u + i][pair / 4u][pair % 4u] = weight;
        part += weight;
      }
      sums[quarter][pair] = part;
      let above = max(highest, top);
      let keep = exp(highest - above);
      let add = exp(top - above);
      highest = above;
      if (quarter == 0u) {
        kept[pair / 4u][pair % 4u] = keep;
        added[pair / 4u][pair % 4u] = add;
      }
      values[thread / 16u][thread % 16u] = next[0];
      values[16u + thread / 16u][thread % 16u] = next[1];
      workgroupBarrier();
      let whole = ((sums[0][pair] + sums[1][pair]) + sums[2][pair]) + sums[3][pair];
      sum = fma(whole, add, sum * keep);

      // The result: 4 pairs by COLUMNS vec4 of D a thread.
      var part_result = array<vec4f, SUMS>();
      for (var round = 0u; round < ROUNDS; round++) { // unroll
        let key = round * VALUES;
        if (key > 0u) {
          workgroupBarrier();
          values[thread / 16u][thread % 16u] = next[0];
          values[16u + thread / 16u][thread % 16u] = next[1];
          workgroupBarrier();
        }
        if (key + VALUES < KEYS) {
          next[0] = value_at(at + key + VALUES, thread, places, longest, group.y);
          next[1] = value_at(at + key + VALUES, thread + 256u, places, longest, group.y);
        }
        for (var j = 0u; j < VALUES; j++) { // unroll
          let weight = scores[round * VALUES + j][ty];
          for (var c = 0u; c < COLUMNS; c++) { // unroll
            let value = values[j * COLUMNS + c][tx];
            part_result[c] = fma(vec4f(weight.x), value, part_result[c]);
            part_result[COLUMNS + c] = fma(vec4f(weight.y), value, part_result[COLUMNS + c]);
            part_result[2u * COLUMNS + c] = fma(vec4f(weight.z), value, part_result[2u * COLUMNS + c]);
            part_result[3u * COLUMNS + c] = fma(vec4f(weight.w), value, part_result[3u * COLUMNS + c]);
          }
        }
      }
      let keep_of = kept[ty];
      let add_of = added[ty];
      for (var r = 0u; r < 4u; r++) { // unroll
        for (var c = 0u; c < COLUMNS; c++) { // unroll
          let i = r * COLUMNS + c;
          result[i] = fma(part_result[i], vec4f(add_of[r]), result[i] * keep_of[r]);
        }
      }
    }
    begin = end;
  }

  // A row without keys has a sum of 0 and gets 0.
  workgroupBarrier();
  if (quarter == 0u) {
    kept[pair / 4u][pair % 4u] = select(0.0, 1.0 / sum, sum > 0.0);
    let n = first_row + pair / heads;
    if (pair < rows * heads && n < params.N) {
      stats[n * params.H + group.y * heads + pair % heads] = vec2f(select(0.0, highest + log(sum), sum > 0.0), 0.0);
    }
  }
  workgroupBarrier();
  let factor = kept[ty];
  for (var r = 0u; r < 4u; r++) { // unroll
    let own_pair = ty * 4u + r;
    let n = first_row + own_pair / heads;
    if (own_pair < rows * heads && n < params.N) {
      for (var c = 0u; c < COLUMNS; c++) { // unroll
        let column = c * 16u + tx;
        if (column < WIDTH) {
          out[(n * params.H + group.y * heads + own_pair % heads) * WIDTH + column] = result[r * COLUMNS + c] * factor[r];
        }
      }
    }
  }
}

// vec4 `place` of the values from key `at` on: 16 x COLUMNS vec4 a key.
fn value_at(at: u32, place: u32, places: vec3u, longest: u32, head: u32) -> vec4f {
  let t = at + place / (16u * COLUMNS);
  let column = place % (16u * COLUMNS);
  if (t < longest && column < WIDTH) {
    return value_vec4((select(places.z + t - places.y, places.x + t, t < places.y) * params.K + head) * WIDTH + column);
  }
  return vec4f();
}
