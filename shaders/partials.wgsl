// d (+)= the sum of `splits` partial sums, count numbers each: the second pass of gradients that add up over many rows,
// in a fixed order instead of atomics, so that the bits are the same every time.
//   partial (splits, count) from `first` on, d from `to` on; or several such sums, one for each of `jobs`.

struct Params {
  count: u32,
  splits: u32,
  first: u32,
  to: u32,
}

// Of add_all: workgroups of the jobs before, then as in Params.
struct Job {
  before: u32,
  count: u32,
  splits: u32,
  first: u32,
  to: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> d: array<f32>;
@group(0) @binding(3) var<storage, read> jobs: array<Job>;

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

// The sums of many gradients, `count` jobs: the d of all are in one buffer, and so are their partial sums. A workgroup finds
// the job that it belongs to; up to FEW splits are added in the order of add_few, more in that of add_many.
const FEW = 8u;

@compute @workgroup_size(64, 4)
fn add_all(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
) {
  let own = group.x + group.y * grid.x;
  var low = 0u;
  var high = params.count;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (jobs[middle].before <= own) {
      low = middle;
    } else {
      high = middle;
    }
  }
  let job = jobs[low];
  let at = (own - job.before) * 64u + local.x;
  let step = select(LANES, 1u, job.splits <= FEW);
  var sum = 0.0;
  if (at < job.count && local.y < step) {
    for (var split = local.y; split < job.splits; split += step) {
      sum += partial[job.first + split * job.count + at];
    }
  }
  lanes[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && at < job.count) {
    // Lanes that added nothing are 0, and leave the sum as it is.
    d[job.to + at] += ((lanes[0][local.x] + lanes[1][local.x]) + lanes[2][local.x]) + lanes[3][local.x];
  }
}
