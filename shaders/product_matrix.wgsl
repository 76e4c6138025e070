// The products of product.wgsl for many rows on a device's matrix units: factors in f16, sums in f32.
//   multiply    out (N, O) = x weightT + bias (+ residual), summed over I
//   backprop_x  dx (N, I) = dout weight, summed over O
// The left factor is in f16 with a scale for each row (product_matrix_halves.wgsl), `left_stride` vec4u a row; the weight is
// rounded to f16 when it is stored in workgroup memory. 8 divides I and O. The order of sums inside a matrix unit is up to the
// device: results differ from those of the other kernels by rounding.
//
// A workgroup has DOWN x ACROSS subgroups of LANES threads, each with HIGH x WIDE matrices of SIDE x SIDE sums in registers;
// tiles of 32 along the sum are read from workgroup memory while the next ones are loaded into registers. Constants and
// `enable` directives come from the host (ops/product_matrix.ts).

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  stride: u32,
  left_stride: u32,
  left_from: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> left_halves: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(6) var<storage, read> left_scales: array<f32>;

override ADD: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;

// Eight f16 a vec4u. Rows of 32 along the sum have five, and rows of columns one extra, against bank conflicts.
const PITCH = 5u;
const ACROSS_PITCH = ACROSS * WIDE * SIDE / 8u + 1u;
const ROWS = DOWN * HIGH * SIDE;
const COLUMNS = ACROSS * WIDE * SIDE;
const THREADS = DOWN * ACROSS * LANES;
const SQUARE = SIDE * SIDE / 4u;

var<workgroup> left: array<vec4u, ROWS * PITCH>;
var<workgroup> right: array<vec4u, max(COLUMNS * PITCH, 32u * ACROSS_PITCH)>;
// Sums to be stored: one matrix for each subgroup.
var<workgroup> finished: array<vec4f, DOWN * ACROSS * SQUARE>;

alias Left = subgroup_matrix_left<f16, SIDE, SIDE>;
alias Right = subgroup_matrix_right<f16, SIDE, SIDE>;
alias Sums = subgroup_matrix_result<f32, SIDE, SIDE>;

fn in_halves(low: vec4f, high: vec4f) -> vec4u {
  return vec4u(pack2x16float(low.xy), pack2x16float(low.zw), pack2x16float(high.xy), pack2x16float(high.zw));
}

// Eight numbers of row n of the left factor, from 8 `eight` on; zeros beyond the end of the sum.
fn left_eight(n: u32, eight: u32, length: u32) -> vec4u {
  if (eight >= length) {
    return vec4u();
  }
  return left_halves[min(n, params.N - 1u) * params.left_stride + params.left_from + eight];
}

// The same of row o of the weight.
fn weight_eight(o: u32, eight: u32, width: u32, is_there: bool) -> vec4u {
  if (!is_there) {
    return vec4u();
  }
  let at = ((params.first + o) * width + eight) * 2u;
  return in_halves(weight_vec4(at), weight_vec4(at + 1u));
}

// Stores a thread's vec4 of finished sums; rows are `stride` numbers apart.
fn put(n: u32, column: u32, height: u32, sums: vec4f) {
  if (n >= params.N || column >= height) {
    return;
  }
  let to = n * (params.stride / 4u) + column;
  var value = sums * left_scales[n];
  if (BIAS == 1u) {
    value += bias4[params.first / 4u + column];
  }
  if (RESIDUAL == 1u) {
    value += residual4[to];
  }
  if (ADD == 1u) {
    value += out4[to];
  }
  out4[to] = value;
}

