// out = x weightT + bias (+ residual) for a few rows of x, in the order of sums of product.wgsl: bound by reading the weight,
// once. A workgroup has OUTS outputs of ROWS rows; a thread sums one part of SIDE outputs for EACH rows. Tiles of the weight
// and of x are read through workgroup memory, so that loads are contiguous; the next tiles are loaded meanwhile. A tile has
// TILE chunks of every part, and a chunk CHUNK vec4: 16 bytes of the stored weight, or one vec4 where rows do not allow that.
// For few outputs, more THREADS load than sum.
//   x (N, I), weight (O_all, I) of which the O rows from `first` on are used, out (N, O); 4 divides I and O. Rows of out and
//   residual are `stride` numbers apart. A file of chunks/ reads the weight.
// With NORM the product is of rmsnorm(x), in the bits of rmsnorm.wgsl for rows of more than 64: each workgroup normalizes its
// rows. `residual` is then the norm's weight.

struct Params {
  N: u32,
  I: u32,
  O: u32,
  first: u32,
  stride: u32,
  R: u32,
  P: u32,
  end1: u32,
  end2: u32,
  scaling: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read> low4: array<vec4f>;
@group(0) @binding(7) var<storage, read> up4: array<vec4f>;

override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;
override LOW: u32 = 0u;
override GATED: u32 = 0u;
override NORM: u32 = 0u;

const PARTS = 4u;
// Threads that sum. Each thread loads LOADS chunks of the weight and X_LOADS vec4 of x of a tile.
const SUMMING = OUTS / SIDE * PARTS * (ROWS / EACH);
// Outputs in SIDE groups, a thread has one of each. Padded by two, so that eight neighbouring threads store to different
// banks.
var<workgroup> weights: array<array<array<array<vec4u, OUTS / SIDE + 2u>, SIDE>, TILE>, PARTS>;
var<workgroup> scales: array<u32, SCALES>;
// Rows by the threads that sum them: indices become constants when loops are unrolled, and then need no bounds check.
var<workgroup> rows: array<array<array<array<vec4f, EACH>, ROWS / EACH>, TILE * CHUNK>, PARTS>;
var<workgroup> sums: array<array<array<f32, OUTS>, ROWS>, PARTS>;

// For NORM, whose host sets NORM_ROWS to ROWS: the lanes' sums of squares, sums of eight lanes, and 1 / root mean square.
var<workgroup> norm_lanes: array<array<f32, 64>, NORM_ROWS>;
var<workgroup> norm_octets: array<array<f32, 8>, NORM_ROWS>;
var<workgroup> rstds: array<f32, NORM_ROWS>;

fn measure_rows(index: u32, n0: u32) {
  for (var r = index / 64u; r < NORM_ROWS; r += THREADS / 64u) {
    let from_vec4 = min(n0 + r, params.N - 1u) * (params.I / 4u);
    var squares = 0.0;
    for (var c = index % 64u; c < params.I; c += 64u) {
      let value = x4[from_vec4 + c / 4u][c % 4u];
      squares = fma(value, value, squares);
    }
    norm_lanes[r][index % 64u] = squares;
  }
  workgroupBarrier();
  for (var place = index; place < NORM_ROWS * 8u; place += THREADS) {
    var total = 0.0;
    for (var i = 0u; i < 8u; i++) {
      total += norm_lanes[place / 8u][(place % 8u) * 8u + i];
    }
    norm_octets[place / 8u][place % 8u] = total;
  }
  workgroupBarrier();
  for (var r = index; r < NORM_ROWS; r += THREADS) {
    var total = 0.0;
    for (var i = 0u; i < 8u; i++) {
      total += norm_octets[r][i];
    }
    rstds[r] = 1.0 / sqrt(total / f32(params.I) + params.eps);
  }
  workgroupBarrier();
}

// The row of the weight for output `local` of a workgroup. With GATED half of a workgroup's outputs are the gate's, the other
// half the same ones of up, O / 2 rows further on.
fn row_of(local: u32, group: u32) -> u32 {
  if (GATED == 1u) {
    let half = OUTS / 2u;
    return min(group * half + local % half, params.O / 2u - 1u) + local / half * (params.O / 2u);
  }
  return min(group * OUTS + local, params.O - 1u);
}

@compute @workgroup_size(THREADS)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  open_weight(index);
  let part = (index / (OUTS / SIDE)) % PARTS;
  let o = index % (OUTS / SIDE);
  let own_rows = index / (OUTS / SIDE * PARTS);
  let width = params.I / 4u;
  let length = (width + PARTS - 1u) / PARTS;
  let n0 = group.y * ROWS;
  var next = array<vec4u, LOADS>();
  var next_scale = array<u32, LOADS>();
  var next_x = array<vec4f, X_LOADS>();
  for (var j = 0u; j < LOADS; j++) { // unroll
    let from_vec4 = place_of(j * THREADS + index, group.x, 0u, length, width);
    next[j] = chunk_of(from_vec4);
    next_scale[j] = scale_of(from_vec4);
  }
  if (NORM == 1u) {
    measure_rows(index, n0);
  }
  for (var j = 0u; j < X_LOADS; j++) { // unroll
    next_x[j] = x_at(j * THREADS + index, n0, 0u, length, width);
  }
  // An adapter's term, computed while the first tile is loaded.
  var added = array<f32, PLACES>();
  if (LOW == 1u) {
    for (var j = 0u; j < PLACES; j++) { // unroll
      let place = j * THREADS + index;
      added[j] = low_sum(min(n0 + place / OUTS, params.N - 1u), row_of(place % OUTS, group.x));
    }
  }
  var sum = array<f32, EACH * SIDE>();
  for (var at = 0u; at < length; at += TILE * CHUNK) {
    for (var j = 0u; j < LOADS; j++) { // unroll
      let place = j * THREADS + index;
      if (place < TILE * OUTS * PARTS) {
        let local = (place / TILE) % OUTS;
        weights[place / (TILE * OUTS)][place % TILE][local / (OUTS / SIDE)][local % (OUTS / SIDE)] = next[j];
        if (SCALES > 1u) {
          scales[place] = next_scale[j];
        }
      }
    }
    for (var j = 0u; j < X_LOADS; j++) { // unroll
      let place = j * THREADS + index;
      if (place < ROWS * TILE * CHUNK * PARTS) {
        let r = (place / (TILE * CHUNK)) % ROWS;
        rows[place / (TILE * CHUNK * ROWS)][place % (TILE * CHUNK)][r / EACH][r % EACH] = next_x[j];
      }
    }
    workgroupBarrier();
    for (var j = 0u; j < LOADS; j++) { // unroll
      let from_vec4 = place_of(j * THREADS + index, group.x, at + TILE * CHUNK, length, width);
      next[j] = chunk_of(from_vec4);
      next_scale[j] = scale_of(from_vec4);
    }
    for (var j = 0u; j < X_LOADS; j++) { // unroll
      next_x[j] = x_at(j * THREADS + index, n0, at + TILE * CHUNK, length, width);
    }
    if (index < SUMMING) {
      for (var from_chunk = 0u; from_chunk < TILE; from_chunk += STEP) {
        for (var j = 0u; j < STEP; j++) { // unroll
          var words = array<vec4u, SIDE>();
          var scale = array<u32, SIDE>();
          for (var k = 0u; k < SIDE; k++) { // unroll
            words[k] = weights[part][from_chunk + j][k][o];
            if (SCALES > 1u) {
              scale[k] = scales[(part * OUTS + k * (OUTS / SIDE) + o) * TILE + from_chunk + j];
            }
          }
          for (var f = 0u; f < CHUNK; f++) { // unroll
            var w = array<vec4f, SIDE>();
            for (var k = 0u; k < SIDE; k++) { // unroll
              w[k] = vec4_of(words[k], f, scale[k]);
            }
            for (var r = 0u; r < EACH; r++) { // unroll
              let row = rows[part][(from_chunk + j) * CHUNK + f][own_rows][r];
              for (var k = 0u; k < SIDE; k++) { // unroll
                sum[r * SIDE + k] = fma(row.x, w[k].x, sum[r * SIDE + k]);
                sum[r * SIDE + k] = fma(row.y, w[k].y, sum[r * SIDE + k]);
                sum[r * SIDE + k] = fma(row.z, w[k].z, sum[r * SIDE + k]);
                sum[r * SIDE + k] = fma(row.w, w[k].w, sum[r * SIDE + k]);
              }
            }
          }
        }
      }
    }
    workgroupBarrier();
  }
  if (index < SUMMING) {
    for (var r = 0u; r < EACH; r++) { // unroll
      for (var k = 0u; k < SIDE; k++) { // unroll
        sums[part][own_rows * EACH + r][k * (OUTS / SIDE) + o] = sum[r * SIDE + k];
      }
    }
  }
  workgroupBarrier();
  for (var j = 0u; j < PLACES; j++) { // unroll
    let place = j * THREADS + index;
    let r = place / OUTS;
    let n = n0 + r;
    let local = place % OUTS;
    let column = row_of(local, group.x);
    if (r < ROWS && n < params.N) {
      var value = ((sums[0][r][local] + sums[1][r][local]) + sums[2][r][local]) + sums[3][r][local];
      if (BIAS == 1u) {
        value += bias[params.first + column];
      }
      if (RESIDUAL == 1u) {
        value += residual[n * params.stride + column];
      }
      if (LOW == 1u) {
        value = fma(params.scaling, added[j], value);
      }
      if (GATED == 1u) {
        sums[0][r][local] = value;
      } else if (group.x * OUTS + local < params.O) {
        out[n * params.stride + column] = value;
      }
    }
  }
  if (GATED == 1u) {
    workgroupBarrier();
    let half = OUTS / 2u;
    for (var place = index; place < ROWS * half; place += THREADS) {
      let n = n0 + place / half;
      let column = group.x * half + place % half;
      if (n < params.N && column < params.O / 2u) {
        let gate = sums[0][place / half][place % half];
        out[n * params.stride + column] = gated(gate, sums[0][place / half][place % half + half]);
      }
    }
  }
}

