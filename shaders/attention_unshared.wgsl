// The kernels of attention.wgsl for adapters where threads share nothing cheaply (a CPU that executes workgroups): formulas,
// bindings and bits are the same, without workgroup memory and barriers. A thread goes through the eight lanes of a pair in
// turn, for BLOCK rows of a head, or BLOCK keys of a key head, at a time: neighbours mostly have the same spans, and loads
// are what takes time there. ELEMENTS = D / 4. Loops over BLOCK and ELEMENTS are unrolled, so that arrays are registers.

struct Params {
  N: u32,
  S: u32,
  H: u32,
  K: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(4) var<storage, read> query_spans: array<vec4u>;
@group(0) @binding(5) var<storage, read> key_spans: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(8) var<storage, read> dout: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> dv: array<vec4f>;

override ADD: u32 = 0u;

const LANES = 8u;
const LOWEST: f32 = -1e30;

fn total(s: vec4f) -> f32 {
  return (s.x + s.y) + (s.z + s.w);
}

// How many rows from `n` on can be computed together: all BLOCK, where element `at` of their spans is the same row, else one.
fn rows_together(n: u32) -> u32 {
  let spans = query_spans[n];
  var alike = true;
  for (var r = 1u; r < BLOCK; r++) {
    alike = alike && all(query_spans[min(n + r, params.N - 1u)].xyz == spans.xyz);
  }
  return select(1u, BLOCK, alike);
}

// Keys of row n + r; 0 for a row that is not among the `together` ones.
fn keys_of(n: u32, r: u32, together: u32) -> u32 {
  return select(0u, length_of(query_spans[min(n + r, params.N - 1u)]), r < together && n + r < params.N);
}

// Twice through the lanes: first for the maximum and the sum of each, from which the shares of all lanes follow, then for the
// results. Keeping eight results for each row would take arrays with variable indices, which are slow to compile and to run.
fn attend_rows(n: u32, head: u32, together: u32) {
  let spans = query_spans[n];
  let key_head = head / (params.H / params.K);
  var count = array<u32, BLOCK>();
  var row = array<array<vec4f, ELEMENTS>, BLOCK>();
  var most = 0u;
  for (var r = 0u; r < BLOCK; r++) { // unroll
    count[r] = keys_of(n, r, together);
    most = max(most, count[r]);
    let from_q = (min(n + r, params.N - 1u) * params.H + head) * ELEMENTS;
    for (var i = 0u; i < ELEMENTS; i++) { // unroll
      row[r][i] = q[from_q + i];
    }
  }
  var maxima = array<array<f32, LANES>, BLOCK>();
  var sums = array<array<f32, LANES>, BLOCK>();
  for (var lane = 0u; lane < LANES; lane++) {
    var highest = array<f32, BLOCK>();
    var sum = array<f32, BLOCK>();
    for (var r = 0u; r < BLOCK; r++) { // unroll
      highest[r] = LOWEST;
    }
    for (var t = lane; t < most; t += LANES) {
      let at = (member(spans, t) * params.K + key_head) * ELEMENTS;
      var key = array<vec4f, ELEMENTS>();
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        key[i] = key_vec4(at + i);
      }
      for (var r = 0u; r < BLOCK; r++) { // unroll
        if (t < count[r]) {
          var product = vec4f();
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            product = fma(row[r][i], key[i], product);
          }
          let score = total(product) * params.scale;
          let above = max(highest[r], score);
          sum[r] = fma(sum[r], exp(highest[r] - above), exp(score - above));
          highest[r] = above;
        }
      }
    }
    for (var r = 0u; r < BLOCK; r++) { // unroll
      maxima[r][lane] = highest[r];
      sums[r][lane] = sum[r];
    }
  }

  var top = array<f32, BLOCK>();
  var denominator = array<f32, BLOCK>();
  for (var r = 0u; r < BLOCK; r++) { // unroll
    top[r] = LOWEST;
    for (var lane = 0u; lane < LANES; lane++) { // unroll
      top[r] = max(top[r], maxima[r][lane]);
    }
    for (var lane = 0u; lane < LANES; lane++) { // unroll
      denominator[r] += sums[r][lane] * exp(maxima[r][lane] - top[r]);
    }
  }

  var whole = array<array<vec4f, ELEMENTS>, BLOCK>();
  for (var lane = 0u; lane < LANES; lane++) {
    var result = array<array<vec4f, ELEMENTS>, BLOCK>();
    var highest = array<f32, BLOCK>();
    for (var r = 0u; r < BLOCK; r++) { // unroll
      highest[r] = LOWEST;
    }
    for (var t = lane; t < most; t += LANES) {
      let at = (member(spans, t) * params.K + key_head) * ELEMENTS;
      var key = array<vec4f, ELEMENTS>();
      var value = array<vec4f, ELEMENTS>();
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        key[i] = key_vec4(at + i);
        value[i] = value_vec4(at + i);
      }
      for (var r = 0u; r < BLOCK; r++) { // unroll
        if (t < count[r]) {
          var product = vec4f();
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            product = fma(row[r][i], key[i], product);
          }
          let score = total(product) * params.scale;
          let above = max(highest[r], score);
          let shrink = exp(highest[r] - above);
          let p = exp(score - above);
          highest[r] = above;
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            result[r][i] = fma(vec4f(p), value[i], result[r][i] * shrink);
          }
        }
      }
    }
    for (var r = 0u; r < BLOCK; r++) { // unroll
      // A row without keys has a sum of 0 and gets 0.
      let part = select(0.0, exp(highest[r] - top[r]) / denominator[r], denominator[r] > 0.0);
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        whole[r][i] += result[r][i] * part;
      }
    }
  }
  for (var r = 0u; r < BLOCK; r++) { // unroll
    if (r < together && n + r < params.N) {
      let pair = (n + r) * params.H + head;
      stats[pair] = vec2f(select(0.0, top[r] + log(denominator[r]), denominator[r] > 0.0), 0.0);
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        out[pair * ELEMENTS + i] = whole[r][i];
      }
    }
  }
}

