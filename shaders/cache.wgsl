// Writes keys and values of new rows into a cache: keys[index[n]] = k[n], values[index[n]] = v[n].
//   k, v (N, K*D); index (N); keys, values (S, K*D). Rows that share an index (padding, row 0) race; nobody reads them.

struct Params {
  N: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn put(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.N * params.width) {
    return;
  }
  let n = at / params.width;
  let to = index[n] * params.width + at % params.width;
  keys[to] = k[at];
  values[to] = v[at];
}
