// A run of tokens of conversations in one dispatch: what sample.wgsl's `prepare`, the layers of a small text decoder, the head,
// logprob.wgsl's `summarize` and sample.wgsl's `pick` do in some thirty dispatches a token, with the same bits. Conversations do not
// depend on each other, so a workgroup computes all of ROWS of them and nothing waits for another workgroup; what a conversation is
// computed from stays in workgroup memory, but for its keys and values.
//   orders (1 + B): how many tokens, then the conversation of each row, or NO_INDEX; other inputs as in sample.wgsl, rope.wgsl.
//   cache (LAYERS, 2, rows, KEY_HEADS, D): keys, then values of each layer, `apart` vec4 from one to the next.
//   weights: as `arrange` leaves them, matrices (O, I) as (I / 4, O) vec4: neighbouring threads have neighbouring outputs, and so
//   load neighbouring vec4 without a detour through workgroup memory. After the layers, each as LAYER lists them, come
//   the last norm, the head and, where it is not the head, the embedding as it is.
// Orders of sums, of which each has one in all kernels: a product's is that of product.wgsl, a norm's that of rmsnorm.wgsl (of heads
// up to 64 numbers, heads.wgsl), attention's that of attention_decode.wgsl, and those over the vocabulary are those of
// logprob.wgsl and sample.wgsl. shared/decode_attention.wgsl and shared/decode_sampling.wgsl are appended. 16 divides the length of every product, 8 divides D, 4 the vocabulary.

struct Params {
  B: u32,
  // Numbers in a row and in a head: sums are divided by these as in kernels that know no constants, or compilers might round otherwise.
  C: u32,
  D: u32,
  capacity: u32,
  apart: u32,
  eps: f32,
  scale: f32,
}

