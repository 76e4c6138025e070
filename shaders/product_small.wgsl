// The products of product.wgsl for short sums, with the same bits: out = x weightT + bias (+ residual), and all gradients of a layer.
// A workgroup has ROWS x COLUMNS outputs, a thread 4 HIGH x 4 WIDE of them. The four parts of a sum are computed one after the
// other, by the same threads, and added up in registers: no thread waits for another's part, and a workgroup needs so few
// registers and so little memory that many of them are on a multiprocessor together. Shapes and order as there; no adapter's term.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  splits: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(6) var<storage, read> dout4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dx4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partial4: array<vec4f>;

override ADD: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;
// As in product.wgsl.
override ACTIVATION: u32 = 0u;
// Needs WIDE of 2: a thread then has four columns of the gate and the same four of up.
override GATED: u32 = 0u;

const PARTS = 4u;
// Threads beside and above each other.
const BROAD = COLUMNS / (4u * WIDE);
const TALL = ROWS / (4u * HIGH);

// Tiles along K, rows or columns as vec4; padded by one vec4 against bank conflicts.
var<workgroup> left: array<array<vec4f, ROWS / 4u + 1u>, DEPTH>;
var<workgroup> right: array<array<vec4f, COLUMNS / 4u + 1u>, DEPTH>;

// A part's sum, and those of the parts before it: by rows, WIDE vec4 of columns each.
var<private> sum: array<vec4f, OUTS>;
var<private> total: array<vec4f, OUTS>;

// Position of thread t among BROAD x TALL: the threads of a subgroup of 32 share 4 rows and 8 columns.
fn place_of(t: u32) -> vec2u {
  let warp = t / 32u;
  return vec2u(warp % (BROAD / 8u) * 8u + t % 8u, warp / (BROAD / 8u) * 4u + t % 32u / 8u);
}

fn add_tile(place: vec2u) {
  for (var k = 0u; k < DEPTH; k++) { // unroll
    var b = array<vec4f, WIDE>();
    for (var c = 0u; c < WIDE; c++) { // unroll
      b[c] = right[k][place.x + c * BROAD];
    }
    for (var h = 0u; h < HIGH; h++) { // unroll
      let a = left[k][place.y + h * TALL];
      for (var r = 0u; r < 4u; r++) { // unroll
        for (var c = 0u; c < WIDE; c++) { // unroll
          sum[(h * 4u + r) * WIDE + c] = fma(vec4f(a[r]), b[c], sum[(h * 4u + r) * WIDE + c]);
        }
      }
    }
  }
}

// Adds a part's sum to those before it.
fn add_part(part: u32) {
  for (var k = 0u; k < OUTS; k++) { // unroll
    total[k] = select(total[k] + sum[k], sum[k], part == 0u);
    sum[k] = vec4f();
  }
}

// What a workgroup computes.
const OF_PRODUCT = 0u;
const OF_X = 1u;
const OF_WEIGHT = 2u;

// Vec4 of a tile that are loaded along K, and stored transposed: two threads load neighbours of a row, so that neighbouring
// threads store to different banks. Their place along K, and their row among `side`.
fn along_of(place: u32, side: u32) -> u32 {
  return place % 2u + place / (2u * side) * 2u;
}

fn across_of(place: u32, side: u32) -> u32 {
  return place / 2u % side;
}

// The weight's row for a tile's column. With GATED half of the columns are the gate's, the others those of up.
fn weight_row(group: u32, column: u32) -> u32 {
  if (GATED == 1u) {
    let half = COLUMNS / 2u;
    return min(group * half + column % half, params.O / 2u - 1u) + column / half * (params.O / 2u);
  }
  return min(group * COLUMNS + column, params.O - 1u);
}

struct Factors {
  left: array<vec4f, LEFT_LOADS>,
  right: array<vec4f, RIGHT_LOADS>,
}

// What a thread loads of both factors for DEPTH numbers of a sum from `from_k` on, less than `to_k`: over I for a product, over O
// for the gradient of x, over rows for that of the weight.
fn factors_of(which: u32, group: vec2u, from_k: u32, to_k: u32, index: u32) -> Factors {
  let width = params.I / 4u;
  let height = params.O / 4u;
  var loaded = Factors();
  for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
    let place = j * THREADS + index;
    if (which == OF_WEIGHT) {
      let k = from_k + place / (ROWS / 4u);
      if (k < to_k) {
        loaded.left[j] = dout4[k * height + min(group.y * (ROWS / 4u) + place % (ROWS / 4u), height - 1u)];
      }
    } else {
      let k4 = from_k / 4u + along_of(place, ROWS);
      let row = min(group.y * ROWS + across_of(place, ROWS), params.N - 1u);
      if (k4 * 4u < to_k) {
        if (which == OF_X) {
          loaded.left[j] = dout4[row * (params.stride / 4u) + k4];
        } else {
          loaded.left[j] = x4[row * width + k4];
        }
      }
    }
  }
  for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
    let place = j * THREADS + index;
    if (which == OF_PRODUCT) {
      let k4 = from_k / 4u + along_of(place, COLUMNS);
      if (k4 * 4u < to_k) {
        loaded.right[j] = weight_vec4((params.first + weight_row(group.x, across_of(place, COLUMNS))) * width + k4);
      }
    } else {
      let k = from_k + place / (COLUMNS / 4u);
      let column = min(group.x * (COLUMNS / 4u) + place % (COLUMNS / 4u), width - 1u);
      if (k < to_k) {
        if (which == OF_X) {
          loaded.right[j] = weight_vec4((params.first + k) * width + column);
        } else {
          loaded.right[j] = x4[k * width + column];
        }
      }
    }
  }
  return loaded;
}

