struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  stride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
const PARTS = 4u;
const THREADS = OUTS * PARTS;
var<workgroup> rows: array<array<array<vec4f, ROWS>, TILE>, PARTS>;
var<workgroup> sums: array<array<array<f32, OUTS>, ROWS>, PARTS>;
@compute @workgroup_size(THREADS)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let part = index / OUTS;
  let o = index % OUTS;
  let width = params.I / 4u;
  let length = (width + PARTS - 1u) / PARTS;
  let n0 = group.y * ROWS;
  let o0 = group.x * OUTS;
  let from_four = (params.first + min(o0 + o, params.O - 1u)) * width + part * length;
  var next = array<vec4f, AHEAD>();
  for (var j = 0u; j < AHEAD; j++) { // unroll
    if (j < length && part * length + j < width) { next[j] = weight_four(from_four + j); }
  }
  var sum = array<f32, ROWS>();
  for (var at = 0u; at < length; at += TILE) {
    for (var place = index; place < ROWS * TILE * PARTS; place += THREADS) {
      let r = (place / TILE) % ROWS;
      let four = at + place % TILE;
      let i = (place / (TILE * ROWS)) * length + four;
      var value = vec4f();
      if (four < length && i < width) {
        value = x4[min(n0 + r, params.N - 1u) * width + i];
      }
      rows[place / (TILE * ROWS)][place % TILE][r] = value;
    }
    workgroupBarrier();
    for (var from_j = 0u; from_j < TILE; from_j += AHEAD) {
      var w = array<vec4f, AHEAD>();
      for (var j = 0u; j < AHEAD; j++) { // unroll
        w[j] = next[j];
        next[j] = vec4f();
        let four = at + from_j + AHEAD + j;
        if (four < length && part * length + four < width) { next[j] = weight_four(from_four + four); }
      }
      for (var j = 0u; j < AHEAD; j++) { // unroll
        for (var r = 0u; r < ROWS; r++) { // unroll
          let row = rows[part][from_j + j][r];
          sum[r] = fma(row.x, w[j].x, sum[r]);
          sum[r] = fma(row.y, w[j].y, sum[r]);
          sum[r] = fma(row.z, w[j].z, sum[r]);
          sum[r] = fma(row.w, w[j].w, sum[r]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    sums[part][r][o] = sum[r];
  }
  workgroupBarrier();
  for (var place = index; place < ROWS * OUTS; place += THREADS) {
    let r = place / OUTS;
    let n = n0 + r;
    let column = place % OUTS;
    if (n < params.N && o0 + column < params.O) {
      out[n * params.stride + o0 + column] = ((sums[0][r][column] + sums[1][r][column]) + sums[2][r][column]) + sums[3][r][column];
    }
  }
}
