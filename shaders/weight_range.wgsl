// The largest magnitude of a weight, as the bits of an f32: those of a NaN are larger than all others.

struct Params {
  count: u32,
  at: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> largest: array<atomic<u32>>;

@compute @workgroup_size(256)
fn measure(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  open_weight(thread);
  var own = 0u;
  let threads = grid.x * 256u;
  for (var at4 = id.x; at4 < params.count / 4u; at4 += threads) {
    let words = bitcast<vec4u>(weight_vec4(at4)) & vec4u(0x7fffffffu);
    own = max(own, max(max(words.x, words.y), max(words.z, words.w)));
  }
  atomicMax(&largest[params.at], own);
}
