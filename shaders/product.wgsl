// Dense products in tiles: out = x weightT + bias (+ residual), dx = dout weight, dweight = doutT x.
//   x (N, I), weight (O_all, I) of which the O rows from `first` on are used, dout (N, O); 4 divides I and O. Rows of out,
//   residual and dout are `stride` numbers apart. A file of weights/ reads the weight.
// A sum over K is divided into four parts of equal length; each part is summed in order with fused multiply-adds, and the
// total is ((p0 + p1) + p2) + p3. Every kernel of out = x weightT uses that order, so the bits of a row depend neither on the
// kernel nor on the number of rows. Then bias and residual are added in turn, and last an adapter's term (LOW), in the order
// of low_rank.wgsl; 4 divides its rank R and the ends of its parts.
//
// Tiled: a workgroup has 64 x 64 outputs. Of its 256 threads, 64 sum each part, 8 x 8 outputs in registers; tiles of 8 along
// K are read from workgroup memory while the next ones are loaded into registers.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  splits: u32,
  stride: u32,
  R: u32,
  P: u32,
  end1: u32,
  end2: u32,
  scaling: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(6) var<storage, read> dout4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dx4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partial4: array<vec4f>;
@group(0) @binding(9) var<storage, read> low4: array<vec4f>;
@group(0) @binding(10) var<storage, read> up4: array<vec4f>;

override ADD: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;
override LOW: u32 = 0u;
// An activation function, see shared/product_ends.wgsl. Of `backprop`: x is what it makes of dx4's numbers, which are then replaced by
// their gradient.
override ACTIVATION: u32 = 0u;
// out (N, O / 2) = silu(gate) up: the first half of the weight's rows are the gate's, the second those of up.
override GATED: u32 = 0u;

const PARTS = 4u;
// Tiles of the left factor by part, then of the right one; along K; 64 rows or columns as vec4. Padded by one vec4, so that
// neighbouring threads that store a transposed tile use different banks.
var<workgroup> tiles: array<array<array<vec4f, 17>, 8>, 8>;

var<private> sum: array<vec4f, 16>;

// Eight rows by eight columns: vec4 ty and ty + 8 of the tile's 16 vec4 of rows, tx and tx + 8 of columns.
fn add_tile(part: u32, tx: u32, ty: u32) {
  for (var k = 0u; k < 8u; k++) { // unroll
    let a0 = tiles[part][k][ty];
    let a1 = tiles[part][k][ty + 8u];
    let b0 = tiles[PARTS + part][k][tx];
    let b1 = tiles[PARTS + part][k][tx + 8u];
    for (var r = 0u; r < 4u; r++) { // unroll
      sum[r] = fma(vec4f(a0[r]), b0, sum[r]);
      sum[4u + r] = fma(vec4f(a0[r]), b1, sum[4u + r]);
      sum[8u + r] = fma(vec4f(a1[r]), b0, sum[8u + r]);
      sum[12u + r] = fma(vec4f(a1[r]), b1, sum[12u + r]);
    }
  }
}

// ((p0 + p1) + p2) + p3, in the threads of part 0: one part's sums after the other through the memory of the tiles.
fn add_parts(part: u32, t: u32) {
  for (var giver = 1u; giver < PARTS; giver++) { // unroll
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) { // unroll
      if (part == giver) {
        tiles[k / 2u][(k % 2u) * 4u + t / 16u][t % 16u] = sum[k];
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) { // unroll
      if (part == 0u) {
        sum[k] += tiles[k / 2u][(k % 2u) * 4u + t / 16u][t % 16u];
      }
    }
  }
}

// Position of thread t of a part among 8 x 8: the threads of a subgroup of 32 share 4 rows and 8 columns.
fn place_of(t: u32) -> vec2u {
  return vec2u(t % 8u, t / 8u);
}

// Stores a vec4 along K transposed: two threads load the two vec4 of a row.
fn put_transposed(tile: u32, row: u32, at4: u32, value: vec4f) {
  for (var k = 0u; k < 4u; k++) { // unroll
    tiles[tile][at4 * 4u + k][row / 4u][row % 4u] = value[k];
  }
}

