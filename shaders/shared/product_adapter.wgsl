// An adapter's term in the epilogue of a product with 8 x 8 outputs a thread, for product.wgsl and product_wide.wgsl: it uses
// their bindings, Params and `sum`.

// Column of `low` at which the part of an output begins; vec4 in a row of `low`.
fn low_column(o: u32) -> u32 {
  return (select(0u, 1u, o >= params.end1) + select(0u, 1u, o >= params.end2)) * params.R;
}

fn low_height() -> u32 {
  return params.P * params.R / 4u;
}

// Adds an adapter's term (low_rank.wgsl) to finished outputs: four rows from each of `rows` on, by two vec4 of columns.
// Always unrolled: where `sum` has indices that are not constants, this takes software adapters three times as long to compile.
fn add_low(rows: vec2u, columns: vec2u) {
  let rank4 = params.R / 4u;
  let all = params.O / 4u;
  let ups = min(columns, vec2u(all - 1u)) * params.R;
  let lows = vec2u(low_column(columns.x * 4u), low_column(columns.y * 4u)) / 4u;
  let height = low_height();
  for (var k = 0u; k < 16u; k++) { // always unroll
    sum[k] = vec4f();
  }
  for (var r = 0u; r < rank4; r++) {
    for (var j = 0u; j < 2u; j++) { // always unroll
      let u0 = up4[ups[j] + r];
      let u1 = up4[ups[j] + rank4 + r];
      let u2 = up4[ups[j] + 2u * rank4 + r];
      let u3 = up4[ups[j] + 3u * rank4 + r];
      for (var h = 0u; h < 2u; h++) { // always unroll
        for (var q = 0u; q < 4u; q++) { // always unroll
          let low = low4[min(rows[h] + q, params.N - 1u) * height + lows[j] + r];
          sum[h * 8u + j * 4u + q] = fma(vec4f(low.x), vec4f(u0.x, u1.x, u2.x, u3.x), sum[h * 8u + j * 4u + q]);
          sum[h * 8u + j * 4u + q] = fma(vec4f(low.y), vec4f(u0.y, u1.y, u2.y, u3.y), sum[h * 8u + j * 4u + q]);
          sum[h * 8u + j * 4u + q] = fma(vec4f(low.z), vec4f(u0.z, u1.z, u2.z, u3.z), sum[h * 8u + j * 4u + q]);
          sum[h * 8u + j * 4u + q] = fma(vec4f(low.w), vec4f(u0.w, u1.w, u2.w, u3.w), sum[h * 8u + j * 4u + q]);
        }
      }
    }
  }
  for (var k = 0u; k < 16u; k++) { // always unroll
    let n = rows[k / 8u] + k % 4u;
    let column = columns[(k / 4u) % 2u];
    if (n < params.N && column < all) {
      out4[n * all + column] = fma(vec4f(params.scaling), sum[k], out4[n * all + column]);
    }
  }
}
