import { expect, test } from "vitest";
import { Shader } from "../../src/gpu/shader.ts";

const source = `// scale: y = a x + b, @group(0) @binding(9) var<storage, read> not_this: array<f32>;
struct Params {
  N: u32, // rows
  shift: i32,
  a: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> sum: array<vec4f>;

fn scaled(i: u32) -> f32 {
  return offset(i) + params.a * x[i];
}

fn offset(i: u32) -> f32 {
  return b[i];
}

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3u) {
  // sum is used elsewhere
  y[id.x] = scaled(id.x);
}

@compute @workgroup_size(SIZE)
fn clear_sums(@builtin(global_invocation_id) id: vec3u) {
  let point = vec2f(1.0);
  sum[id.x] = vec4f(point.x, point.y, f32(SIZE), 0.0);
}
`;

test("Shader reads numbers, kinds and names of bindings, the fields of Params in order, and the entry points", () => {
  const shader = new Shader("scale", source);
  expect(Object.fromEntries(shader.bindings)).toEqual({
    params: { number: 0, kind: "uniform" },
    x: { number: 1, kind: "read" },
    y: { number: 2, kind: "read_write" },
    b: { number: 3, kind: "read" },
    sum: { number: 4, kind: "read_write" },
  });
  expect(shader.params).toEqual([
    { name: "N", type: "u32" },
    { name: "shift", type: "i32" },
    { name: "a", type: "f32" },
  ]);
  expect(shader.entries).toEqual(["scale", "clear_sums"]);
});

test("Shader finds which bindings an entry point reaches, through functions, but not in comments or after a dot", () => {
  const shader = new Shader("scale", source);
  expect([...shader.uses("scale")].sort()).toEqual(["b", "params", "x", "y"]);
  expect([...shader.uses("clear_sums")]).toEqual(["sum"]);
});

test("Shader names the entry points that it has", () => {
  expect(() => new Shader("scale", source).uses("scala")).toThrow(
    "scale.wgsl has no entry point scala; it has scale, clear_sums",
  );
});

test("Shader refuses parameters of other types", () => {
  expect(() => new Shader("scale", source.replace("a: f32", "a: vec2f"))).toThrow(
    "scale.wgsl: Params.a is vec2f, expected u32, i32 or f32",
  );
});

test("Shader puts sizes before the first line and common functions behind the last, so that lines keep their numbers", () => {
  const text = new Shader("scale", source).text({ SIZE: 32, D: 8 });
  const lines = text.split("\n");
  expect(lines[0]).toMatch(/^const SIZE: u32 = 32u; const D: u32 = 8u; \/\/ scale: y/);
  source.split("\n").forEach((line, i) => {
    if (i > 0) expect(lines[i]).toBe(line);
  });
  expect(text).toContain("fn philox(");
});