// Leaves the products of a tile of 64 x 64 in `sum` of the threads of part 0.
fn multiply_tile(group: vec3u, index: u32) {
  let part = index / 64u;
  let t = index % 64u;
  let place = place_of(t);
  let width = params.I / 4u;
  let length = (width + PARTS - 1u) / PARTS;
  let from_vec4 = part * length + t % 2u;
  let to_vec4 = min(part * length + length, width);
  let rows = vec2u(t / 2u, t / 2u + 32u);
  let xs = min(group.y * 64u + rows, vec2u(params.N - 1u)) * width;
  // With GATED 32 rows of the gate and the same 32 of up.
  let gate = min(group.x * 32u + t / 2u, params.O / 2u - 1u);
  let own = select(min(group.x * 64u + rows, vec2u(params.O - 1u)), vec2u(gate, gate + params.O / 2u), GATED == 1u);
  let ws = (params.first + own) * width;
  var next_x = array<vec4f, 2>();
  var next_w = array<vec4f, 2>();
  for (var j = 0u; j < 2u; j++) { // unroll
    if (from_vec4 < to_vec4) {
      next_x[j] = x4[xs[j] + from_vec4];
      next_w[j] = weight_vec4(ws[j] + from_vec4);
    }
  }
  for (var at = 0u; at < length; at += 2u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      put_transposed(part, rows[j], t % 2u, next_x[j]);
      put_transposed(PARTS + part, rows[j], t % 2u, next_w[j]);
    }
    workgroupBarrier();
    for (var j = 0u; j < 2u; j++) { // unroll
      next_x[j] = vec4f();
      next_w[j] = vec4f();
      if (from_vec4 + at + 2u < to_vec4) {
        next_x[j] = x4[xs[j] + from_vec4 + at + 2u];
        next_w[j] = weight_vec4(ws[j] + from_vec4 + at + 2u);
      }
    }
    add_tile(part, place.x, place.y);
    workgroupBarrier();
  }
  add_parts(part, t);
}

@compute @workgroup_size(256)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  multiply_tile(group, index);
  let place = place_of(index % 64u);
  if (index >= 64u) {
    return;
  }
  if (GATED == 1u) {
    let half = params.O / 8u;
    let column = group.x * 8u + place.x;
    for (var h = 0u; h < 2u; h++) { // unroll
      for (var q = 0u; q < 4u; q++) { // unroll
        let n = group.y * 64u + (place.y + h * 8u) * 4u + q;
        if (n < params.N && column < half) {
          put_gated(n, column, sum[h * 8u + q], sum[h * 8u + 4u + q]);
        }
      }
    }
    return;
  }
  for (var k = 0u; k < 16u; k++) { // unroll
    let n = group.y * 64u + (place.y + (k / 8u) * 8u) * 4u + k % 4u;
    let column = group.x * 16u + place.x + ((k / 4u) % 2u) * 8u;
    if (n < params.N && column * 4u < params.O) {
      out4[n * (params.stride / 4u) + column] = finished(n, column, sum[k]);
    }
  }
  if (LOW == 1u) {
    let n0 = group.y * 64u + place.y * 4u;
    let column = group.x * 16u + place.x;
    add_low(vec2u(n0, n0 + 32u), vec2u(column, column + 8u));
  }
}

// The product in partial4 and what an activation function makes of it in out4, for the backward pass, which needs both: silu(gate)
// up of its halves with GATED, else gelu of each number as ACTIVATION says. Without residual and adapter.
@compute @workgroup_size(256)
fn multiply_and_activate(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  multiply_tile(group, index);
  let place = place_of(index % 64u);
  if (index >= 64u) {
    return;
  }
  let width = params.O / 4u;
  if (GATED == 1u) {
    let half = width / 2u;
    let column = group.x * 8u + place.x;
    for (var k = 0u; k < 8u; k++) { // unroll
      let n = group.y * 64u + (place.y + (k / 4u) * 8u) * 4u + k % 4u;
      if (n < params.N && column < half) {
        let gate = with_bias(column, sum[(k / 4u) * 8u + k % 4u]);
        let up = with_bias(half + column, sum[(k / 4u) * 8u + 4u + k % 4u]);
        partial4[n * width + column] = gate;
        partial4[n * width + half + column] = up;
        out4[n * half + column] = gated_vec4(gate, up);
      }
    }
    return;
  }
  let exact = ACTIVATION == GELU_EXACT;
  for (var k = 0u; k < 16u; k++) { // unroll
    let n = group.y * 64u + (place.y + (k / 8u) * 8u) * 4u + k % 4u;
    let column = group.x * 16u + place.x + ((k / 4u) % 2u) * 8u;
    if (n < params.N && column < width) {
      let v = with_bias(column, sum[k]);
      partial4[n * width + column] = v;
      out4[n * width + column] = vec4f(gelu(v.x, exact), gelu(v.y, exact), gelu(v.z, exact), gelu(v.w, exact));
    }
  }
}

