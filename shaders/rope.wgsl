// Rotary position embedding (Su et al., "RoFormer", 2021) in the rotate-half layout of Hugging Face: in each head,
// the pair (i, i + D/2) turns by the angle of frequency i at the row's position.
//   x (N, heads, D), table (positions, D/2, 2) = cos, sin; out (N, heads, D).
//   positions u32 (A, N): a row has A positions (time, height, width; A = 1 for text alone), axis u32 (D/2) says which
//   of them turns a pair (Qwen2-VL's multimodal rotary embedding, in either of its orders).
//   out[i] = x[i] cos - x[i + D/2] sin,  out[i + D/2] = x[i + D/2] cos + x[i] sin.  The way back turns the other way.

struct Params {
  N: u32,
  heads: u32,
  half: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read> axis: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

override ADD: u32 = 0u;

// cos and sin for pair i of row n.
fn angle(n: u32, i: u32) -> vec2f {
  let at = (positions[axis[i] * params.N + n] * params.half + i) * 2u;
  return vec2f(table[at], table[at + 1u]);
}

// One thread a pair.
@compute @workgroup_size(64)
fn rotate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let pair = id.x + id.y * grid.x * 64u;
  if (pair >= params.N * params.heads * params.half) {
    return;
  }
  let i = pair % params.half;
  let head = pair / params.half;
  let turn = angle(head / params.heads, i);
  let a = head * params.half * 2u + i;
  let b = a + params.half;
  out[a] = fma(-x[b], turn.y, x[a] * turn.x);
  out[b] = fma(x[a], turn.y, x[b] * turn.x);
}

@compute @workgroup_size(64)
fn backprop_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let pair = id.x + id.y * grid.x * 64u;
  if (pair >= params.N * params.heads * params.half) {
    return;
  }
  let i = pair % params.half;
  let head = pair / params.half;
  let turn = angle(head / params.heads, i);
  let a = head * params.half * 2u + i;
  let b = a + params.half;
  let da = fma(dout[b], turn.y, dout[a] * turn.x);
  let db = fma(-dout[a], turn.y, dout[b] * turn.x);
  if (ADD == 1u) {
    dx[a] += da;
    dx[b] += db;
  } else {
    dx[a] = da;
    dx[b] = db;
  }
}
