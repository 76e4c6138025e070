// out = random numbers, uniform within -bound to bound: the words of Philox (common.wgsl) in their order, its counter
// (number of the four, 0, 0, 0), its key (seed, "fill"). For weights of a model that has learned nothing.
//   out (count)

struct Params {
  count: u32,
  seed: u32,
  bound: f32,
}

const STREAM: u32 = 0x66696c6cu;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn fill(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let four = id.x + id.y * grid.x * 64u;
  let words = philox(vec4u(four, 0u, 0u, 0u), vec2u(params.seed, STREAM));
  for (var k = 0u; k < 4u; k++) {
    let at = four * 4u + k;
    if (at < params.count) {
      // The upper 24 bits: as many as a float tells apart.
      out[at] = params.bound * (f32(words[k] >> 8u) * (2.0 / 16777216.0) - 1.0);
    }
  }
}