// An adapter's term for one row and a vec4 of columns.
fn with_low(n: u32, column: u32, finished: vec4f) -> vec4f {
  if (LOW == 0u) {
    return finished;
  }
  let rank4 = params.R / 4u;
  let from_low = n * low_height() + low_column(column * 4u) / 4u;
  var added = vec4f();
  for (var r = 0u; r < rank4; r++) {
    let low = low4[from_low + r];
    let u0 = up4[column * params.R + r];
    let u1 = up4[column * params.R + rank4 + r];
    let u2 = up4[column * params.R + 2u * rank4 + r];
    let u3 = up4[column * params.R + 3u * rank4 + r];
    added = fma(vec4f(low.x), vec4f(u0.x, u1.x, u2.x, u3.x), added);
    added = fma(vec4f(low.y), vec4f(u0.y, u1.y, u2.y, u3.y), added);
    added = fma(vec4f(low.z), vec4f(u0.z, u1.z, u2.z, u3.z), added);
    added = fma(vec4f(low.w), vec4f(u0.w, u1.w, u2.w, u3.w), added);
  }
  return fma(vec4f(params.scaling), added, finished);
}

// Stores a vec4 of a row of silu(gate) up, from the products of both.
fn put_gated(n: u32, column: u32, gate_product: vec4f, up_product: vec4f) {
  let half = params.O / 8u;
  let gate = with_low(n, column, finished(n, column, gate_product));
  let up = with_low(n, half + column, finished(n, half + column, up_product));
  out4[n * (params.stride / 4u) + column] = vec4f(
    gated(gate.x, up.x),
    gated(gate.y, up.y),
    gated(gate.z, up.z),
    gated(gate.w, up.w),
  );
}

// Rows and columns of a thread of the kernels without tiles. Their loads take the time, of which larger blocks need fewer.
const OWN_ROWS = 8u;
const OWN_VEC4S = 2u;

// By rows, a vec4 of columns after the other.
var<private> total: array<array<vec4f, OWN_ROWS>, OWN_VEC4S>;

// The products of OWN_ROWS rows of x from n0 on, and as many vec4 of the weight's rows from o0 on, less than `end`.
fn multiply_rows(n0: u32, o0: u32, end: u32) {
  let width = params.I / 4u;
  let length = (width + PARTS - 1u) / PARTS;
  var xs = array<u32, OWN_ROWS>();
  for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
    xs[r] = min(n0 + r, params.N - 1u) * width;
  }
  for (var part = 0u; part < PARTS; part++) {
    var own = array<array<vec4f, OWN_ROWS>, OWN_VEC4S>();
    for (var i = part * length; i < min((part + 1u) * length, width); i++) {
      var row = array<vec4f, OWN_ROWS>();
      for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
        row[r] = x4[xs[r] + i];
      }
      for (var c = 0u; c < OWN_VEC4S; c++) { // always unroll
        let at = (vec4u(params.first) + min(vec4u(o0 + c * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(end - 1u))) * width + i;
        let w0 = weight_vec4(at.x);
        let w1 = weight_vec4(at.y);
        let w2 = weight_vec4(at.z);
        let w3 = weight_vec4(at.w);
        for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
          own[c][r] = fma(vec4f(row[r].x), vec4f(w0.x, w1.x, w2.x, w3.x), own[c][r]);
          own[c][r] = fma(vec4f(row[r].y), vec4f(w0.y, w1.y, w2.y, w3.y), own[c][r]);
          own[c][r] = fma(vec4f(row[r].z), vec4f(w0.z, w1.z, w2.z, w3.z), own[c][r]);
          own[c][r] = fma(vec4f(row[r].w), vec4f(w0.w, w1.w, w2.w, w3.w), own[c][r]);
        }
      }
    }
    for (var c = 0u; c < OWN_VEC4S; c++) { // always unroll
      for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
        total[c][r] = select(total[c][r] + own[c][r], own[c][r], part == 0u);
      }
    }
  }
}

