import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { unroll } from "../../src/gpu/unroll.ts";
import { gpu } from "../support/device.ts";

const source = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
const ROWS: u32 = 3u;

@compute @workgroup_size(1)
fn add() {
  var sums = array<f32, 12>();
  for (var i = 0u; i < ROWS; i++) { // unroll
    // i in a comment
    let base = i * COLUMNS; // unrolled too
    for (var k = 0u; k < COLUMNS; k++) { // unroll
      if (k > i) {
        sums[base + k] = x[base + k] * f32(i + 1u);
      }
      else { sums[base + k] = -x[base + k]; }
    }
  }
  for (var j = 1u; j < 3u; j++) { // unroll
    sums[j] += f32(j);
  }
  for (var none = 2u; none < 2u; none++) { // unroll
    sums[none] = 99.0;
  }
  for (var i = 0u; i < 12u; i++) {
    y[i] = sums[i];
  }
}
`;

test("unroll() keeps what the loops compute", async () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i + 0.5);
  const run = async (text: string) => {
    const plan = new Plan(gpu, "unroll");
    const y = plan.empty("y", [12]);
    const tensors = { x: plan.upload("x", values, [12]), y };
    plan.dispatch({ shader: new Shader("unrolled", text), entry: "add", tensors, groups: [1], sizes: { COLUMNS: 4 } });
    plan.run();
    const got = await gpu.read(y);
    plan.free();
    return got;
  };
  const unrolled = await run(source);
  expect(unrolled).toEqual(
    values.map((x, at) => {
      const [i, k] = [Math.floor(at / 4), at % 4];
      return (k > i ? x * (i + 1) : -x) + (at === 1 || at === 2 ? at : 0);
    }),
  );
});

test("unroll() leaves no marked loop, and every line that it does not touch where it was", () => {
  const before = source.split("\n");
  const text = unroll(source, { COLUMNS: 4 });
  expect(text).not.toMatch(/(\/\/|\/\*) unroll( \*\/|\n)/);
  expect(text.match(/for \(/g)).toHaveLength(1);
  expect(text.split("\n")).toHaveLength(before.length);
  const after = text.split("\n");
  const lineOf = (part: string) => before.findIndex((line) => line.includes(part));
  const [begin, end] = [lineOf("i < ROWS"), lineOf("i < 12u")];
  expect(after.slice(0, begin)).toEqual(before.slice(0, begin));
  expect(after.slice(end)).toEqual(before.slice(end));
  // Lines of bodies stay where they were too, with the first value in place of the index.
  expect(after[lineOf("let base")]).toContain("let base = 0u * COLUMNS;");
  expect(after[lineOf("f32(i + 1u)")]).toContain("x[base + 0u] * f32(0u + 1u);");
  expect(after[lineOf("sums[j]")]).toContain("sums[1u] += f32(1u);");
});

test("unroll() replaces whole words only, and no fields", () => {
  const text = unroll("for (var x = 0u; x < 2u; x++) { // unroll\n  p.x += max[x] + xs;\n}\n", {});
  expect(text.replace(/ +/g, " ")).toBe("{\n p.x += max[0u] + xs;\n} { p.x += max[1u] + xs; }\n");
});

test("unroll() leaves other loops alone", () => {
  const plain = "for (var i = 0u; i < n; i++) {\n  a[i] = 0.0;\n}\n";
  expect(unroll(plain, {})).toBe(plain);
});

test("unroll() names an end that is not a constant", () => {
  expect(() => unroll("for (var i = 0u; i < count; i++) { // unroll\n}\n", {})).toThrow(
    "a loop to unroll ends at count, which is not a constant",
  );
});

test("loops marked to be unrolled always are so where others stay loops", () => {
  const source = `for (var i = 0u; i < 2u; i++) { // always unroll
  a[i] = 1.0;
}
for (var i = 0u; i < 2u; i++) { // unroll
  b[i] = 1.0;
}`;
  const text = unroll(source, {}, "always");
  expect(text).toContain("a[0u]");
  expect(text).toContain("a[1u]");
  expect(text).toContain("b[i]");
  expect(unroll(source, {})).toContain("b[1u]");
});
