import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { LoraAdapter } from "../../src/model/lora.ts";
import { readLoraConfig } from "../../src/model/lora_config.ts";
import { type ParameterShape, Parameters } from "../../src/model/parameters.ts";
import { Shapes, Weights } from "../../src/model/weights.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

const layers = [
  ["self_attn.q_proj", 16],
  ["self_attn.k_proj", 8],
  ["self_attn.v_proj", 8],
] as const;
const names = layers.map(([name]) => name);
const [N, I] = [5, 24];
const shapes = new Shapes();
shapes.linears(layers, I, true);
const apart: ParameterShape[] = shapes.all.map(({ name, shape }) => ({ name, shape }));

function fill(parameters: Parameters): void {
  parameters.shapes.forEach(({ name, shape }, i) => {
    parameters.set(
      name,
      random(
        i + 1,
        shape.reduce((a, b) => a * b),
      ),
    );
  });
}

/** The layers side by side, their gradients by name, and how many dispatches there were. */
async function applied(of: readonly ParameterShape[], lora: object | null, trained: "model" | "adapter") {
  const parameters = new Parameters(gpu, of, { trained: trained === "model" });
  fill(parameters);
  const config = lora && readLoraConfig({ peft_type: "LORA", r: 4, lora_alpha: 8, ...lora });
  const adapter = config && new LoraAdapter(gpu, parameters, config, { trained: trained === "adapter" });
  if (adapter) fill(adapter.parameters);
  const weights = new Weights(parameters, adapter);
  const learned = trained === "model" ? parameters : adapter!.parameters;
  const plan = new Plan(gpu, "weights");
  const tape = new Tape(plan);
  learned.train(tape);
  const x = plan.upload("x", random(9, N * I), [N, I]);
  const dx = plan.upload("dx", new Float32Array(N * I), [N, I]);
  tape.train(x, dx);
  const out = weights.linear(tape, names, x);
  const { dispatches } = plan;
  gpu.write(tape.into(out)!.d, random(10, N * 32));
  tape.backward();
  plan.run();
  const values = await gpu.read(out);
  const gradients = new Map([...(await learned.read("d")), ["x", await gpu.read(dx)]]);
  plan.free();
  adapter?.parameters.free();
  parameters.free();
  return { values, gradients, dispatches };
}

function expectClose(got: ReadonlyMap<string, Float32Array>, want: ReadonlyMap<string, Float32Array>): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  for (const [name, values] of want) {
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - got.get(name)![i]!)), 0);
    expect(worst, name).toBeLessThan(2e-5);
    expect(values.some((value) => value !== 0)).toBe(true);
  }
}

test("layers of one input are one product where they are packed, with the bits of one each", async () => {
  const packed = await applied(shapes.all, null, "model");
  const single = await applied(apart, null, "model");
  expect(packed.dispatches).toBe(1);
  expect(packed.values).toEqual(single.values);
  expectClose(packed.gradients, single.gradients);
});

test.each([
  ["all of them", { target_modules: names }],
  ["some of them", { target_modules: ["q_proj", "v_proj"] }],
  ["ranks that differ", { target_modules: names, rank_pattern: { k_proj: 8 } }],
  ["scalings that differ", { target_modules: names, alpha_pattern: { v_proj: 2 } }],
  ["a rank that 4 does not divide", { target_modules: names, r: 3 }],
])("an adapter on %s gives packed layers the bits of single ones", async (_, lora) => {
  const packed = await applied(shapes.all, lora, "adapter");
  const single = await applied(apart, lora, "adapter");
  expect(packed.dispatches).toBeLessThan(single.dispatches);
  expect(packed.values).toEqual(single.values);
  expectClose(packed.gradients, single.gradients);
});
