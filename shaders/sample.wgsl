// The token loop on the GPU: `prepare` makes a row of the forward pass from each conversation's last token, `pick` samples the
// next token from that row's logits, without the host.
//   slots (B): conversation of each row, or NO_INDEX; conversations, places (slots): see below; samples (slots, capacity).
// A sample is keyed by (seed; step, task, rollout, token), so it does not depend on the order of work. shared/conversation.wgsl
// has the structs.

struct Params {
  B: u32,
  V: u32,
  N: u32,
  capacity: u32,
}

// Samples of one conversation that are to be read together: `count` from `begin` on, to `to` on.
struct Span {
  slot: u32,
  begin: u32,
  count: u32,
  to: u32,
}

const LANES: u32 = 256u;
// Ids that a lane loads at a time: a vocabulary may have 150,000, and a row is one workgroup.
const AHEAD = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(2) var<storage, read_write> conversations: array<Conversation>;
@group(0) @binding(3) var<storage, read> places: array<Place>;
@group(0) @binding(4) var<storage, read> sampling: Sampling;
@group(0) @binding(5) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(6) var<storage, read_write> positions: array<u32>;
@group(0) @binding(7) var<storage, read_write> spans: array<vec4u>;
@group(0) @binding(8) var<storage, read_write> cache_rows: array<u32>;
@group(0) @binding(9) var<storage, read> logits: array<f32>;
@group(0) @binding(10) var<storage, read> stats: array<vec4f>;
@group(0) @binding(11) var<storage, read> allowed: array<u32>;
@group(0) @binding(12) var<storage, read_write> samples: array<Sample>;
@group(0) @binding(13) var<storage, read> turns: array<Span>;
@group(0) @binding(14) var<storage, read_write> collected: array<Sample>;

// One thread a row. A row without a conversation, or whose conversation has stopped, becomes padding.
@compute @workgroup_size(64)
fn prepare(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.B) {
    return;
  }
  let slot = slots[row];
  var idle = slot == NO_INDEX;
  if (!idle) {
    idle = conversations[slot].done == 1u;
  }
  if (idle) {
    tokens[row] = NO_INDEX;
    spans[row] = vec4u(0u);
    cache_rows[row] = 0u;
    for (var axis = 0u; axis < 3u; axis++) {
      positions[axis * params.N + row] = 0u;
    }
    return;
  }
  let place = places[slot];
  let cached = conversations[slot].cached;
  let position = conversations[slot].position;
  tokens[row] = conversations[slot].token;
  for (var axis = 0u; axis < 3u; axis++) {
    positions[axis * params.N + row] = position;
  }
  cache_rows[row] = place.suffix_begin + cached;
  spans[row] = vec4u(place.prefix_begin, place.prefix_end, place.suffix_begin, place.suffix_begin + cached + 1u);
  conversations[slot].cached = cached + 1u;
  conversations[slot].position = position + 1u;
}

var<workgroup> lane_sums: array<f32, 256>;
var<workgroup> lane_best: array<u32, 256>;
var<workgroup> lane_last: array<u32, 256>;
// The lane in whose range the token is, the mass before that range, and the target mass.
var<workgroup> chosen_lane: u32;
var<workgroup> mass_before: f32;
var<workgroup> target_mass: f32;
var<workgroup> piece_sums: array<f32, 256>;

fn scaled(row: u32, v: u32) -> f32 {
  return logits[row * params.V + min(v, params.V - 1u)] / sampling.temperature;
}

// Probability of an id; 0 where it is not allowed, or does not come before `end`.
fn mass(row: u32, v: u32, end: u32, lse: f32) -> f32 {
  return select(0.0, exp(scaled(row, v) - lse), v < end && allowed[min(v, params.V - 1u)] == 1u);
}

// Stores the id sampled for a row, and whether it ends the turn.
fn put_sampled(row: u32, own: u32, token: u32) {
  let sampled = conversations[own].sampled;
  samples[own * params.capacity + sampled] = Sample(token, scaled(row, token) - stats[row].y, stats[row].z);
  conversations[own].token = token;
  conversations[own].sampled = sampled + 1u;
  if (ends_turn(sampling, token)) {
    conversations[own].done = 1u;
  }
}