// The same sums without workgroup memory, for devices with slow barriers: one thread, 8 x 8 outputs.
@compute @workgroup_size(4, 4)
fn multiply_untiled(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  let n0 = id.y * OWN_ROWS;
  let o0 = id.x * OWN_VEC4S * 4u;
  let columns = select(params.O, params.O / 2u, GATED == 1u);
  if (o0 >= columns || n0 >= params.N) {
    return;
  }
  var gates = array<array<vec4f, OWN_ROWS>, OWN_VEC4S>();
  for (var from_row = 0u; from_row < params.O; from_row += columns) {
    gates = total;
    multiply_rows(n0, from_row + o0, from_row + columns);
  }
  // Not unrolled, and of a copy: what is behind a product (an adapter's term above all) would be compiled for each of its
  // results, for ten seconds, and sums that an index chooses from are not kept in registers.
  var sums = total;
  for (var c = 0u; c < OWN_VEC4S; c++) {
    let column = o0 / 4u + c;
    for (var r = 0u; r < OWN_ROWS; r++) {
      let n = n0 + r;
      if (n < params.N && column * 4u < columns) {
        if (GATED == 1u) {
          put_gated(n, column, gates[c][r], sums[c][r]);
        } else {
          out4[n * (params.stride / 4u) + column] = with_low(n, column, finished(n, column, sums[c][r]));
        }
      }
    }
  }
}

// dx = dout weight, summed over O.
@compute @workgroup_size(256)
fn backprop_x(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  let part = index / 64u;
  let t = index % 64u;
  let place = place_of(t);
  let width = params.I / 4u;
  let height = params.O / 4u;
  let length = (height + PARTS - 1u) / PARTS;
  let from_vec4 = part * length;
  let to_vec4 = min(from_vec4 + length, height);
  let rows = vec2u(t / 2u, t / 2u + 32u);
  let ds = min(group.y * 64u + rows, vec2u(params.N - 1u)) * (params.stride / 4u);
  let column = min(group.x * 16u + t % 16u, width - 1u);
  var next_d = array<vec4f, 2>();
  var next_w = array<vec4f, 2>();
  for (var j = 0u; j < 2u; j++) { // unroll
    if (from_vec4 + t % 2u < to_vec4) {
      next_d[j] = dout4[ds[j] + from_vec4 + t % 2u];
    }
    if (from_vec4 + j < to_vec4) {
      next_w[j] = weight_vec4((params.first + (from_vec4 + j) * 4u + t / 16u) * width + column);
    }
  }
  for (var at = 0u; at < length; at += 2u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      put_transposed(part, rows[j], t % 2u, next_d[j]);
      tiles[PARTS + part][j * 4u + t / 16u][t % 16u] = next_w[j];
    }
    workgroupBarrier();
    for (var j = 0u; j < 2u; j++) { // unroll
      next_d[j] = vec4f();
      next_w[j] = vec4f();
      let at4 = from_vec4 + at + 2u;
      if (at4 + t % 2u < to_vec4) {
        next_d[j] = dout4[ds[j] + at4 + t % 2u];
      }
      if (at4 + j < to_vec4) {
        next_w[j] = weight_vec4((params.first + (at4 + j) * 4u + t / 16u) * width + column);
      }
    }
    add_tile(part, place.x, place.y);
    workgroupBarrier();
  }
  add_parts(part, t);
  if (part != 0u) {
    return;
  }
  for (var k = 0u; k < 16u; k++) { // unroll
    let n = group.y * 64u + (place.y + (k / 8u) * 8u) * 4u + k % 4u;
    let to = group.x * 16u + place.x + ((k / 4u) % 2u) * 8u;
    if (n < params.N && to < width) {
      if (ADD == 1u) {
        dx4[n * width + to] += sum[k];
      } else {
        dx4[n * width + to] = sum[k];
      }
    }
  }
}

// The same without workgroup memory: one thread, 8 x 8 of dx.
@compute @workgroup_size(4, 4)
fn backprop_x_untiled(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  let column = id.x * OWN_VEC4S;
  let n0 = id.y * OWN_ROWS;
  let width = params.I / 4u;
  if (column >= width || n0 >= params.N) {
    return;
  }
  var ds = array<u32, OWN_ROWS>();
  for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
    ds[r] = min(n0 + r, params.N - 1u) * (params.stride / 4u);
  }
  var sum = array<array<vec4f, OWN_ROWS>, OWN_VEC4S>();
  for (var o = 0u; o < params.O / 4u; o++) {
    var d = array<vec4f, OWN_ROWS>();
    for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
      d[r] = dout4[ds[r] + o];
    }
    for (var c = 0u; c < OWN_VEC4S; c++) { // always unroll
      let at = (params.first + o * 4u) * width + min(column + c, width - 1u);
      let w0 = weight_vec4(at);
      let w1 = weight_vec4(at + width);
      let w2 = weight_vec4(at + 2u * width);
      let w3 = weight_vec4(at + 3u * width);
      for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
        sum[c][r] += d[r].x * w0 + d[r].y * w1 + d[r].z * w2 + d[r].w * w3;
      }
    }
  }
  for (var c = 0u; c < OWN_VEC4S; c++) { // always unroll
    for (var r = 0u; r < OWN_ROWS; r++) { // always unroll
      if (n0 + r < params.N && column + c < width) {
        let at = (n0 + r) * width + column + c;
        if (ADD == 1u) {
          dx4[at] += sum[c][r];
        } else {
          dx4[at] = sum[c][r];
        }
      }
    }
  }
}

