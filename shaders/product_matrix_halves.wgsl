// Rows of f32 as f16 for the matrix units (product_matrix.wgsl): each row times a power of two that brings its largest
// magnitude to between 2^14 and 2^15; f16 reaches 65504, and has 11 bits down to 2^-14. The product is multiplied by the
// inverse, which is exact. A row with an infinity or a NaN gives NaN.

struct Params {
  N: u32,
  I: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> halves: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> row_scales: array<f32>;

var<workgroup> largest: array<u32, 256>;

// One workgroup a row.
@compute @workgroup_size(256)
fn round_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.x + group.y * grid.x;
  let width = params.I / 4u;
  let n = min(row, params.N - 1u);
  // As words: magnitudes are ordered like their bits, and NaN is the largest.
  var own = 0u;
  for (var at = thread; at < width; at += 256u) {
    let words = bitcast<vec4u>(x4[n * width + at]) & vec4u(0x7fffffffu);
    own = max(own, max(max(words.x, words.y), max(words.z, words.w)));
  }
  largest[thread] = own;
  workgroupBarrier();
  for (var stride = 128u; stride > 0u; stride /= 2u) {
    if (thread < stride) {
      largest[thread] = max(largest[thread], largest[thread + stride]);
    }
    workgroupBarrier();
  }
  let exponent = max(largest[0] >> 23u, 16u);
  let scale = bitcast<f32>((268u - exponent) << 23u);
  if (row >= params.N) {
    return;
  }
  if (thread == 0u) {
    row_scales[n] = bitcast<f32>(select((exponent - 14u) << 23u, 0x7fc00000u, exponent == 255u));
  }
  for (var at = thread; at < width; at += 256u) {
    let scaled = x4[n * width + at] * scale;
    halves[n * width + at] = vec2u(pack2x16float(scaled.xy), pack2x16float(scaled.zw));
  }
}
