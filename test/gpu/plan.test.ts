import { afterAll, describe, expect, test } from "vitest";
import type { Dispatch } from "../../src/gpu/dispatch.ts";
import { Gpu, GpuError } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { sizeText } from "../../src/gpu/size_text.ts";
import { expectShape, reshape } from "../../src/gpu/tensor.ts";
import { gpu } from "../support/device.ts";
import { ownGpu } from "../support/one_device.ts";

const scale = new Shader(
  "scale",
  `struct Params {
  N: u32,
  shift: i32,
  factor: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override DOUBLE: u32 = 0u;

@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.N) {
    y[id.x] = params.factor * x[id.x] * f32(1u + DOUBLE) + f32(params.shift);
  }
}
`,
);

const side = new Shader(
  "side",
  `@group(0) @binding(0) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn count(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = f32(arrayLength(&y) * SIDE);
}
`,
);

const tensors = () => ({ x: gpu.upload("x", new Float32Array([1, 2, 3]), [3]), y: gpu.empty("y", [3]) });
const multiply = (changes: Partial<Dispatch> = {}): Dispatch => ({
  shader: scale,
  entry: "multiply",
  tensors: tensors(),
  params: { N: 3, shift: -1, factor: 10 },
  groups: [1],
  ...changes,
});

describe("Plan", () => {
  test("runs what was recorded in order, with parameters and constants of each dispatch, and again on other values", async () => {
    const plan = new Plan(gpu, "plan");
    const { x, y } = tensors();
    const z = plan.empty("z", [3]);
    plan.dispatch(multiply({ tensors: { x, y } }));
    plan.dispatch(
      multiply({
        tensors: { x: y, y: z, more: x },
        params: { N: 2, shift: 1, factor: -1 },
        constants: { DOUBLE: 1 },
      }),
    );
    gpu.write(z, new Float32Array([7, 7, 7]));
    plan.run();
    expect(plan.dispatches).toBe(2);
    expect(await gpu.read(y, z)).toEqual([new Float32Array([9, 19, 29]), new Float32Array([-17, -37, 7])]);
    gpu.write(x, new Float32Array([5]), 1);
    plan.run();
    expect(await gpu.read(z)).toEqual(new Float32Array([-17, -97, 7]));
    plan.free();
  });

  test("runs once what was encoded ahead, on the values of then", async () => {
    const plan = new Plan(gpu, "plan");
    const { x, y } = tensors();
    plan.dispatch(multiply({ tensors: { x, y } }));
    // Nothing is bound yet.
    plan.encodeAhead();
    plan.run();
    plan.encodeAhead();
    plan.encodeAhead();
    gpu.write(x, new Float32Array([5, 6, 7]));
    expect(await gpu.read(y)).toEqual(new Float32Array([9, 19, 29]));
    plan.run();
    expect(await gpu.read(y)).toEqual(new Float32Array([49, 59, 69]));
    gpu.write(x, new Float32Array([0, 0, 0]));
    plan.run(2);
    expect(await gpu.read(y)).toEqual(new Float32Array([-1, -1, -1]));
    plan.encodeAhead();
    plan.free();
    plan.encodeAhead();
    expect(() => plan.run()).toThrow("was freed");
  });

  test("encodes anew where the arena replaced its buffers after it was encoded ahead", async () => {
    const own = await Gpu.open(ownGpu);
    const recorded = (name: string, length: number) => {
      const plan = new Plan(own, name, { reuse: true });
      const x = own.upload(
        "x",
        Float32Array.from({ length }, (_, i) => i),
        [length],
      );
      const [between, y] = [plan.activation("between", [length]), own.empty("y", [length])];
      const params = { N: length, shift: 0, factor: 2 };
      const groups = [Math.ceil(length / 64)] as const;
      plan.dispatch(multiply({ tensors: { x, y: between }, params, groups }));
      plan.dispatch(multiply({ tensors: { x: between, y }, params, groups }));
      return { plan, y };
    };
    const [small, large] = [recorded("small", 3), recorded("large", 1000)];
    small.plan.run();
    small.plan.encodeAhead();
    large.plan.run();
    small.plan.run();
    expect(await own.read(small.y)).toEqual(new Float32Array([0, 4, 8]));
    expect((await own.read(large.y)).at(-1)).toBe(3996);
    own.close();
  });

  test("makes a kernel anew for other sizes", async () => {
    const plan = new Plan(gpu, "plan");
    const [a, b] = [plan.empty("a", [2]), plan.empty("b", [2])];
    plan.dispatch({ shader: side, entry: "count", tensors: { y: a }, groups: [1], sizes: { SIDE: 10 } });
    plan.dispatch({ shader: side, entry: "count", tensors: { y: b }, groups: [1], sizes: { SIDE: 100 } });
    plan.run();
    expect(await gpu.read(a, b)).toEqual([new Float32Array([20, 20]), new Float32Array([200, 200])]);
    plan.free();
  });

  test("leaves out a dispatch of no workgroups", async () => {
    const plan = new Plan(gpu, "plan");
    const { x, y } = tensors();
    gpu.write(y, new Float32Array([4, 4, 4]));
    plan.dispatch(multiply({ tensors: { x, y }, groups: [0, 1] }));
    plan.run();
    expect(plan.dispatches).toBe(0);
    expect(await gpu.read(y)).toEqual(new Float32Array([4, 4, 4]));
  });

  test("binds tensors that begin within a buffer", async () => {
    const plan = new Plan(gpu, "plan");
    const whole = gpu.upload(
      "whole",
      Float32Array.from({ length: 130 }, (_, i) => i),
      [130],
    );
    const part = { ...whole, name: "part", shape: [3], offsetBytes: 256 };
    const y = plan.empty("y", [3]);
    plan.dispatch(multiply({ tensors: { x: part, y } }));
    plan.run();
    expect(await gpu.read(y, part)).toEqual([new Float32Array([639, 649, 659]), new Float32Array([64, 65, 66])]);
    plan.free();
  });

  test.each([
    [
      "a tensor that is missing",
      { tensors: { x: tensors().x, z: tensors().y } },
      "scale.multiply needs y, it was given x, z",
    ],
    ["a parameter that is missing", { params: { N: 3, factor: 1 } }, "scale.multiply needs the parameter shift"],
    ["a parameter too many", { params: { N: 3, shift: 0, factor: 1, M: 2 } }, "scale.multiply has no parameter M"],
    ["an unknown entry point", { entry: "divide" }, "scale.wgsl has no entry point divide; it has multiply"],
    ["a grid too large", { groups: [2, 65536] }, "scale.multiply asks for 2 x 65536 workgroups, at most 65535 each"],
  ] as [string, Partial<Dispatch>, string][])("names %s at once", (_, changes, message) => {
    const plan = new Plan(gpu, "plan");
    expect(() => plan.dispatch(multiply(changes))).toThrow(message);
  });

  test("takes no more dispatches once it has run", () => {
    const plan = new Plan(gpu, "forward");
    plan.dispatch(multiply());
    plan.run();
    expect(() => plan.dispatch(multiply())).toThrow("forward has run already, scale.multiply cannot be added");
    plan.free();
  });

  test.runIf(gpu.canTime)("times every kernel of one replay", async () => {
    const plan = new Plan(gpu, "plan");
    const { x, y } = tensors();
    plan.dispatch(multiply({ tensors: { x, y } }));
    plan.dispatch({ shader: side, entry: "count", tensors: { y }, groups: [1], sizes: { SIDE: 1 } });
    const times = await plan.trace();
    expect(times.map(({ label }) => label)).toEqual(["scale.multiply", "side.count"]);
    for (const { durationMs } of times) {
      expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(durationMs).toBeLessThan(10_000);
    }
    expect(await gpu.read(y)).toEqual(new Float32Array([3, 3, 3]));
    plan.free();
  });
});

