// d (+)= the sum of `splits` partial sums, count numbers each: the second pass of gradients that add up over many rows,
// in a fixed order instead of atomics, so that the bits are the same every time.
//   partial (splits, count) from `first` on, d from `to` on.

struct Params {
  count: u32,
  splits: u32,
  first: u32,
  to: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> d: array<f32>;

override ADD: u32 = 0u;

const LANES = 4u;
var<workgroup> lanes: array<array<f32, 64>, LANES>;

fn store(at: u32, sum: f32) {
  if (ADD == 1u) {
    d[params.to + at] += sum;
  } else {
    d[params.to + at] = sum;
  }
}

// Few splits: one thread a number.
@compute @workgroup_size(64)
fn add_few(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  if (at >= params.count) {
    return;
  }
  var sum = 0.0;
  for (var split = 0u; split < params.splits; split++) {
    sum += partial[params.first + split * params.count + at];
  }
  store(at, sum);
}

// Many splits: four threads a number, each takes every fourth split.
@compute @workgroup_size(64, 4)
fn add_many(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let at = (group.x + group.y * grid.x) * 64u + local.x;
  var sum = 0.0;
  if (at < params.count) {
    for (var split = local.y; split < params.splits; split += LANES) {
      sum += partial[params.first + split * params.count + at];
    }
  }
  lanes[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && at < params.count) {
    store(at, ((lanes[0][local.x] + lanes[1][local.x]) + lanes[2][local.x]) + lanes[3][local.x]);
  }
}