// A tensor of `rows` x `width` vec4 from `begin` on of the source, which goes to `to`.
struct Move {
  begin: u32,
  to: u32,
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> cache: array<vec4f>;
@group(0) @binding(3) var<storage, read> angles: array<vec4f>;
@group(0) @binding(4) var<storage, read> orders: array<u32>;
@group(0) @binding(5) var<storage, read_write> conversations: array<Conversation>;
@group(0) @binding(6) var<storage, read> places: array<Place>;
@group(0) @binding(7) var<storage, read> sampling: Sampling;
@group(0) @binding(8) var<storage, read> allowed: array<u32>;
@group(0) @binding(9) var<storage, read_write> samples: array<Sample>;
@group(0) @binding(10) var<storage, read> source: array<vec4f>;
@group(0) @binding(11) var<storage, read> moves: array<Move>;
@group(0) @binding(12) var<storage, read_write> arranged: array<vec4f>;

// From the host: ROWS conversations in a workgroup; LAYERS; WIDTH = C / 4; HEADS of queries, KEY_HEADS, GROUP = HEADS / KEY_HEADS; HEAD = D / 4; FEED = F / 4;
// VOCABULARY; whether heads are normalized (NORMS), queries, keys and values have a bias (BIAS), and the embedding is the head (TIED).
// TILES of 64 keys that are attended at a time. A thread sums SIDE outputs of a product and loads AHEAD vec4 of each at a time, and
// KEY_AHEAD vec4 of a key. LONGEST: vec4 of a product's longest row; SCRATCH: numbers; JOINS: vec4 of attention's result that a thread has.
const THREADS = 256u;
const PARTS = 4u;
const KEYS = 64u;
const QUERIES = HEADS * HEAD;
const SPREAD = (HEADS + 2u * KEY_HEADS) * HEAD * 4u;
const STREAM_SIZE = WIDTH * 4u;
// Values that a thread loads at a time.
const VALUE_AHEAD = 16u;
const LOWEST: f32 = -1e30;

// Where a layer's weights begin, in vec4.
const AT_SPREAD = WIDTH;
const AT_BIAS = AT_SPREAD + WIDTH * SPREAD;
const AT_NORMS = AT_BIAS + BIAS * SPREAD / 4u;
const AT_OUT = AT_NORMS + NORMS * 2u * HEAD;
const AT_FEED_NORM = AT_OUT + QUERIES * STREAM_SIZE;
const AT_GATED = AT_FEED_NORM + WIDTH;
const AT_DOWN = AT_GATED + WIDTH * FEED * 8u;
const LAYER = AT_DOWN + FEED * STREAM_SIZE;
const AT_HEAD = LAYERS * LAYER + WIDTH;
const AT_EMBEDDING = AT_HEAD + WIDTH * VOCABULARY;

// What is multiplied, behind which norm if any, from the beginning of a layer on; the head stands where another layer would.
struct Stage {
  norm: u32,
  matrix: u32,
  outputs: u32,
  width: u32,
}

const HEAD_STAGE = 4u;

fn stage_of(kind: u32) -> Stage {
  switch kind {
    case 0u: {
      return Stage(0u, AT_SPREAD, SPREAD, WIDTH);
    }
    case 1u: {
      return Stage(NO_INDEX, AT_OUT, STREAM_SIZE, QUERIES);
    }
    case 2u: {
      return Stage(AT_FEED_NORM, AT_GATED, FEED * 8u, WIDTH);
    }
    case 3u: {
      return Stage(NO_INDEX, AT_DOWN, STREAM_SIZE, FEED);
    }
    default: {
      return Stage(0u, WIDTH, VOCABULARY, WIDTH);
    }
  }
}

// The residual stream.
var<workgroup> stream: array<array<f32, STREAM_SIZE>, ROWS>;
// What the next product multiplies.
var<workgroup> inputs: array<array<vec4f, LONGEST>, ROWS>;
var<workgroup> spread: array<array<f32, SPREAD>, ROWS>;
var<workgroup> queries: array<array<vec4f, QUERIES>, ROWS>;
var<workgroup> logits: array<array<f32, VOCABULARY>, ROWS>;
// Sums of squares of the 64 lanes of a norm.
var<workgroup> squares: array<array<f32, 64>, ROWS>;
// Largest logit, log of the sum, entropy.
var<workgroup> stats: array<vec3f, ROWS>;
// By row: the token that is embedded, or NO_INDEX; its position; its keys as in attention.wgsl, none where the row idles.
var<workgroup> own_token: array<u32, ROWS>;
var<workgroup> own_position: array<u32, ROWS>;
var<workgroup> own_spans: array<vec4u, ROWS>;
var<workgroup> most_keys: u32;
// As in sample.wgsl.
var<workgroup> chosen_lane: array<u32, ROWS>;
var<workgroup> mass_before: array<f32, ROWS>;
var<workgroup> target_mass: array<f32, ROWS>;
// Partial sums of a product; then other things, as the appended files say.
var<workgroup> scratch: array<f32, SCRATCH>;

// Puts a tensor where `decode` looks for it: 64 rows by four vec4 a workgroup and a tensor.
@compute @workgroup_size(256)
fn arrange(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let one = moves[group.y];
  if (one.rows == 1u) {
    let at = group.x * THREADS + thread;
    if (at < one.width) {
      arranged[one.to + at] = source[one.begin + at];
    }
    return;
  }
  let columns = (one.width + 3u) / 4u;
  let row = group.x / columns * 64u + thread / 4u;
  let column = group.x % columns * 4u + thread % 4u;
  if (row < one.rows && column < one.width) {
    arranged[one.to + column * one.rows + row] = source[one.begin + row * one.width + column];
  }
}

// Row r of the workgroup begins a token: `prepare` of sample.wgsl.
fn begin_token(r: u32, slot: u32) {
  var idle = slot == NO_INDEX;
  if (!idle) {
    idle = conversations[slot].done == 1u;
  }
  own_token[r] = NO_INDEX;
  own_spans[r] = vec4u();
  own_position[r] = 0u;
  if (idle) {
    return;
  }
  let place = places[slot];
  let cached = conversations[slot].cached;
  let position = conversations[slot].position;
  own_token[r] = conversations[slot].token;
  own_position[r] = position;
  own_spans[r] = vec4u(place.prefix_begin, place.prefix_end, place.suffix_begin, place.suffix_begin + cached + 1u);
  conversations[slot].cached = cached + 1u;
  conversations[slot].position = position + 1u;
}

// stream = the token's row of the embedding. Leaves `squares`.
fn embed(thread: u32) {
  for (var unit = thread; unit < ROWS * 64u; unit += THREADS) {
    let r = unit / 64u;
    let token = own_token[r];
    var sum = 0.0;
    for (var c = unit % 64u; c < STREAM_SIZE; c += 64u) {
      var value = 0.0;
      if (token < VOCABULARY) {
        if (TIED == 1u) {
          value += weights[AT_HEAD + c / 4u * VOCABULARY + token][c % 4u];
        } else {
          value += weights[AT_EMBEDDING + token * WIDTH + c / 4u][c % 4u];
        }
      }
      stream[r][c] = value;
      sum = fma(value, value, sum);
    }
    squares[r][unit % 64u] = sum;
  }
  workgroupBarrier();
}

// stream += a product. Leaves `squares`.
fn add_product(thread: u32) {
  for (var unit = thread; unit < ROWS * 64u; unit += THREADS) {
    let r = unit / 64u;
    var sum = 0.0;
    for (var c = unit % 64u; c < STREAM_SIZE; c += 64u) {
      let value = total(r, c, STREAM_SIZE) + stream[r][c];
      stream[r][c] = value;
      sum = fma(value, value, sum);
    }
    squares[r][unit % 64u] = sum;
  }
  workgroupBarrier();
}

// 1 / root mean square of a row of the stream, in the order of rmsnorm.wgsl for rows of its length.
fn rstd_of(r: u32) -> f32 {
  var whole = 0.0;
  if (STREAM_SIZE > 64u) {
    for (var octet = 0u; octet < 64u; octet += 8u) {
      var sum = 0.0;
      for (var i = 0u; i < 8u; i++) { // unroll
        sum += squares[r][octet + i];
      }
      whole += sum;
    }
  } else {
    for (var c = 0u; c < STREAM_SIZE; c++) {
      whole = fma(stream[r][c], stream[r][c], whole);
    }
  }
  return 1.0 / sqrt(whole / f32(params.C) + params.eps);
}

// inputs = the stream, normalized and times the norm's weight.
fn normalize(thread: u32, norm: u32) {
  for (var unit = thread; unit < ROWS * WIDTH; unit += THREADS) {
    let r = unit / WIDTH;
    let c = unit % WIDTH * 4u;
    let value = vec4f(stream[r][c], stream[r][c + 1u], stream[r][c + 2u], stream[r][c + 3u]);
    inputs[r][unit % WIDTH] = value * rstd_of(r) * weights[norm + unit % WIDTH];
  }
  workgroupBarrier();
}

// The product of `inputs`, `width` vec4 of each, with a matrix: leaves each output's four parts in `scratch`. A thread has one part of
// SIDE outputs at a time.
fn multiply(thread: u32, matrix: u32, outputs: u32, width: u32) {
  let length = width / PARTS;
  for (var first = thread; first < outputs * PARTS; first += THREADS * SIDE) {
    var sum = array<f32, SUMS>();
    var from_vec4 = array<u32, SIDE>();
    var from_input = array<u32, SIDE>();
    for (var k = 0u; k < SIDE; k++) { // unroll
      let unit = min(first + k * THREADS, outputs * PARTS - 1u);
      from_input[k] = unit / outputs * length;
      from_vec4[k] = matrix + from_input[k] * outputs + unit % outputs;
    }
    for (var i = 0u; i < length; i += AHEAD) {
      var w = array<vec4f, LOADS>();
      for (var j = 0u; j < AHEAD; j++) { // unroll
        for (var k = 0u; k < SIDE; k++) { // unroll
          w[j * SIDE + k] = weights[from_vec4[k] + (i + j) * outputs];
        }
      }
      for (var j = 0u; j < AHEAD; j++) { // unroll
        for (var k = 0u; k < SIDE; k++) { // unroll
          for (var r = 0u; r < ROWS; r++) { // unroll
            let x = inputs[r][from_input[k] + i + j];
            sum[k * ROWS + r] = fma(x.x, w[j * SIDE + k].x, sum[k * ROWS + r]);
            sum[k * ROWS + r] = fma(x.y, w[j * SIDE + k].y, sum[k * ROWS + r]);
            sum[k * ROWS + r] = fma(x.z, w[j * SIDE + k].z, sum[k * ROWS + r]);
            sum[k * ROWS + r] = fma(x.w, w[j * SIDE + k].w, sum[k * ROWS + r]);
          }
        }
      }
    }
    for (var k = 0u; k < SIDE; k++) { // unroll
      let unit = first + k * THREADS;
      if (unit < outputs * PARTS) {
        for (var r = 0u; r < ROWS; r++) { // unroll
          scratch[r * outputs * PARTS + unit] = sum[k * ROWS + r];
        }
      }
    }
  }
  workgroupBarrier();
}

// An output of the last product.
fn total(r: u32, o: u32, outputs: u32) -> f32 {
  let at = r * outputs * PARTS + o;
  return ((scratch[at] + scratch[at + outputs]) + scratch[at + 2u * outputs]) + scratch[at + 3u * outputs];
}

fn spread_vec4(r: u32, at: u32) -> vec4f {
  return vec4f(spread[r][at], spread[r][at + 1u], spread[r][at + 2u], spread[r][at + 3u]);
}

// What heads.wgsl does: queries, keys and values from their product. A thread has four pairs of a head.
fn spread_heads(thread: u32, layer: u32, keys_at: u32) {
  for (var unit = thread; unit < ROWS * SPREAD; unit += THREADS) {
    let r = unit / SPREAD;
    let o = unit % SPREAD;
    var value = total(r, o, SPREAD);
    if (BIAS == 1u) {
      value += weights[layer + AT_BIAS + o / 4u][o % 4u];
    }
    spread[r][o] = value;
  }
  workgroupBarrier();
  const HALF = HEAD / 2u;
  for (var unit = thread; unit < ROWS * SPREAD / 8u; unit += THREADS) {
    let r = unit / (SPREAD / 8u);
    let head = unit / HALF % (HEADS + 2u * KEY_HEADS);
    let i = unit % HALF;
    let begin = head * HEAD * 4u;
    var a = spread_vec4(r, begin + i * 4u);
    var b = spread_vec4(r, begin + (HALF + i) * 4u);
    let is_rotated = head < HEADS + KEY_HEADS;
    if (NORMS == 1u && is_rotated) {
      var whole = 0.0;
      for (var c = 0u; c < HEAD * 4u; c++) {
        let value = spread[r][begin + c];
        whole = fma(value, value, whole);
      }
      let rstd = 1.0 / sqrt(whole / f32(params.D) + params.eps);
      let norm = layer + AT_NORMS + select(HEAD, 0u, head < HEADS) + i;
      a = a * rstd * weights[norm];
      b = b * rstd * weights[norm + HALF];
    }
    if (is_rotated) {
      // Two pairs' cos and sin in a vec4.
      let turn = own_position[r] * HEAD + i * 2u;
      let low = angles[turn];
      let high = angles[turn + 1u];
      let cosines = vec4f(low.x, low.z, high.x, high.z);
      let sines = vec4f(low.y, low.w, high.y, high.w);
      let turned = fma(-b, sines, a * cosines);
      b = fma(a, sines, b * cosines);
      a = turned;
    }
    if (head < HEADS) {
      queries[r][head * HEAD + i] = a;
      queries[r][head * HEAD + HALF + i] = b;
    } else if (own_spans[r].w > 0u) {
      let of_values = select(params.apart, 0u, is_rotated);
      let own = (own_spans[r].w - 1u) * KEY_HEADS + (head - HEADS) % KEY_HEADS;
      let to = keys_at + of_values + own * HEAD + i;
      cache[to] = a;
      cache[to + HALF] = b;
    }
  }
  workgroupBarrier();
  storageBarrier();
}

// inputs = silu(gate) up of the last product.
fn gate(thread: u32) {
  for (var unit = thread; unit < ROWS * FEED; unit += THREADS) {
    let r = unit / FEED;
    var value = array<f32, 4>();
    for (var i = 0u; i < 4u; i++) { // unroll
      let o = unit % FEED * 4u + i;
      value[i] = gated(total(r, o, FEED * 8u), total(r, o + FEED * 4u, FEED * 8u));
    }
    inputs[r][unit % FEED] = vec4f(value[0], value[1], value[2], value[3]);
  }
  workgroupBarrier();
}

@compute @workgroup_size(256)
fn decode(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.x * ROWS + min(thread, ROWS - 1u);
  var slot = NO_INDEX;
  if (row < params.B) {
    slot = orders[1u + row];
  }
  for (var step = 0u; step < orders[0]; step++) {
    if (thread < ROWS) {
      begin_token(thread, slot);
    }
    workgroupBarrier();
    if (thread == 0u) {
      var most = 0u;
      for (var r = 0u; r < ROWS; r++) {
        most = max(most, length_of(own_spans[r]));
      }
      most_keys = most;
    }
    let keys = workgroupUniformLoad(&most_keys);
    if (keys == 0u) {
      break;
    }
    embed(thread);
    // One product a stage, four in a layer, then the head: a compiler sees each function once.
    for (var stage = 0u; stage <= LAYERS * 4u; stage++) {
      let layer = stage / 4u * LAYER;
      let keys_at = stage / 4u * 2u * params.apart;
      let kind = select(stage % 4u, HEAD_STAGE, stage == LAYERS * 4u);
      let one = stage_of(kind);
      if (one.norm != NO_INDEX) {
        normalize(thread, layer + one.norm);
      }
      multiply(thread, layer + one.matrix, one.outputs, one.width);
      if (kind == 0u) {
        spread_heads(thread, layer, keys_at);
        attend(thread, keys_at, keys);
      } else if (kind == 2u) {
        gate(thread);
      } else if (kind != HEAD_STAGE) {
        add_product(thread);
      }
    }
    summarize(thread);
    pick(thread, slot);
  }
}