// partial[split] = doutT x over a split of the rows; partials.wgsl adds the splits up.
@compute @workgroup_size(256)
fn backprop_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let part = index / 64u;
  let t = index % 64u;
  let place = place_of(t);
  let width = params.I / 4u;
  let height = params.O / 4u;
  let range = (params.N + params.splits - 1u) / params.splits;
  let from_range = group.z * range;
  let to_range = min(from_range + range, params.N);
  let length = (range + PARTS - 1u) / PARTS;
  let from_row = from_range + part * length;
  let to_row = min(from_row + length, to_range);
  let d_column = min(group.y * 16u + t % 16u, height - 1u);
  let x_column = min(group.x * 16u + t % 16u, width - 1u);
  var next_d = array<vec4f, 2>();
  var next_x = array<vec4f, 2>();
  for (var j = 0u; j < 2u; j++) { // unroll
    let n = from_row + j * 4u + t / 16u;
    if (n < to_row) {
      next_d[j] = dout4[n * height + d_column];
      next_x[j] = x4[n * width + x_column];
    }
  }
  for (var at = 0u; at < length; at += 8u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      tiles[part][j * 4u + t / 16u][t % 16u] = next_d[j];
      tiles[PARTS + part][j * 4u + t / 16u][t % 16u] = next_x[j];
    }
    workgroupBarrier();
    for (var j = 0u; j < 2u; j++) { // unroll
      next_d[j] = vec4f();
      next_x[j] = vec4f();
      let n = from_row + at + 8u + j * 4u + t / 16u;
      if (n < to_row) {
        next_d[j] = dout4[n * height + d_column];
        next_x[j] = x4[n * width + x_column];
      }
    }
    add_tile(part, place.x, place.y);
    workgroupBarrier();
  }
  add_parts(part, t);
  if (part != 0u) {
    return;
  }
  for (var k = 0u; k < 16u; k++) { // unroll
    let o = group.y * 64u + (place.y + (k / 8u) * 8u) * 4u + k % 4u;
    let to = group.x * 16u + place.x + ((k / 4u) % 2u) * 8u;
    if (o < params.O && to < width) {
      partial4[(group.z * params.O + o) * width + to] = sum[k];
    }
  }
}

// Rows in a split of a bias's gradient: rowsPerSplit of ops/partials.ts.
const BIAS_ROWS = 64u;

// Sums of dout over a split of the rows behind the partial sums of the weight, as linear.wgsl's sum_rows: 64 columns, four
// threads each, of which each takes every fourth row.
fn gradient_of_bias(columns: u32, split: u32, index: u32) {
  let splits = (params.N + BIAS_ROWS - 1u) / BIAS_ROWS;
  let each = (params.N + splits - 1u) / splits;
  let height = params.O / 4u;
  let column = columns * 64u + index % 64u;
  var total = 0.0;
  if (column < params.O) {
    for (var n = split * each + index / 64u; n < min((split + 1u) * each, params.N); n += 4u) {
      total += dout4[n * height + column / 4u][column % 4u];
    }
  }
  tiles[index / 64u][0][(index % 64u) / 4u][index % 4u] = total;
  workgroupBarrier();
  if (index < 16u && columns * 16u + index < height) {
    let to = params.splits * params.O * (params.I / 4u) + split * height + columns * 16u + index;
    partial4[to] = ((tiles[0][0][index] + tiles[1][0][index]) + tiles[2][0][index]) + tiles[3][0][index];
  }
}

// Which gradient a workgroup computes in `backprop`.
const OF_X = 0u;
const OF_WEIGHT = 1u;

struct Factors {
  left: array<vec4f, 2>,
  right: array<vec4f, 2>,
}

