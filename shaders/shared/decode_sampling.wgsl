// How decode.wgsl samples the next token of its rows from the head's product.

// In `scratch` while a token is sampled, 256 numbers of each row for each: the masses of the lanes of `pick`, the sums of those before,
// the likeliest id of each lane, the last one; before that, and behind it, sums of logprob.wgsl.
const AT_BEFORE = ROWS * 256u;
const AT_BEST = ROWS * 512u;
const AT_LAST = ROWS * 768u;
const AT_PAIRS = ROWS * 1024u;
// Numbers of `scratch` for this: at least SAMPLING of them.
const PER_LANE = (VOCABULARY + 255u) / 256u;

fn scaled(r: u32, id: u32) -> f32 {
  return logits[r][min(id, VOCABULARY - 1u)] / sampling.temperature;
}

fn is_allowed(id: u32) -> bool {
  return id < VOCABULARY && allowed[min(id, VOCABULARY - 1u)] == 1u;
}

fn pair_of(at: u32) -> vec2f {
  return vec2f(scratch[at], scratch[at + 1u]);
}

fn put_pair(at: u32, pair: vec2f) {
  scratch[at] = pair.x;
  scratch[at + 1u] = pair.y;
}

// Three levels of a tree in which a lane adds the lane that is half of all further on, at first 4 `apart`.
fn sum_of_eight(at: u32, apart: u32) -> vec2f {
  let even = (pair_of(at) + pair_of(at + 4u * apart)) + (pair_of(at + 2u * apart) + pair_of(at + 6u * apart));
  let odd = (pair_of(at + apart) + pair_of(at + 5u * apart)) + (pair_of(at + 3u * apart) + pair_of(at + 7u * apart));
  return even + odd;
}

// Log-sum-exp and entropy of the rows of logits: `summarize` of logprob.wgsl.
fn summarize(thread: u32) {
  for (var unit = thread; unit < ROWS * VOCABULARY; unit += THREADS) {
    logits[unit / VOCABULARY][unit % VOCABULARY] = total(unit / VOCABULARY, unit % VOCABULARY, VOCABULARY);
  }
  workgroupBarrier();
  for (var r = 0u; r < ROWS; r++) {
    var highest = LOWEST;
    for (var id = thread; id < VOCABULARY; id += THREADS) {
      highest = max(highest, select(LOWEST, scaled(r, id), is_allowed(id)));
    }
    scratch[r * 256u + thread] = highest;
  }
  workgroupBarrier();
  if (thread < ROWS * 32u) {
    let from_lane = thread / 32u * 256u + thread % 32u;
    var highest = LOWEST;
    for (var i = 0u; i < 8u; i++) { // unroll
      highest = max(highest, scratch[from_lane + i * 32u]);
    }
    scratch[AT_BEFORE + thread] = highest;
  }
  workgroupBarrier();
  for (var r = 0u; r < ROWS; r++) {
    var highest = LOWEST;
    for (var i = 0u; i < 32u; i++) {
      highest = max(highest, scratch[AT_BEFORE + r * 32u + i]);
    }
    var sum = vec2f();
    for (var id = thread; id < VOCABULARY; id += THREADS) {
      let z = select(LOWEST, scaled(r, id), is_allowed(id));
      // Includes NaN, which must reach the result.
      if (!(z <= LOWEST)) {
        let below = z - highest;
        let e = exp(below);
        sum = vec2f(sum.x + e, fma(e, below, sum.y));
      }
    }
    put_pair(AT_PAIRS + (r * 256u + thread) * 2u, sum);
    if (thread == 0u) {
      stats[r].x = highest;
    }
  }
  workgroupBarrier();
  if (thread < ROWS * 32u) {
    put_pair(thread * 2u, sum_of_eight(AT_PAIRS + (thread / 32u * 256u + thread % 32u) * 2u, 64u));
  }
  workgroupBarrier();
  if (thread < ROWS * 4u) {
    put_pair(AT_PAIRS + thread * 2u, sum_of_eight((thread / 4u * 32u + thread % 4u) * 2u, 8u));
  }
  workgroupBarrier();
  if (thread < ROWS) {
    let four = AT_PAIRS + thread * 8u;
    let whole = (pair_of(four) + pair_of(four + 4u)) + (pair_of(four + 2u) + pair_of(four + 6u));
    let highest = stats[thread].x;
    stats[thread] = vec3f(highest, highest + log(whole.x), log(whole.x) - whole.y / whole.x);
  }
  workgroupBarrier();
}