describe("Gpu", () => {
  const opened: Gpu[] = [];
  const open = async () => {
    const one = await Gpu.open(ownGpu);
    opened.push(one);
    return one;
  };
  afterAll(() => {
    for (const one of opened) one.close();
  });

  const runWith = (on: Gpu, shader: Shader, entry: string) => {
    const plan = new Plan(on, "broken");
    plan.dispatch({ shader, entry, tensors: { y: on.empty("y", [3]) }, groups: [1] });
    plan.run();
  };

  test("throws a kernel that does not compile at the next read, once, with the name of the kernel and of the mistake", async () => {
    const one = await open();
    const broken = new Shader(
      "crooked",
      "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn bend() {\n  y[0] = wrong_name;\n}\n",
    );
    runWith(one, broken, "bend");
    const good = one.upload("good", new Float32Array([1, 2]), [2]);
    const error = await one.read(good).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GpuError);
    expect((error as Error).message).toContain("crooked");
    expect((error as Error).message).toContain("wrong_name");
    expect(await one.read(good)).toEqual(new Float32Array([1, 2]));
  });

  test("throws what the device refuses at the next read, once", async () => {
    const one = await open();
    const good = one.upload("good", new Float32Array([1, 2]), [2]);
    one.write({ ...good, shape: [1000] }, new Float32Array(1000));
    await expect(one.read(good)).rejects.toThrow("The GPU refused a command");
    expect(await one.read(good)).toEqual(new Float32Array([1, 2]));
  });

  test("says that the device was lost, at every read from then on", async () => {
    const one = await open();
    const tensor = one.upload("x", new Float32Array([1]), [1]);
    one.device.destroy();
    await one.device.lost;
    for (let i = 0; i < 2; i++)
      await expect(one.read(tensor)).rejects.toThrow(
        /^The GPU device was lost \(.+\); go on from what was saved last$/,
      );
  });

  test("says that the device was lost to a read under way", async () => {
    const one = await open();
    const tensor = one.upload("x", new Float32Array([1]), [1]);
    const reading = one.read(tensor);
    one.device.destroy();
    await expect(reading).rejects.toThrow("The GPU device was lost");
  });

  test("says that there is no WebGPU, and what to do where there is no adapter", async () => {
    await expect(Gpu.open(undefined)).rejects.toThrow("There is no WebGPU here");
    const none = { requestAdapter: async () => null } as unknown as GPU;
    await expect(Gpu.open(none)).rejects.toThrow(
      "WebGPU found no graphics adapter; install or update the graphics driver",
    );
  });

  test("uses a buffer again that was given back", async () => {
    const one = await open();
    const before = one.empty("before", [1000]);
    const held = one.pool.allocatedBytes;
    one.release(before.buffer);
    const after = one.empty("after", [990]);
    expect(after.buffer).toBe(before.buffer);
    expect(one.empty("more", [1000]).buffer).not.toBe(before.buffer);
    expect(one.pool.allocatedBytes).toBe(2 * held);
  });

  test("says which values do not fit", () => {
    expect(() => gpu.upload("x", new Float32Array(5), [2, 3])).toThrow("x has 5 values, expected 6 for (2, 3)");
    const x = gpu.upload("x", new Float32Array(6), [2, 3]);
    expect(() => gpu.write(x, new Float32Array(3), 4)).toThrow("x holds 6 values, 3 at 4 do not fit");
    const limit = gpu.device.limits.maxBufferSize;
    expect(() => gpu.empty("logits", [(limit + 1) / 2])).toThrow(
      `logits needs ${sizeText(limit * 2 + 2)}, this device allows ${sizeText(limit, Math.floor)} in a buffer; take fewer tasks at once (tasksPerRoll)`,
    );
  });

  test("clears a tensor and nothing beside it", async () => {
    const whole = gpu.upload("whole", new Float32Array(128).fill(1), [128]);
    gpu.clear({ ...whole, shape: [2], offsetBytes: 256 });
    const values = [...(await gpu.read(whole))];
    expect(values.flatMap((value, i) => (value === 0 ? [i] : []))).toEqual([64, 65]);
  });
});

test("expectShape() and reshape() name the tensor, its shape and the one that was expected", () => {
  const x = gpu.empty("hidden", [2, 6]);
  expectShape(x, -1, 6);
  expect(() => expectShape(x, 2, 5)).toThrow("hidden has shape (2, 6), expected (2, 5)");
  expect(() => expectShape(x, 12)).toThrow("hidden has shape (2, 6), expected (12)");
  expect(reshape(reshape(x, 3, 4), 12)).toEqual({ ...x, shape: [12], base: x });
  expect(() => reshape(x, 5, 2)).toThrow("hidden of shape (2, 6) cannot be read as (5, 2)");
});