// Sum over an adapter's rank for one output, in the order of low_rank.wgsl.
fn low_sum(n: u32, o: u32) -> f32 {
  let rank4 = params.R / 4u;
  let part = select(0u, 1u, o >= params.end1) + select(0u, 1u, o >= params.end2);
  let from_low = (n * params.P + part) * rank4;
  var sum = 0.0;
  for (var r = 0u; r < rank4; r++) {
    let low = low4[from_low + r];
    let up = up4[o * rank4 + r];
    sum = fma(low.x, up.x, sum);
    sum = fma(low.y, up.y, sum);
    sum = fma(low.z, up.z, sum);
    sum = fma(low.w, up.w, sum);
  }
  return sum;
}

// First vec4 of one chunk of the tile that begins `at` vec4 into every part: neighbouring threads load neighbours along I.
fn place_of(place: u32, group: u32, at: u32, length: u32, width: u32) -> u32 {
  let at4 = at + (place % TILE) * CHUNK;
  let i = (place / (TILE * OUTS)) * length + at4;
  let o = params.first + row_of((place / TILE) % OUTS, group);
  return select(NO_INDEX, o * width + i, place < TILE * OUTS * PARTS && at4 < length && i < width);
}

fn chunk_of(from_vec4: u32) -> vec4u {
  if (from_vec4 == NO_INDEX) {
    return vec4u();
  }
  return chunk_at(from_vec4);
}

fn scale_of(from_vec4: u32) -> u32 {
  if (SCALES == 1u || from_vec4 == NO_INDEX) {
    return 0u;
  }
  return scale_at(from_vec4);
}

// One vec4 of x of the tile.
fn x_at(place: u32, n0: u32, at: u32, length: u32, width: u32) -> vec4f {
  let at4 = at + place % (TILE * CHUNK);
  let i = (place / (TILE * CHUNK * ROWS)) * length + at4;
  if (place < ROWS * TILE * CHUNK * PARTS && at4 < length && i < width) {
    let r = (place / (TILE * CHUNK)) % ROWS;
    let value = x4[min(n0 + r, params.N - 1u) * width + i];
    if (NORM == 1u) {
      let weight = vec4f(residual[i * 4u], residual[i * 4u + 1u], residual[i * 4u + 2u], residual[i * 4u + 3u]);
      return value * rstds[min(r, NORM_ROWS - 1u)] * weight;
    }
    return value;
  }
  return vec4f();
}
