import { describe, expect, it } from "vitest";
import double from "../../shaders/shared/double.wgsl" with { type: "text" };
import { Commands } from "../../src/gpu/commands.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { Random } from "../../src/tasks/random.ts";
import { gpu } from "../support/device.ts";

const arithmetic = new Shader(
  "double_test",
  `
struct Params { N: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec2u>;
@group(0) @binding(2) var<storage, read> b: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<vec2u>;

@compute @workgroup_size(64)
fn compute(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= params.N) {
    return;
  }
  let x = a[i];
  let y = b[i];
  out[i * 7u] = add_double(x, y);
  out[i * 7u + 1u] = subtract_double(x, y);
  out[i * 7u + 2u] = multiply_double(x, y);
  out[i * 7u + 3u] = sqrt_double(magnitude(x));
  out[i * 7u + 4u] = vec2u(bitcast<u32>(f32_of_double(x)), select(0u, 1u, is_less(x, y)));
  out[i * 7u + 5u] = double_of_f32(f32_of_double(x));
  out[i * 7u + 6u] = smaller(x, larger(x, y));
}`,
  double,
);

describe("doubles made of words", () => {
  it("have the bits of the CPU's", async () => {
    const random = new Random(8, [0]);
    const values: [number, number][] = [
      [0, 0],
      [0, 3],
      [1, -1],
      [1, -(1 - 2 ** -53)],
      [2 ** 53, 1],
      [2 ** 53, -0.5],
      [1 + 2 ** -52, 2 ** -53],
      [1 + 2 ** -24, 1],
      [1 + 2 ** -23 + 2 ** -24, 7],
      [255, 0.1],
    ];
    for (let i = 0; i < 4000; i++) {
      const scale = () => 2 ** (random.below(60) - 30);
      const x = random.uniform(-1, 1) * scale();
      // Often of nearly the same size, where most digits cancel.
      const y =
        i % 3 === 0
          ? -x * (1 + (random.below(9) - 4) * 2 ** -(20 + random.below(33)))
          : random.uniform(-1, 1) * scale();
      values.push([x, y]);
    }
    // Numbers of few digits, whose sums and products fall in the middle between two others.
    for (let i = 0; i < 1000; i++)
      values.push([
        random.below(2 ** 27) * 2 ** (random.below(8) - 4),
        (random.below(2 ** 27) - 2 ** 26) * 2 ** -random.below(30),
      ]);
    const N = values.length;
    const words = (of: number[]) => new Uint32Array(Float64Array.from(of).buffer);
    const plan = new Plan(gpu, "doubles");
    const a = plan.upload("a", words(values.map(([x]) => x)), [N, 2]);
    const b = plan.upload("b", words(values.map(([, y]) => y)), [N, 2]);
    const out = plan.empty("out", [N, 14], "u32");
    const groups = [Math.ceil(N / 64)] as [number];
    plan.dispatch({ shader: arithmetic, entry: "compute", tensors: { a, b, out }, params: { N }, groups });
    plan.run();
    const [got] = await gpu.readUint(out);
    plan.free();
    const wrong: unknown[] = [];
    const floats = new Float32Array(1);
    const bits = new Uint32Array(floats.buffer);
    for (const [i, [x, y]] of values.entries()) {
      floats[0] = x;
      const wanted = [
        ...words([x + y, x - y, x * y, Math.sqrt(Math.abs(x))]),
        bits[0]!,
        x < y ? 1 : 0,
        ...words([Math.fround(x), Math.min(x, Math.max(x, y))]),
      ];
      // The sign of a zero does not matter.
      const same = wanted.every((word, k) => {
        const found = got![i * 14 + k]!;
        return found === word || ((found | word) & 0x7fffffff) === 0;
      });
      if (!same) wrong.push({ x, y, wanted, found: [...got!.subarray(i * 14, i * 14 + 14)] });
    }
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});

describe("commands", () => {
  it("refuse nothing but Params, which a plan would have to bind", () => {
    const commands = new Commands(gpu, "test");
    expect(() => commands.dispatch({ shader: arithmetic, entry: "compute", tensors: {}, groups: [1] })).toThrow(
      "double_test.compute has Params",
    );
  });
});
