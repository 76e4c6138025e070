// gather.wgsl's forward pass by vec4, for tables of any dtype of weights; a table too large to bind is bound in parts, the R
// rows from `first` on. Shapes and rules as there; 4 divides C. A file of weights/ reads the table.

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

// Whether this part of the table adds to the result of those before it.
override ADD: u32 = 0u;
override WEIGHT: u32 = 0u;
override ADD_TO: u32 = 0u;

// One thread a vec4 of out.
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
    // An index before this part wraps round to a value larger than any row.
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
