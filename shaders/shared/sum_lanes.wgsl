// Sums over a workgroup of 64 threads, for rmsnorm.wgsl, layernorm.wgsl and heads.wgsl. Its variables must not have names of
// bindings in these files, or Shader takes them for uses.

var<workgroup> lanes: array<f32, 64>;
var<workgroup> octets: array<f32, 8>;

// Sum over the 64 lanes, the same bits in each: eight sums of eight, then their sum, with two barriers instead of the six of
// a tree. Safe to call twice in a row: no lane writes what another may still read.
fn sum_lanes(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  workgroupBarrier();
  if (lane < 8u) {
    var sum = 0.0;
    for (var i = 0u; i < 8u; i++) {
      sum += lanes[lane * 8u + i];
    }
    octets[lane] = sum;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < 8u; i++) {
    total += octets[i];
  }
  return total;
}