@compute @workgroup_size(32)
fn attend(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 32u;
  let first = (at / params.H) * BLOCK;
  if (first >= params.N) {
    return;
  }
  let together = rows_together(first);
  for (var n = first; n < min(first + BLOCK, params.N); n += together) {
    attend_rows(n, at % params.H, together);
  }
}

fn backprop_rows(n: u32, head: u32, together: u32) {
  let spans = query_spans[n];
  let key_head = head / (params.H / params.K);
  var count = array<u32, BLOCK>();
  var stat = array<vec2f, BLOCK>();
  var row = array<array<vec4f, ELEMENTS>, BLOCK>();
  var drow = array<array<vec4f, ELEMENTS>, BLOCK>();
  var whole = array<array<vec4f, ELEMENTS>, BLOCK>();
  var most = 0u;
  for (var r = 0u; r < BLOCK; r++) { // unroll
    count[r] = keys_of(n, r, together);
    most = max(most, count[r]);
    let pair = min(n + r, params.N - 1u) * params.H + head;
    stat[r] = stats[pair];
    for (var i = 0u; i < ELEMENTS; i++) { // unroll
      row[r][i] = q[pair * ELEMENTS + i];
      drow[r][i] = dout[pair * ELEMENTS + i];
    }
  }
  for (var lane = 0u; lane < LANES; lane++) {
    var gradient = array<array<vec4f, ELEMENTS>, BLOCK>();
    for (var t = lane; t < most; t += LANES) {
      let at = (member(spans, t) * params.K + key_head) * ELEMENTS;
      var key = array<vec4f, ELEMENTS>();
      var value = array<vec4f, ELEMENTS>();
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        key[i] = key_vec4(at + i);
        value[i] = value_vec4(at + i);
      }
      for (var r = 0u; r < BLOCK; r++) { // unroll
        if (t < count[r]) {
          var product = vec4f();
          var dproduct = vec4f();
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            product = fma(row[r][i], key[i], product);
            dproduct = fma(drow[r][i], value[i], dproduct);
          }
          let p = exp(total(product) * params.scale - stat[r].x);
          let dscore = p * (total(dproduct) - stat[r].y) * params.scale;
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            gradient[r][i] = fma(vec4f(dscore), key[i], gradient[r][i]);
          }
        }
      }
    }
    for (var r = 0u; r < BLOCK; r++) { // unroll
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        whole[r][i] += gradient[r][i];
      }
    }
  }
  for (var r = 0u; r < BLOCK; r++) { // unroll
    if (r < together && n + r < params.N) {
      let to = ((n + r) * params.H + head) * ELEMENTS;
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        if (ADD == 1u) {
          dq[to + i] += whole[r][i];
        } else {
          dq[to + i] = whole[r][i];
        }
      }
    }
  }
}

@compute @workgroup_size(32)
fn backprop_q(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 32u;
  let first = (at / params.H) * BLOCK;
  if (first >= params.N) {
    return;
  }
  let together = rows_together(first);
  for (var n = first; n < min(first + BLOCK, params.N); n += together) {
    backprop_rows(n, at % params.H, together);
  }
}

// How many keys from `key` on can be computed together: all BLOCK, where the same rows attend them, else one.
fn keys_together(key: u32) -> u32 {
  let spans = key_spans[key];
  var alike = true;
  for (var r = 1u; r < BLOCK; r++) {
    alike = alike && all(key_spans[min(key + r, params.S - 1u)] == spans);
  }
  return select(1u, BLOCK, alike);
}

