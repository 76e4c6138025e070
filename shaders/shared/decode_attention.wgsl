// Attention of decode.wgsl, over its keys in workgroup memory.

// In `scratch` during attention: scores, then weights, by row, head and key; largest scores and sums of weights of each quarter of a
// tile; results of tiles before they are joined.
const AT_MAXIMA = ROWS * HEADS * TILES * KEYS;
const AT_SUMS = AT_MAXIMA + ROWS * HEADS * TILES * 4u;
const AT_RESULTS = AT_SUMS + ROWS * HEADS * TILES * 4u;

fn top_of(quarters: u32) -> f32 {
  let at = AT_MAXIMA + quarters;
  return max(max(scratch[at], scratch[at + 1u]), max(scratch[at + 2u], scratch[at + 3u]));
}

// inputs = attention of the queries, in the order of `attend_whole` of attention_decode.wgsl. Tiles of up to TILES are attended side by
// side, and joined one after another. @param keys  the most of any row
fn attend(thread: u32, keys_at: u32, keys: u32) {
  var highest = array<f32, JOINS>();
  var sum = array<f32, JOINS>();
  var result = array<vec4f, JOINS>();
  for (var o = 0u; o < JOINS; o++) { // unroll
    highest[o] = LOWEST;
  }
  for (var at = 0u; at < keys; at += TILES * KEYS) {
    let tiles = min(TILES, (keys - at + KEYS - 1u) / KEYS);
    // A thread has a key and the query heads that read it.
    for (var unit = thread; unit < tiles * ROWS * KEY_HEADS * KEYS; unit += THREADS) {
      let key = unit / (ROWS * KEY_HEADS * KEYS) * KEYS + unit % KEYS;
      let r = unit / (KEY_HEADS * KEYS) % ROWS;
      let key_head = unit / KEYS % KEY_HEADS;
      let spans = own_spans[r];
      let is_there = at + key < length_of(spans);
      var score = array<f32, GROUP>();
      if (is_there) {
        let from_vec4 = keys_at + (member(spans, at + key) * KEY_HEADS + key_head) * HEAD;
        for (var i = 0u; i < HEAD; i += KEY_AHEAD) {
          var part = array<vec4f, KEY_AHEAD>();
          for (var j = 0u; j < KEY_AHEAD; j++) { // unroll
            part[j] = cache[from_vec4 + i + j];
          }
          for (var j = 0u; j < KEY_AHEAD; j++) { // unroll
            for (var g = 0u; g < GROUP; g++) { // unroll
              let query = queries[r][(key_head * GROUP + g) * HEAD + i + j];
              score[g] = fma(query.x, part[j].x, score[g]);
              score[g] = fma(query.y, part[j].y, score[g]);
              score[g] = fma(query.z, part[j].z, score[g]);
              score[g] = fma(query.w, part[j].w, score[g]);
            }
          }
        }
      }
      for (var g = 0u; g < GROUP; g++) { // unroll
        let to = (r * HEADS + key_head * GROUP + g) * TILES * KEYS + key;
        scratch[to] = select(LOWEST, score[g] * params.scale, is_there);
      }
    }
    workgroupBarrier();
    // A quarter of a tile for one head: (row and head) x TILES x 4.
    for (var unit = thread; unit < ROWS * HEADS * TILES * 4u; unit += THREADS) {
      if (unit / 4u % TILES < tiles) {
        var top = LOWEST;
        for (var i = 0u; i < 16u; i++) { // unroll
          top = max(top, scratch[unit * 16u + i]);
        }
        scratch[AT_MAXIMA + unit] = top;
      }
    }
    workgroupBarrier();
    for (var unit = thread; unit < ROWS * HEADS * TILES * KEYS; unit += THREADS) {
      if (unit / KEYS % TILES < tiles) {
        let own = scratch[unit];
        let top = top_of(unit / KEYS * 4u);
        scratch[unit] = select(0.0, exp(own - top), own > LOWEST);
      }
    }
    workgroupBarrier();
    for (var unit = thread; unit < ROWS * HEADS * TILES * 4u; unit += THREADS) {
      if (unit / 4u % TILES < tiles) {
        var part = 0.0;
        for (var i = 0u; i < 16u; i++) { // unroll
          part += scratch[unit * 16u + i];
        }
        scratch[AT_SUMS + unit] = part;
      }
    }
    // A vec4 of D for one head of a tile.
    for (var unit = thread; unit < tiles * ROWS * QUERIES; unit += THREADS) {
      let tile = unit / (ROWS * QUERIES);
      let r = unit / QUERIES % ROWS;
      let head = unit / HEAD % HEADS;
      let spans = own_spans[r];
      let begin = at + tile * KEYS;
      let end = max(length_of(spans), begin) - begin;
      let values_at = keys_at + params.apart + head / GROUP * HEAD + unit % HEAD;
      let from_weight = (r * HEADS + head) * TILES * KEYS + tile * KEYS;
      var sums = vec4f();
      for (var key = 0u; key < min(KEYS, end); key += VALUE_AHEAD) {
        var value = array<vec4f, VALUE_AHEAD>();
        for (var j = 0u; j < VALUE_AHEAD; j++) { // unroll
          if (key + j < end) {
            value[j] = cache[values_at + member(spans, begin + key + j) * KEY_HEADS * HEAD];
          }
        }
        for (var j = 0u; j < VALUE_AHEAD; j++) { // unroll
          sums = fma(vec4f(scratch[from_weight + key + j]), value[j], sums);
        }
      }
      let to = AT_RESULTS + unit * 4u;
      scratch[to] = sums.x;
      scratch[to + 1u] = sums.y;
      scratch[to + 2u] = sums.z;
      scratch[to + 3u] = sums.w;
    }
    workgroupBarrier();
    for (var o = 0u; o < JOINS; o++) { // unroll
      let unit = thread + o * THREADS;
      if (unit < ROWS * QUERIES) {
        let head = unit / HEAD;
        let count = length_of(own_spans[unit / QUERIES]);
        for (var tile = 0u; tile < tiles; tile++) {
          if (at + tile * KEYS < count) {
            let quarters = (head * TILES + tile) * 4u;
            let from_sum = AT_SUMS + quarters;
            let tile_sum =
              ((scratch[from_sum] + scratch[from_sum + 1u]) + scratch[from_sum + 2u]) + scratch[from_sum + 3u];
            let top = top_of(quarters);
            let above = max(highest[o], top);
            let keep = exp(highest[o] - above);
            let add = exp(top - above);
            highest[o] = above;
            sum[o] = fma(tile_sum, add, sum[o] * keep);
            let of_tile = AT_RESULTS + (tile * ROWS * QUERIES + unit) * 4u;
            let value = vec4f(scratch[of_tile], scratch[of_tile + 1u], scratch[of_tile + 2u], scratch[of_tile + 3u]);
            result[o] = fma(value, vec4f(add), result[o] * keep);
          }
        }
      }
    }
  }
  for (var o = 0u; o < JOINS; o++) { // unroll
    let unit = thread + o * THREADS;
    if (unit < ROWS * QUERIES) {
      inputs[unit / QUERIES][unit % QUERIES] = result[o] * select(0.0, 1.0 / sum[o], sum[o] > 0.0);
    }
  }
  workgroupBarrier();
}