// Of two ids of a row the one with the larger logit, the first where they are equal.
fn likelier(r: u32, a: u32, b: u32) -> u32 {
  if (b == NO_INDEX || (a != NO_INDEX && !(scaled(r, b) > scaled(r, a)))) {
    return a;
  }
  return b;
}

// The next token of each row: `pick` of sample.wgsl. Its pieces are single ids here. Thread r does what its first lane does for row r,
// and begin_token: no other thread looks at conversations.
fn pick(thread: u32, slot: u32) {
  for (var r = 0u; r < ROWS; r++) {
    let lse = stats[r].y;
    var mass = 0.0;
    var best = NO_INDEX;
    var best_z = 0.0;
    var last = NO_INDEX;
    for (var i = 0u; i < PER_LANE; i++) {
      let id = thread * PER_LANE + i;
      let z = scaled(r, id);
      if (is_allowed(id)) {
        mass += exp(z - lse);
        last = id;
        if (best == NO_INDEX || z > best_z) {
          best = id;
          best_z = z;
        }
      }
    }
    let to = r * 256u + thread;
    scratch[to] = mass;
    scratch[AT_BEST + to] = bitcast<f32>(best);
    scratch[AT_LAST + to] = bitcast<f32>(last);
  }
  workgroupBarrier();
  if (sampling.greedy == 1u) {
    if (thread >= 32u && thread < 32u + ROWS * 32u) {
      let eight = thread - 32u;
      var best = NO_INDEX;
      for (var i = 0u; i < 8u; i++) {
        best = likelier(eight / 32u, best, bitcast<u32>(scratch[AT_BEST + eight * 8u + i]));
      }
      scratch[AT_PAIRS + eight] = bitcast<f32>(best);
    }
  } else if (thread < ROWS) {
    var whole = 0.0;
    for (var lane = 0u; lane < 256u; lane += 8u) {
      for (var i = 0u; i < 8u; i++) { // unroll
        scratch[AT_BEFORE + thread * 256u + lane + i] = whole;
        whole += scratch[thread * 256u + lane + i];
      }
    }
    target_mass[thread] = 0.0;
    if (own_spans[thread].w > 0u) {
      target_mass[thread] = random_share(sampling, conversations[slot]) * whole;
    }
    chosen_lane[thread] = 255u;
    mass_before[thread] = scratch[AT_BEFORE + thread * 256u + 255u];
  }
  workgroupBarrier();
  // The first lane whose end is above the target: sums never fall from lane to lane, so at most one finds that it is.
  if (sampling.greedy == 0u && thread < 255u) {
    for (var r = 0u; r < ROWS; r++) {
      let before = AT_BEFORE + r * 256u + thread;
      if (!(scratch[before + 1u] <= target_mass[r]) && (thread == 0u || scratch[before] <= target_mass[r])) {
        chosen_lane[r] = thread;
        mass_before[r] = scratch[before];
      }
    }
  }
  workgroupBarrier();
  if (thread < ROWS && own_spans[min(thread, ROWS - 1u)].w > 0u) {
    put_sampled(thread, slot, next_token(thread));
  }
}

fn next_token(r: u32) -> u32 {
  var token = NO_INDEX;
  if (sampling.greedy == 1u) {
    for (var i = 0u; i < 32u; i++) {
      token = likelier(r, token, bitcast<u32>(scratch[AT_PAIRS + r * 32u + i]));
    }
    return token;
  }
  let lse = stats[r].y;
  let begin = chosen_lane[r] * PER_LANE;
  var below = mass_before[r];
  for (var i = 0u; i < PER_LANE; i++) {
    let mass = select(0.0, exp(scaled(r, begin + i) - lse), is_allowed(begin + i));
    if (!(below + mass <= target_mass[r])) {
      if (mass > 0.0 && below + mass > target_mass[r]) {
        token = begin + i;
      }
      break;
    }
    below += mass;
  }
  // The target mass may lie just past the end by rounding: then the last allowed id is taken.
  for (var back = chosen_lane[r] + 1u; back > 0u && token == NO_INDEX; back--) {
    token = bitcast<u32>(scratch[AT_LAST + r * 256u + back - 1u]);
  }
  return token;
}

fn put_sampled(r: u32, own: u32, token: u32) {
  let sampled = conversations[own].sampled;
  samples[own * params.capacity + sampled] = Sample(token, scaled(r, token) - stats[r].y, stats[r].z);
  conversations[own].token = token;
  conversations[own].sampled = sampled + 1u;
  if (ends_turn(sampling, token)) {
    conversations[own].done = 1u;
  }
}