fn put_factors(which: u32, factors: Factors, index: u32) {
  for (var j = 0u; j < LEFT_LOADS; j++) { // unroll
    let place = j * THREADS + index;
    if (which == OF_WEIGHT) {
      left[place / (ROWS / 4u)][place % (ROWS / 4u)] = factors.left[j];
    } else {
      let row = across_of(place, ROWS);
      for (var k = 0u; k < 4u; k++) { // unroll
        left[along_of(place, ROWS) * 4u + k][row / 4u][row % 4u] = factors.left[j][k];
      }
    }
  }
  for (var j = 0u; j < RIGHT_LOADS; j++) { // unroll
    let place = j * THREADS + index;
    if (which == OF_PRODUCT) {
      let column = across_of(place, COLUMNS);
      for (var k = 0u; k < 4u; k++) { // unroll
        right[along_of(place, COLUMNS) * 4u + k][column / 4u][column % 4u] = factors.right[j][k];
      }
    } else {
      right[place / (COLUMNS / 4u)][place % (COLUMNS / 4u)] = factors.right[j];
    }
  }
}

// Leaves the sums of a tile in `total`: each from `from_k` to `to_k`, in parts of `length`.
fn sum_tile(which: u32, group: vec2u, from_k: u32, to_k: u32, length: u32, index: u32) {
  let place = place_of(index);
  var next = factors_of(which, group, from_k, min(from_k + length, to_k), index);
  for (var part = 0u; part < PARTS; part++) {
    let from_part = from_k + part * length;
    for (var at = 0u; at < length; at += DEPTH) {
      put_factors(which, next, index);
      workgroupBarrier();
      // The next tile of this part, or the first of the next part.
      let is_last = at + DEPTH >= length;
      let end = min(select(from_part + length, from_part + 2u * length, is_last), to_k);
      next = factors_of(which, group, from_part + select(at + DEPTH, length, is_last), end, index);
      add_tile(place);
      workgroupBarrier();
    }
    add_part(part);
  }
}

// Parts of a sum over `width` vec4.
fn length_of(width: u32) -> u32 {
  return (width + PARTS - 1u) / PARTS * 4u;
}

// Row, and column in vec4, of a thread's k-th vec4 of sums.
fn row_of(k: u32, group: u32, place: vec2u) -> u32 {
  return group * ROWS + (place.y + k / WIDE / 4u * TALL) * 4u + k / WIDE % 4u;
}

fn column_of(k: u32, group: u32, place: vec2u) -> u32 {
  return group * (COLUMNS / 4u) + place.x + k % WIDE * BROAD;
}

@compute @workgroup_size(THREADS)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  sum_tile(OF_PRODUCT, group.xy, 0u, params.I, length_of(params.I / 4u), index);
  let place = place_of(index);
  let stride = params.stride / 4u;
  if (GATED == 1u) {
    let half = params.O / 8u;
    let column = group.x * BROAD + place.x;
    for (var k = 0u; k < OWN_ROWS; k++) { // unroll
      let n = row_of(k * WIDE, group.y, place);
      if (n < params.N && column < half) {
        let gate = finished(n, column, total[k * WIDE]);
        let up = finished(n, half + column, total[k * WIDE + WIDE - 1u]);
        out4[n * stride + column] = gated_vec4(gate, up);
      }
    }
    return;
  }
  for (var k = 0u; k < OUTS; k++) { // unroll
    let n = row_of(k, group.y, place);
    let column = column_of(k, group.x, place);
    if (n < params.N && column * 4u < params.O) {
      out4[n * stride + column] = finished(n, column, total[k]);
    }
  }
}

