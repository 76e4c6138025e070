// Rounds numbers (count) in f32 to the nearest bf16, ties to even: for trained weights that ops read in bf16. 4 divides count.

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> words4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> rounded4: array<vec4u>;

// Two in a word, the first in the lower half.
@compute @workgroup_size(64)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at < params.count / 4u) {
    let halves = nearest_bf16(words4[at]);
    packed[at] = vec2u((halves.x >> 16u) | halves.y, (halves.z >> 16u) | halves.w);
  }
}

// The result in f32, for kernels that read only f32.
@compute @workgroup_size(64)
fn round_only(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at < params.count / 4u) {
    rounded4[at] = nearest_bf16(words4[at]);
  }
}
