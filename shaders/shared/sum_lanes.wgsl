// Sums over 64 threads, of a workgroup of so many or of one of 256, for rmsnorm.wgsl, layernorm.wgsl and heads.wgsl. Its variables must not have names of
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

var<workgroup> team_lanes: array<array<f32, 64>, 4>;
var<workgroup> team_octets: array<array<f32, 8>, 4>;

// The same sums for four teams of 64 threads, each team's own.
fn sum_team(team: u32, lane: u32, value: f32) -> f32 {
  team_lanes[team][lane] = value;
  workgroupBarrier();
  if (lane < 8u) {
    var sum = 0.0;
    for (var i = 0u; i < 8u; i++) {
      sum += team_lanes[team][lane * 8u + i];
    }
    team_octets[team][lane] = sum;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < 8u; i++) {
    total += team_octets[team][i];
  }
  return total;
}
