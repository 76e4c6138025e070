// The rows that gather.wgsl picks, four numbers at a time and of a table of any dtype of weights, or a part of one that
// is too large to be bound: its R rows are those from `first` on. Shapes and rules as there; 4 divides C. How numbers of
// the table are read, a file in weights/ says.

struct Params {
  N: u32,
  E: u32,
  R: u32,
  C: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> add_to4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out4: array<vec4f>;

// The part of the table adds to what those before it have given.
override ADD: u32 = 0u;
override WEIGHT: u32 = 0u;
override ADD_TO: u32 = 0u;

// One thread four numbers of out.
@compute @workgroup_size(64)
fn pick(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(num_workgroups) grid: vec3u,
) {
  open_weight(thread);
  let at = id.x + id.y * grid.x * 64u;
  let width = params.C / 4u;
  if (at >= params.N * width) {
    return;
  }
  let n = at / width;
  let column = at % width;
  var sum = vec4f();
  if (ADD_TO == 1u) {
    sum = add_to4[at];
  }
  if (ADD == 1u) {
    sum = out4[at];
  }
  for (var e = n * params.E; e < (n + 1u) * params.E; e++) {
    // An index before the part becomes larger than any row.
    let r = index[e] - params.first;
    if (r >= params.R) {
      continue;
    }
    let value = weight_vec4(r * width + column);
    if (WEIGHT == 1u) {
      sum = fma(vec4f(weight[e]), value, sum);
    } else {
      sum += value;
    }
  }
  out4[at] = sum;
}