// What a thread loads of both factors for the eight numbers of a part's sum that begin `at` into it: as backprop_x and
// backprop_weight do. A part's sum is from `from_k` to `to_k`, over O or over rows; `t` is the thread of the part.
fn factors_of(which: u32, group: vec2u, at: u32, from_k: u32, to_k: u32, t: u32) -> Factors {
  let width = params.I / 4u;
  let height = params.O / 4u;
  let x_column = min(group.x * 16u + t % 16u, width - 1u);
  let d_column = min(group.y * 16u + t % 16u, height - 1u);
  var loaded = Factors();
  for (var j = 0u; j < 2u; j++) { // unroll
    let k = from_k + at + j * 4u + t / 16u;
    if (which == OF_X) {
      let at4 = (from_k + at) / 4u + t % 2u;
      let row = min(group.y * 64u + t / 2u + j * 32u, params.N - 1u);
      if (at4 * 4u < to_k) {
        loaded.left[j] = dout4[row * (params.stride / 4u) + at4];
      }
      if (k < to_k) {
        loaded.right[j] = weight_vec4((params.first + k) * width + x_column);
      }
    } else if (k < to_k) {
      loaded.left[j] = dout4[k * height + d_column];
      loaded.right[j] = x4[k * width + x_column];
    }
  }
  return loaded;
}

// All gradients of a layer in one dispatch, where each is too small to fill a device: workgroups of dx, then of the weight, then
// of the bias where it has one. Sums are in the order of the kernels above.
@compute @workgroup_size(256)
fn backprop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  open_weight(index);
  let columns = (params.I + 63u) / 64u;
  let outputs = (params.O + 63u) / 64u;
  let of_x = columns * ((params.N + 63u) / 64u);
  let of_weight = columns * outputs * params.splits;
  let own = group.x + group.y * grid.x;
  if (own >= of_x + of_weight) {
    let rest = own - of_x - of_weight;
    if (BIAS == 1u && rest / outputs < (params.N + BIAS_ROWS - 1u) / BIAS_ROWS) {
      gradient_of_bias(rest % outputs, rest / outputs, index);
    }
    return;
  }
  let which = select(OF_WEIGHT, OF_X, own < of_x);
  let within = select(own - of_x, own, which == OF_X);
  let row = within / columns;
  let place_in_grid = vec2u(within % columns, select(row % outputs, row, which == OF_X));
  let split = select(row / outputs, 0u, which == OF_X);

  let part = index / 64u;
  let t = index % 64u;
  let place = place_of(t);
  let width = params.I / 4u;
  // The whole sum of this workgroup, and the part of it that this thread takes.
  let range = (params.N + params.splits - 1u) / params.splits;
  let from_range = select(split * range, 0u, which == OF_X);
  let to_range = select(min(from_range + range, params.N), params.O, which == OF_X);
  let length = select((range + PARTS - 1u) / PARTS, (params.O / 4u + PARTS - 1u) / PARTS * 4u, which == OF_X);
  let from_k = from_range + part * length;
  let to_k = min(from_k + length, to_range);
  var next = factors_of(which, place_in_grid, 0u, from_k, to_k, t);
  for (var at = 0u; at < length; at += 8u) {
    for (var j = 0u; j < 2u; j++) { // unroll
      if (which == OF_X) {
        put_transposed(part, t / 2u + j * 32u, t % 2u, next.left[j]);
      } else {
        tiles[part][j * 4u + t / 16u][t % 16u] = next.left[j];
      }
      tiles[PARTS + part][j * 4u + t / 16u][t % 16u] = next.right[j];
    }
    workgroupBarrier();
    next = factors_of(which, place_in_grid, at + 8u, from_k, to_k, t);
    add_tile(part, place.x, place.y);
    workgroupBarrier();
  }
  add_parts(part, t);
  if (part != 0u) {
    return;
  }
  for (var k = 0u; k < 16u; k++) { // unroll
    let n = place_in_grid.y * 64u + (place.y + (k / 8u) * 8u) * 4u + k % 4u;
    let to = place_in_grid.x * 16u + place.x + ((k / 4u) % 2u) * 8u;
    if (to < width && n < select(params.O, params.N, which == OF_X)) {
      if (which == OF_WEIGHT) {
        partial4[(split * params.O + n) * width + to] = sum[k];
      } else if (ACTIVATION != 0u) {
        put_activated(n, to, sum[k]);
      } else if (ADD == 1u) {
        dx4[n * width + to] += sum[k];
      } else {
        dx4[n * width + to] = sum[k];
      }
    }
  }
}
