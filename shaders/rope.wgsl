// Rotary position embedding (Su et al., "RoFormer", 2021): the rotation of each pair of a head in each row, once for all
// layers; heads.wgsl applies it.
//   rotations (N, D/2, 2) = cos, sin of row n and pair i: table (positions, D/2, 2) at positions[axis[i], n].
//   positions u32 (A, N): a row has A positions (time, height, width; A = 1 for text alone), axis u32 (D/2): which of them
//   applies to a pair (Qwen2-VL's multimodal rotary embedding, in either of its orders).

struct Params {
  N: u32,
  half: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<vec2f>;
@group(0) @binding(3) var<storage, read> axis: array<u32>;
@group(0) @binding(4) var<storage, read_write> rotations: array<vec2f>;

// One thread a pair.
@compute @workgroup_size(64)
fn look_up(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let pair = id.x + id.y * grid.x * 64u;
  if (pair >= params.N * params.half) {
    return;
  }
  let n = pair / params.half;
  let i = pair % params.half;
  rotations[pair] = table[positions[axis[i] * params.N + n] * params.half + i];
}
