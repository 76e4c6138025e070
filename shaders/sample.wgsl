// The token loop on the GPU: `prepare` turns each conversation's last token into a row for the text walk, `pick`
// draws the next token from that row's logits. Nothing goes through the host between two tokens.
//   slots (B): conversation of each row, or NONE; state (slots, 8): token, cached, position, drawn, done, task,
//   rollout, -; places (slots, 4): prefix begin, prefix end, suffix begin, - (rows of the cache);
//   keys (9): seed, step, greedy, number of stops, up to four stop ids, the bits of the temperature.
// A draw is keyed by (seed; step, task, rollout, token), so it does not depend on the order of work.

struct Params {
  B: u32,
  V: u32,
  N: u32,
  capacity: u32,
}

const NONE: u32 = 0xffffffffu;
const TOKEN: u32 = 0u;
const CACHED: u32 = 1u;
const POSITION: u32 = 2u;
const DRAWN: u32 = 3u;
const DONE: u32 = 4u;
const TASK: u32 = 5u;
const ROLLOUT: u32 = 6u;
// Tells these draws from others of the same seed ("samp").
const STREAM: u32 = 0x73616d70u;
const LANES: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<u32>;
@group(0) @binding(3) var<storage, read> places: array<vec4u>;
@group(0) @binding(4) var<storage, read> keys: array<u32>;
@group(0) @binding(5) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(6) var<storage, read_write> positions: array<u32>;
@group(0) @binding(7) var<storage, read_write> spans: array<vec4u>;
@group(0) @binding(8) var<storage, read_write> cache_rows: array<u32>;
@group(0) @binding(9) var<storage, read> logits: array<f32>;
@group(0) @binding(10) var<storage, read> stats: array<vec4f>;
@group(0) @binding(11) var<storage, read> allowed: array<u32>;
@group(0) @binding(12) var<storage, read_write> drawn_tokens: array<u32>;
@group(0) @binding(13) var<storage, read_write> drawn_values: array<vec2f>;

// One thread a row. A row without a conversation, or whose conversation has stopped, becomes padding.
@compute @workgroup_size(64)
fn prepare(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.B) {
    return;
  }
  let slot = slots[row];
  var idle = slot == NONE;
  if (!idle) {
    idle = state[slot * 8u + DONE] == 1u;
  }
  if (idle) {
    tokens[row] = NONE;
    spans[row] = vec4u(0u);
    cache_rows[row] = 0u;
    for (var axis = 0u; axis < 3u; axis++) {
      positions[axis * params.N + row] = 0u;
    }
    return;
  }
  let at = slot * 8u;
  let place = places[slot];
  let cached = state[at + CACHED];
  let position = state[at + POSITION];
  tokens[row] = state[at + TOKEN];
  for (var axis = 0u; axis < 3u; axis++) {
    positions[axis * params.N + row] = position;
  }
  cache_rows[row] = place.z + cached;
  spans[row] = vec4u(place.x, place.y, place.z, place.z + cached + 1u);
  state[at + CACHED] = cached + 1u;
  state[at + POSITION] = position + 1u;
}

var<workgroup> lane_sums: array<f32, 64>;
var<workgroup> lane_best: array<u32, 64>;
var<workgroup> chosen: u32;

fn scaled(row: u32, v: u32) -> f32 {
  return logits[row * params.V + v] / bitcast<f32>(keys[8]);
}

// One workgroup a row; each lane owns a stretch of the vocabulary, so the draw walks it in order.
@compute @workgroup_size(64)
fn pick(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let slot = slots[row];
  let at = select(slot, 0u, slot == NONE) * 8u;
  let live = slot != NONE && state[at + DONE] == 0u;
  let stretch = (params.V + LANES - 1u) / LANES;
  let begin = min(lane * stretch, params.V);
  let end = min(begin + stretch, params.V);
  let lse = stats[row].y;

  var sum = 0.0;
  var best = NONE;
  if (live) {
    for (var v = begin; v < end; v++) {
      if (allowed[v] == 1u) {
        let z = scaled(row, v);
        sum += exp(z - lse);
        if (best == NONE || z > scaled(row, min(best, params.V - 1u))) {
          best = v;
        }
      }
    }
  }
  lane_sums[lane] = sum;
  lane_best[lane] = best;
  workgroupBarrier();

  if (lane == 0u && live) {
    if (keys[2] == 1u) {
      var top = NONE;
      for (var l = 0u; l < LANES; l++) {
        let candidate = lane_best[l];
        if (candidate != NONE && (top == NONE || scaled(row, candidate) > scaled(row, min(top, params.V - 1u)))) {
          top = candidate;
        }
      }
      chosen = top;
    } else {
      var total = 0.0;
      for (var l = 0u; l < LANES; l++) {
        total += lane_sums[l];
      }
      let draw = philox(vec4u(keys[1], state[at + TASK], state[at + ROLLOUT], state[at + DRAWN]), vec2u(keys[0], STREAM));
      let target_mass = f32(draw.x >> 8u) * 0x1p-24 * total;
      var below = 0.0;
      var l = 0u;
      while (l < LANES - 1u && below + lane_sums[l] <= target_mass) {
        below += lane_sums[l];
        l++;
      }
      // Rounding may leave the mass just past the end: the last id that could be drawn is taken then.
      var pick_id = NONE;
      for (var back = l + 1u; back > 0u && pick_id == NONE; back--) {
        let from_id = min((back - 1u) * stretch, params.V);
        for (var v = from_id; v < min(from_id + stretch, params.V); v++) {
          if (allowed[v] == 1u) {
            pick_id = v;
            below += exp(scaled(row, v) - lse);
            if (below > target_mass) {
              break;
            }
          }
        }
      }
      chosen = pick_id;
    }
    let token = chosen;
    let drawn = state[at + DRAWN];
    drawn_tokens[slot * params.capacity + drawn] = token;
    drawn_values[slot * params.capacity + drawn] = vec2f(scaled(row, token) - lse, stats[row].z);
    state[at + TOKEN] = token;
    state[at + DRAWN] = drawn + 1u;
    for (var s = 0u; s < keys[3]; s++) {
      if (keys[4u + s] == token) {
        state[at + DONE] = 1u;
      }
    }
  }
}
