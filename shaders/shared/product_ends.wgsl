// What becomes of the sums of a product in tiles, for product.wgsl and product_small.wgsl: it uses their bindings, Params and
// constants.

fn finished(n: u32, column: u32, product: vec4f) -> vec4f {
  var value = product;
  if (BIAS == 1u) {
    value += bias4[params.first / 4u + column];
  }
  if (RESIDUAL == 1u) {
    value += residual4[n * (params.stride / 4u) + column];
  }
  return value;
}

fn with_bias(column: u32, product: vec4f) -> vec4f {
  if (BIAS == 1u) {
    return product + bias4[params.first / 4u + column];
  }
  return product;
}

fn gated_vec4(gate: vec4f, up: vec4f) -> vec4f {
  return vec4f(gated(gate.x, up.x), gated(gate.y, up.y), gated(gate.z, up.z), gated(gate.w, up.w));
}

// Kinds of ACTIVATION, as in ops/product.ts.
const GATE = 1u;
const GELU_EXACT = 3u;

// From the gradient of a vec4 of an activation's result to that of what it is made of: gate and up side by side, or one number.
fn put_activated(n: u32, column: u32, d: vec4f) {
  let width = params.I / 4u;
  if (ACTIVATION == GATE) {
    let from_gate = n * 2u * width + column;
    let gate = dx4[from_gate];
    let up = dx4[from_gate + width];
    let a = gate_gradient(d.x, gate.x, up.x);
    let b = gate_gradient(d.y, gate.y, up.y);
    let c = gate_gradient(d.z, gate.z, up.z);
    let e = gate_gradient(d.w, gate.w, up.w);
    dx4[from_gate] = vec4f(a.dgate, b.dgate, c.dgate, e.dgate);
    dx4[from_gate + width] = vec4f(a.dup, b.dup, c.dup, e.dup);
    return;
  }
  let at = n * width + column;
  let v = dx4[at];
  let exact = ACTIVATION == GELU_EXACT;
  dx4[at] = d * vec4f(gelu_slope(v.x, exact), gelu_slope(v.y, exact), gelu_slope(v.z, exact), gelu_slope(v.w, exact));
}
