// Upper bounds of a device, to compare kernels with: `copy` copies vec4 from one buffer to another, `multiply_add` only
// computes fused multiply-adds in registers.
//   from4, to4 (count); out (threads): the total of each thread's sums, so that no work can be optimized away

struct Params {
  count: u32,
  rounds: u32,
  factor: f32,
  addend: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> from4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> to4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 256u;
  if (at < params.count) {
    to4[at] = from4[at];
  }
}

// A thread has 32 sums; each is replaced by factor sum + addend, 8 x rounds times.
@compute @workgroup_size(256)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(params.factor);
  let addend = vec4f(params.addend);
  var sum = array<vec4f, 8>();
  for (var k = 0u; k < 8u; k++) { // unroll
    // Starts differ between threads, so that nothing is uniform.
    sum[k] = vec4f(f32(id.x % 256u + k));
  }
  for (var round = 0u; round < params.rounds; round++) {
    for (var i = 0u; i < 8u; i++) { // unroll
      for (var k = 0u; k < 8u; k++) { // unroll
        sum[k] = fma(factor, sum[k], addend);
      }
    }
  }
  var total = vec4f();
  for (var k = 0u; k < 8u; k++) { // unroll
    total += sum[k];
  }
  out[id.x] = (total.x + total.y) + (total.z + total.w);
}
