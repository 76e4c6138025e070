// A conversation and its samples as the token loop on the GPU knows them, for sample.wgsl and decode.wgsl.

struct Conversation {
  // The last one that was sampled.
  token: u32,
  // Rows of its suffix in the cache.
  cached: u32,
  // Of the next token.
  position: u32,
  // Tokens sampled so far.
  sampled: u32,
  done: u32,
  task: u32,
  rollout: u32,
  unused: u32,
}

// Rows of the cache.
struct Place {
  prefix_begin: u32,
  prefix_end: u32,
  suffix_begin: u32,
  unused: u32,
}

struct Sampling {
  seed: u32,
  step: u32,
  greedy: u32,
  stop_count: u32,
  stop0: u32,
  stop1: u32,
  stop2: u32,
  stop3: u32,
  temperature: f32,
}

struct Sample {
  token: u32,
  logprob: f32,
  entropy: f32,
}

// Separates these random numbers from others of the same seed ("samp").
const STREAM: u32 = 0x73616d70u;

// A number in [0, 1) of 24 bits for a conversation's next sample.
fn random_share(how: Sampling, whose: Conversation) -> f32 {
  let random = philox(vec4u(how.step, whose.task, whose.rollout, whose.sampled), vec2u(how.seed, STREAM));
  return f32(random.x >> 8u) * 0x1p-24;
}

fn ends_turn(how: Sampling, token: u32) -> bool {
  return (how.stop_count > 0u && token == how.stop0) ||
    (how.stop_count > 1u && token == how.stop1) ||
    (how.stop_count > 2u && token == how.stop2) ||
    (how.stop_count > 3u && token == how.stop3);
}