// One workgroup a row; each lane has a range of the vocabulary, so ids are added up in order. The range that contains the
// token is divided again, into a piece a lane.
@compute @workgroup_size(256)
fn pick(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let slot = slots[row];
  let own = select(slot, 0u, slot == NO_INDEX);
  let live = slot != NO_INDEX && conversations[own].done == 0u;
  let per_lane = (params.V + LANES - 1u) / LANES;
  let begin = min(lane * per_lane, params.V);
  let end = min(begin + per_lane, params.V);
  let lse = stats[row].y;

  var sum = 0.0;
  var best = NO_INDEX;
  var best_z = 0.0;
  var last = NO_INDEX;
  if (live) {
    for (var v = begin; v < end; v += AHEAD) {
      var z = array<f32, AHEAD>();
      var is_allowed = array<bool, AHEAD>();
      for (var i = 0u; i < AHEAD; i++) { // unroll
        z[i] = scaled(row, v + i);
        is_allowed[i] = v + i < end && allowed[min(v + i, params.V - 1u)] == 1u;
      }
      for (var i = 0u; i < AHEAD; i++) { // unroll
        if (is_allowed[i]) {
          sum += exp(z[i] - lse);
          last = v + i;
          if (best == NO_INDEX || z[i] > best_z) {
            best = v + i;
            best_z = z[i];
          }
        }
      }
    }
  }
  lane_sums[lane] = sum;
  lane_best[lane] = best;
  lane_last[lane] = last;
  workgroupBarrier();

  if (lane == 0u && live) {
    var total = 0.0;
    for (var l = 0u; l < LANES; l++) {
      total += lane_sums[l];
    }
    target_mass = random_share(sampling, conversations[own]) * total;
    var below = 0.0;
    var l = 0u;
    while (l < LANES - 1u && below + lane_sums[l] <= target_mass) {
      below += lane_sums[l];
      l++;
    }
    chosen_lane = l;
    mass_before = below;
  }
  workgroupBarrier();

  let piece = (per_lane + LANES - 1u) / LANES;
  let chosen_begin = min(chosen_lane * per_lane, params.V);
  let chosen_end = min(chosen_begin + per_lane, params.V);
  var piece_sum = 0.0;
  if (live) {
    for (var i = 0u; i < piece; i++) {
      piece_sum += mass(row, chosen_begin + lane * piece + i, chosen_end, lse);
    }
  }
  piece_sums[lane] = piece_sum;
  workgroupBarrier();

  if (lane == 0u && live) {
    var token = NO_INDEX;
    if (sampling.greedy == 1u) {
      for (var l = 0u; l < LANES; l++) {
        let candidate = lane_best[l];
        if (candidate != NO_INDEX && (token == NO_INDEX || scaled(row, candidate) > scaled(row, token))) {
          token = candidate;
        }
      }
    } else {
      var below = mass_before;
      var p = 0u;
      while (p < LANES - 1u && below + piece_sums[p] <= target_mass) {
        below += piece_sums[p];
        p++;
      }
      for (var i = 0u; i < piece; i++) {
        let v = chosen_begin + p * piece + i;
        let own_mass = mass(row, v, chosen_end, lse);
        below += own_mass;
        if (own_mass > 0.0 && below > target_mass) {
          token = v;
          break;
        }
      }
      // The target mass may lie just past the end by rounding: then the last allowed id is taken.
      for (var back = chosen_lane + 1u; back > 0u && token == NO_INDEX; back--) {
        token = lane_last[back - 1u];
      }
    }
    put_sampled(row, own, token);
  }
}

// Sum of the masses that a lane of `pick` adds up.
fn lane_sum(row: u32, lane: u32, per_lane: u32, lse: f32) -> f32 {
  let begin = min(lane * per_lane, params.V);
  let end = min(begin + per_lane, params.V);
  var sum = 0.0;
  for (var v = begin; v < end; v++) {
    if (allowed[v] == 1u) {
      sum += exp(scaled(row, v) - lse);
    }
  }
  return sum;
}

// The id whose range of probability contains a random number, by the sums of `pick`.
fn drawn(row: u32, own: u32, lse: f32) -> u32 {
  let per_lane = (params.V + LANES - 1u) / LANES;
  var whole = 0.0;
  for (var lane = 0u; lane < LANES; lane++) {
    whole += lane_sum(row, lane, per_lane, lse);
  }
  let mark = random_share(sampling, conversations[own]) * whole;
  var below = 0.0;
  var lane = 0u;
  for (; lane < LANES - 1u; lane++) {
    let sum = lane_sum(row, lane, per_lane, lse);
    if (!(below + sum <= mark)) {
      break;
    }
    below += sum;
  }
  let piece = (per_lane + LANES - 1u) / LANES;
  let begin = min(lane * per_lane, params.V);
  let end = min(begin + per_lane, params.V);
  var p = 0u;
  for (; p < LANES - 1u; p++) {
    var sum = 0.0;
    for (var i = 0u; i < piece; i++) {
      sum += mass(row, begin + p * piece + i, end, lse);
    }
    if (!(below + sum <= mark)) {
      break;
    }
    below += sum;
  }
  for (var i = 0u; i < piece; i++) {
    let v = begin + p * piece + i;
    let own_mass = mass(row, v, end, lse);
    below += own_mass;
    if (own_mass > 0.0 && below > mark) {
      return v;
    }
  }
  // The mark may lie just past the end by rounding: then the last allowed id is taken.
  for (var v = end; v > 0u; v--) {
    if (allowed[v - 1u] == 1u) {
      return v - 1u;
    }
  }
  return NO_INDEX;
}

// The likeliest id.
fn likeliest(row: u32) -> u32 {
  var best = NO_INDEX;
  var best_z = 0.0;
  for (var v = 0u; v < params.V; v++) {
    let z = scaled(row, v);
    if (allowed[v] == 1u && (best == NO_INDEX || z > best_z)) {
      best = v;
      best_z = z;
    }
  }
  return best;
}

// `pick` without workgroup memory: one thread a row.
@compute @workgroup_size(8)
fn pick_unshared(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.B) {
    return;
  }
  let own = slots[row];
  if (own == NO_INDEX) {
    return;
  }
  if (conversations[own].done == 1u) {
    return;
  }
  var token = NO_INDEX;
  if (sampling.greedy == 1u) {
    token = likeliest(row);
  } else {
    token = drawn(row, own, stats[row].y);
  }
  put_sampled(row, own, token);
}

// The samples of turns one after another, so that the host reads those and nothing else: one workgroup a turn.
@compute @workgroup_size(64)
fn collect(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let turn = turns[group.x];
  for (var i = lane; i < turn.count; i += 64u) {
    collected[turn.to + i] = samples[turn.slot * params.capacity + turn.begin + i];
  }
}