fn backprop_keys(first: u32, key_head: u32, together: u32) {
  let heads = params.H / params.K;
  let spans = key_spans[first];
  let count = length_of(spans) * heads;
  var key = array<array<vec4f, ELEMENTS>, BLOCK>();
  var value = array<array<vec4f, ELEMENTS>, BLOCK>();
  var whole = array<array<vec4f, ELEMENTS>, BLOCK>();
  for (var r = 0u; r < BLOCK; r++) { // unroll
    let own = (min(first + r, params.S - 1u) * params.K + key_head) * ELEMENTS;
    for (var i = 0u; i < ELEMENTS; i++) { // unroll
      key[r][i] = key_vec4(own + i);
      value[r][i] = value_vec4(own + i);
    }
  }
  for (var lane = 0u; lane < LANES; lane++) {
    var gradient = array<array<vec4f, ELEMENTS>, BLOCK>();
    for (var t = lane; t < count; t += LANES) {
      let n = member(spans, t / heads);
      let held = query_spans[n];
      let from_pair = n * params.H + key_head * heads + t % heads;
      var row = array<vec4f, ELEMENTS>();
      var drow = array<vec4f, ELEMENTS>();
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        row[i] = q[from_pair * ELEMENTS + i];
        drow[i] = dout[from_pair * ELEMENTS + i];
      }
      let stat = stats[from_pair];
      for (var r = 0u; r < BLOCK; r++) { // unroll
        if (r < together && holds(held, first + r)) {
          var product = vec4f();
          var dproduct = vec4f();
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            product = fma(row[i], key[r][i], product);
            dproduct = fma(drow[i], value[r][i], dproduct);
          }
          let p = exp(total(product) * params.scale - stat.x);
          let dscore = p * (total(dproduct) - stat.y) * params.scale;
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            gradient[r][i] = fma(vec4f(dscore), row[i], gradient[r][i]);
          }
        }
      }
    }
    for (var r = 0u; r < BLOCK; r++) { // unroll
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        whole[r][i] += gradient[r][i];
      }
    }
  }
  for (var r = 0u; r < BLOCK; r++) { // unroll
    if (r < together && first + r < params.S) {
      let to = ((first + r) * params.K + key_head) * ELEMENTS;
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        if (ADD == 1u) {
          dk[to + i] += whole[r][i];
        } else {
          dk[to + i] = whole[r][i];
        }
      }
    }
  }
}

@compute @workgroup_size(32)
fn backprop_k(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 32u;
  let first = (at / params.K) * BLOCK;
  if (first >= params.S) {
    return;
  }
  let together = keys_together(first);
  for (var key = first; key < min(first + BLOCK, params.S); key += together) {
    backprop_keys(key, at % params.K, together);
  }
}

fn backprop_values(first: u32, key_head: u32, together: u32) {
  let heads = params.H / params.K;
  let spans = key_spans[first];
  let count = length_of(spans) * heads;
  var key = array<array<vec4f, ELEMENTS>, BLOCK>();
  var whole = array<array<vec4f, ELEMENTS>, BLOCK>();
  for (var r = 0u; r < BLOCK; r++) { // unroll
    let own = (min(first + r, params.S - 1u) * params.K + key_head) * ELEMENTS;
    for (var i = 0u; i < ELEMENTS; i++) { // unroll
      key[r][i] = key_vec4(own + i);
    }
  }
  for (var lane = 0u; lane < LANES; lane++) {
    var gradient = array<array<vec4f, ELEMENTS>, BLOCK>();
    for (var t = lane; t < count; t += LANES) {
      let n = member(spans, t / heads);
      let held = query_spans[n];
      let from_pair = n * params.H + key_head * heads + t % heads;
      var row = array<vec4f, ELEMENTS>();
      var drow = array<vec4f, ELEMENTS>();
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        row[i] = q[from_pair * ELEMENTS + i];
        drow[i] = dout[from_pair * ELEMENTS + i];
      }
      let lse = stats[from_pair].x;
      for (var r = 0u; r < BLOCK; r++) { // unroll
        if (r < together && holds(held, first + r)) {
          var product = vec4f();
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            product = fma(row[i], key[r][i], product);
          }
          let p = exp(total(product) * params.scale - lse);
          for (var i = 0u; i < ELEMENTS; i++) { // unroll
            gradient[r][i] = fma(vec4f(p), drow[i], gradient[r][i]);
          }
        }
      }
    }
    for (var r = 0u; r < BLOCK; r++) { // unroll
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        whole[r][i] += gradient[r][i];
      }
    }
  }
  for (var r = 0u; r < BLOCK; r++) { // unroll
    if (r < together && first + r < params.S) {
      let to = ((first + r) * params.K + key_head) * ELEMENTS;
      for (var i = 0u; i < ELEMENTS; i++) { // unroll
        if (ADD == 1u) {
          dv[to + i] += whole[r][i];
        } else {
          dv[to + i] = whole[r][i];
        }
      }
    }
  }
}

@compute @workgroup_size(32)
fn backprop_v(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 32u;
  let first = (at / params.K) * BLOCK;
  if (first >= params.S) {
    return;
  }
  let together = keys_together(first);
  for (var key = first; key < min(first + BLOCK, params.S); key += together) {
    backprop_values(key, at % params.K, together);
  }
}