// The product in partial4 and what an activation function makes of it in out4, as in product.wgsl.
@compute @workgroup_size(THREADS)
fn multiply_and_activate(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  sum_tile(OF_PRODUCT, group.xy, 0u, params.I, length_of(params.I / 4u), index);
  let place = place_of(index);
  let width = params.O / 4u;
  if (GATED == 1u) {
    let half = width / 2u;
    let column = group.x * BROAD + place.x;
    for (var k = 0u; k < OWN_ROWS; k++) { // unroll
      let n = row_of(k * WIDE, group.y, place);
      if (n < params.N && column < half) {
        let gate = with_bias(column, total[k * WIDE]);
        let up = with_bias(half + column, total[k * WIDE + WIDE - 1u]);
        partial4[n * width + column] = gate;
        partial4[n * width + half + column] = up;
        out4[n * half + column] = gated_vec4(gate, up);
      }
    }
    return;
  }
  let exact = ACTIVATION == GELU_EXACT;
  for (var k = 0u; k < OUTS; k++) { // unroll
    let n = row_of(k, group.y, place);
    let column = column_of(k, group.x, place);
    if (n < params.N && column < width) {
      let v = with_bias(column, total[k]);
      partial4[n * width + column] = v;
      out4[n * width + column] = vec4f(gelu(v.x, exact), gelu(v.y, exact), gelu(v.z, exact), gelu(v.w, exact));
    }
  }
}

// Rows in a split of a bias's gradient: rowsPerSplit of ops/partials.ts.
const BIAS_ROWS = 64u;
// Workgroups of 64 threads that one of these does the work of.
const BIAS_SLOTS = THREADS / 64u;

// Sums of dout over splits of the rows, behind the partial sums of the weight, in the order of linear.wgsl's sum_rows: 64 threads
// have 16 vec4 of columns, four threads each, of which each takes every fourth row.
fn gradient_of_bias(group: u32, index: u32) {
  let splits = (params.N + BIAS_ROWS - 1u) / BIAS_ROWS;
  let each = (params.N + splits - 1u) / splits;
  let height = params.O / 4u;
  let outputs = (params.O + 63u) / 64u;
  let own = group * BIAS_SLOTS + index / 64u;
  let split = own / outputs;
  let column = own % outputs * 16u + index % 16u;
  var added = vec4f();
  if (split < splits && column < height) {
    for (var n = split * each + index % 64u / 16u; n < min((split + 1u) * each, params.N); n += 4u) {
      added += dout4[n * height + column];
    }
  }
  left[index / (ROWS / 4u)][index % (ROWS / 4u)] = added;
  workgroupBarrier();
  if (index % 64u < 16u && split < splits && column < height) {
    let to = params.splits * params.O * (params.I / 4u) + split * height + column;
    partial4[to] = ((put_at(index) + put_at(index + 16u)) + put_at(index + 32u)) + put_at(index + 48u);
  }
}

fn put_at(index: u32) -> vec4f {
  return left[index / (ROWS / 4u)][index % (ROWS / 4u)];
}

// All gradients of a layer in one dispatch, as in product.wgsl: workgroups of dx and of the weight, the longer sums first, then of
// the bias where it has one.
@compute @workgroup_size(THREADS)
fn backprop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  open_weight(index);
  let columns = (params.I + COLUMNS - 1u) / COLUMNS;
  let outputs = (params.O + ROWS - 1u) / ROWS;
  let of_x = columns * ((params.N + ROWS - 1u) / ROWS);
  let of_weight = columns * outputs * params.splits;
  let own = group.x + group.y * grid.x;
  if (own >= of_x + of_weight) {
    if (BIAS == 1u) {
      gradient_of_bias(own - of_x - of_weight, index);
    }
    return;
  }
  let range = (params.N + params.splits - 1u) / params.splits;
  let is_x_first = params.O >= range;
  let is_x = select(own >= of_weight, own < of_x, is_x_first);
  let within = own - select(0u, select(of_weight, of_x, is_x_first), is_x != is_x_first);
  let row = within / columns;
  let place_in_grid = vec2u(within % columns, select(row % outputs, row, is_x));
  let split = select(row / outputs, 0u, is_x);
  let from_k = select(split * range, 0u, is_x);
  let to_k = select(min(from_k + range, params.N), params.O, is_x);
  let length = select((range + PARTS - 1u) / PARTS, length_of(params.O / 4u), is_x);
  sum_tile(select(OF_WEIGHT, OF_X, is_x), place_in_grid, from_k, to_k, length, index);
  let place = place_of(index);
  let width = params.I / 4u;
  for (var k = 0u; k < OUTS; k++) { // unroll
    let n = row_of(k, place_in_grid.y, place);
    let to = column_of(k, place_in_grid.x, place);
    if (to < width && n < select(params.O, params.N, is_x)) {
      if (!is_x) {
        partial4[(split * params.O + n) * width + to] = total[k];
      } else if (ACTIVATION != 0u) {
        put_activated(n, to, total[k]);
      } else if (ADD == 1u) {
        dx4[n * width + to] += total[k];
      } else {
        dx4[n * width + to] = total[k];
      }
    }
  }
}