@compute @workgroup_size(THREADS)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  open_weight(t);
  let width = params.I / 8u;
  let row0 = group.y * ROWS;
  let column0 = group.x * COLUMNS;
  let subgroup = t / LANES;
  let lane = t % LANES;
  let down = (subgroup / ACROSS) * HIGH * SIDE;
  let across = (subgroup % ACROSS) * WIDE * SIDE;
  var sums: array<Sums, HIGH_WIDE>;
  var next_left: array<vec4u, LEFT_LOADS>;
  var next_right: array<vec4u, RIGHT_LOADS>;
  for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
    let at = t + j * THREADS;
    next_left[j] = left_eight(row0 + at / 4u, at % 4u, width);
  }
  for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
    let at = t + j * THREADS;
    next_right[j] = weight_eight(min(column0 + at / 4u, params.O - 1u), at % 4u, width, at % 4u < width);
  }
  for (var step = 0u; step < width; step += 4u) {
    for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      left[(at / 4u) * PITCH + at % 4u] = next_left[j];
    }
    for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      right[(at / 4u) * PITCH + at % 4u] = next_right[j];
    }
    workgroupBarrier();
    for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      next_left[j] = left_eight(row0 + at / 4u, step + 4u + at % 4u, width);
    }
    for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      let eight = step + 4u + at % 4u;
      next_right[j] = weight_eight(min(column0 + at / 4u, params.O - 1u), eight, width, eight < width);
    }
    for (var k = 0u; k < STEPS; k++) { // unroll
      var a: array<Left, HIGH>;
      for (var y = 0u; y < HIGH; y++) { // unroll
        a[y] = subgroupMatrixLoad<Left, row_major>(&left, (down + y * SIDE) * PITCH + k * SIDE / 8u, PITCH);
      }
      for (var x = 0u; x < WIDE; x++) { // unroll
        let b = subgroupMatrixLoad<Right, col_major>(&right, (across + x * SIDE) * PITCH + k * SIDE / 8u, PITCH);
        for (var y = 0u; y < HIGH; y++) { // unroll
          sums[y * WIDE + x] = subgroupMatrixMultiplyAccumulate(a[y], b, sums[y * WIDE + x]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var y = 0u; y < HIGH; y++) { // unroll
    for (var x = 0u; x < WIDE; x++) { // unroll
      subgroupMatrixStore<row_major>(&finished, subgroup * SQUARE, sums[y * WIDE + x], SIDE / 4u);
      workgroupBarrier();
      for (var at = lane; at < SQUARE; at += LANES) {
        put(
          row0 + down + y * SIDE + at / (SIDE / 4u),
          (column0 + across + x * SIDE) / 4u + at % (SIDE / 4u),
          params.O / 4u,
          finished[subgroup * SQUARE + at],
        );
      }
      workgroupBarrier();
    }
  }
}

// The same, except that the weight's rows run across the sum.
@compute @workgroup_size(THREADS)
fn backprop_x(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  open_weight(t);
  let width = params.I / 8u;
  let length = params.O / 8u;
  let row0 = group.y * ROWS;
  let column0 = group.x * COLUMNS;
  let subgroup = t / LANES;
  let lane = t % LANES;
  let down = (subgroup / ACROSS) * HIGH * SIDE;
  let across = (subgroup % ACROSS) * WIDE * SIDE;
  let eights = COLUMNS / 8u;
  var sums: array<Sums, HIGH_WIDE>;
  var next_left: array<vec4u, LEFT_LOADS>;
  var next_right: array<vec4u, RIGHT_LOADS>;
  for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
    let at = t + j * THREADS;
    next_left[j] = left_eight(row0 + at / 4u, at % 4u, length);
  }
  for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
    let at = t + j * THREADS;
    next_right[j] = weight_eight(at / eights, min(column0 / 8u + at % eights, width - 1u), width, at / eights < params.O);
  }
  for (var step = 0u; step < length; step += 4u) {
    for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      left[(at / 4u) * PITCH + at % 4u] = next_left[j];
    }
    for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      right[(at / eights) * ACROSS_PITCH + at % eights] = next_right[j];
    }
    workgroupBarrier();
    for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      next_left[j] = left_eight(row0 + at / 4u, step + 4u + at % 4u, length);
    }
    for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
      let at = t + j * THREADS;
      let o = (step + 4u) * 8u + at / eights;
      next_right[j] = weight_eight(o, min(column0 / 8u + at % eights, width - 1u), width, o < params.O);
    }
    for (var k = 0u; k < STEPS; k++) { // unroll
      var a: array<Left, HIGH>;
      for (var y = 0u; y < HIGH; y++) { // unroll
        a[y] = subgroupMatrixLoad<Left, row_major>(&left, (down + y * SIDE) * PITCH + k * SIDE / 8u, PITCH);
      }
      for (var x = 0u; x < WIDE; x++) { // unroll
        let b = subgroupMatrixLoad<Right, row_major>(
          &right,
          k * SIDE * ACROSS_PITCH + (across + x * SIDE) / 8u,
          ACROSS_PITCH,
        );
        for (var y = 0u; y < HIGH; y++) { // unroll
          sums[y * WIDE + x] = subgroupMatrixMultiplyAccumulate(a[y], b, sums[y * WIDE + x]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var y = 0u; y < HIGH; y++) { // unroll
    for (var x = 0u; x < WIDE; x++) { // unroll
      subgroupMatrixStore<row_major>(&finished, subgroup * SQUARE, sums[y * WIDE + x], SIDE / 4u);
      workgroupBarrier();
      for (var at = lane; at < SQUARE; at += LANES) {
        put(
          row0 + down + y * SIDE + at / (SIDE / 4u),
          (column0 + across + x * SIDE) / 4u + at % (SIDE / 4u),
          params.I / 4u,
          finished[subgroup * SQUARE + at],
        );
      }
      workgroupBarrier();
    }
  }
}
