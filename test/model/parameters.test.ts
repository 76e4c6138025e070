import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { Parameters } from "../../src/model/parameters.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

const shapes = [
  { name: "q.weight", shape: [6, 5], pack: "qkv.weight" },
  { name: "q.bias", shape: [6], pack: "qkv.bias" },
  { name: "o.weight", shape: [5, 6] },
  { name: "k.weight", shape: [3, 5], pack: "qkv.weight" },
  { name: "k.bias", shape: [3], pack: "qkv.bias" },
  { name: "norm.weight", shape: [5] },
];
const values = shapes.map(({ shape }, i) =>
  random(
    i + 1,
    shape.reduce((a, b) => a * b),
  ),
);
const filled = (trained: boolean) => {
  const parameters = new Parameters(gpu, shapes, { trained });
  shapes.forEach(({ name }, i) => {
    parameters.set(name, values[i]!);
  });
  return parameters;
};

test("a pack is one tensor over its weights, and each weight keeps its name and place in reads", async () => {
  const parameters = filled(false);
  const packed = parameters.packed(["q.weight", "k.weight"])!;
  expect(packed.shape).toEqual([9, 5]);
  expect(packed.name).toBe("q.weight and 1 more");
  expect(await gpu.read(packed)).toEqual(Float32Array.from([...values[0]!, ...values[3]!]));
  const bias = parameters.packed(["q.bias", "k.bias"])!;
  expect(bias.shape).toEqual([9]);
  expect(await gpu.read(bias)).toEqual(Float32Array.from([...values[1]!, ...values[4]!]));
  const read = await parameters.read();
  expect([...read.keys()]).toEqual(shapes.map(({ name }) => name));
  shapes.forEach(({ name }, i) => {
    expect(read.get(name), name).toEqual(values[i]);
  });
  parameters.free();
});

test("packs begin where they can be bound, matrices before vectors", () => {
  const parameters = filled(false);
  for (const names of [["q.weight", "k.weight"], ["q.bias", "k.bias"], ["o.weight"], ["norm.weight"]])
    expect(parameters.packed(names)!.offsetBytes % 256, names.join()).toBe(0);
  const { matrixEnd } = parameters.segments[0]!;
  for (const { name, shape } of shapes)
    expect(parameters.get(name).offsetBytes < matrixEnd * 4, name).toBe(shape.length === 2);
  parameters.free();
});

test("where weights come apart, so do their biases: each can be bound by itself", async () => {
  const layers = "q";
  const own = [
    { name: "q.weight", shape: [8, 8], pack: "q.weight", layers },
    { name: "q.bias", shape: [8], pack: "q.bias", layers },
    { name: "k.weight", shape: [4, 8], pack: "q.weight", layers },
    { name: "k.bias", shape: [4], pack: "q.bias", layers },
  ];
  const formOf = ({ name }: { name: string }) => ({ dtype: name === "k.weight" ? "bf16" : "f32" }) as const;
  const parameters = new Parameters(gpu, own, { trained: false, formOf });
  expect(parameters.packed(["q.weight", "k.weight"])).toBeNull();
  expect(parameters.packed(["q.bias", "k.bias"])).toBeNull();
  for (const { name } of own) expect(parameters.get(name).offsetBytes % 256, name).toBe(0);
  parameters.set("k.bias", Float32Array.of(1, 2, 3, 4));
  expect(await gpu.read(parameters.packed(["k.bias"])!)).toEqual(Float32Array.of(1, 2, 3, 4));
  parameters.free();
});

test("only whole packs in their order are one tensor", () => {
  const parameters = filled(false);
  expect(parameters.packed(["k.weight", "q.weight"])).toBeNull();
  expect(parameters.packed(["q.weight", "o.weight"])).toBeNull();
  expect(parameters.packed(["absent"])).toBeNull();
  expect(parameters.packed(["o.weight"])).toBe(parameters.get("o.weight"));
  parameters.free();
  const odd = [
    { name: "a", shape: [2, 3], pack: "p" },
    { name: "b", shape: [2, 4], pack: "p" },
  ];
  expect(() => new Parameters(gpu, odd, { trained: false })).toThrow("a, b have rows of different lengths");
});

test("the gradient of a pack is the gradients of its weights", async () => {
  const parameters = filled(true);
  const tape = new Tape(new Plan(gpu, "pack"));
  parameters.train(tape);
  const { d, constants } = tape.into(parameters.packed(["q.weight", "k.weight"])!)!;
  expect(constants.ADD).toBe(1);
  const gradient = random(9, 45);
  gpu.write(d, gradient);
  const read = await parameters.read("d");
  expect(read.get("q.weight")).toEqual(gradient.slice(0, 30));
  expect(read.get("k.weight")).toEqual(gradient.slice(30));
  parameters.free();
});

test("a pack that the device cannot bind comes apart", () => {
  const small = {
    maxBindingBytes: 64 * 4,
    empty: gpu.empty.bind(gpu),
    clear: gpu.clear.bind(gpu),
  } as unknown as typeof gpu;
  const large = [
    { name: "gate.weight", shape: [8, 8], pack: "gate_up" },
    { name: "up.weight", shape: [8, 8], pack: "gate_up" },
  ];
  const parameters = new Parameters(small, large, { trained: false });
  expect(parameters.packed(["gate.weight", "up.weight"])).toBeNull();
  expect(parameters.segments).toHaveLength(2);
  expect(parameters.packed(["up.weight"])!.shape).toEqual([8, 8]);
});
