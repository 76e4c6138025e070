import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { gelu, geluLinear } from "../../src/ops/gelu.ts";
import { linear } from "../../src/ops/linear.ts";
import { nll } from "../../src/ops/policy_loss.ts";
import { gatedLinear, swiglu } from "../../src/ops/swiglu.ts";
import { cardGpu } from "../support/card.ts";
import { random } from "../support/gradcheck.ts";

const gpu = await cardGpu();
// More than 200,000 outputs: fewer are computed by the kernel for few rows.
const [N, I, O] = [304, 8, 720];

/** Layers with activation functions between them: results and all gradients. @param isFused  whether functions are the layers' own */
async function trained(isFused: boolean) {
  const plan = new Plan(gpu, "activated", { reuse: true });
  const tape = new Tape(plan);
  const gradients: Tensor[] = [];
  const weight = (name: string, seed: number, ...shape: number[]) => {
    const count = shape.reduce((a, b) => a * b);
    const tensor = plan.upload(name, random(seed, count), shape);
    const d = plan.upload(`d${name}`, new Float32Array(count), shape);
    tape.train(tensor, d);
    gradients.push(d);
    return tensor;
  };
  const x = weight("x", 1, N, I);
  const [gateAndUp, up, down] = [weight("gate and up", 2, O, I), weight("up", 3, O, O / 2), weight("down", 4, 4, O)];
  if (!isFused) tape.passOver = () => null;
  const gated = isFused ? gatedLinear(tape, x, gateAndUp) : swiglu(tape, linear(tape, x, gateAndUp));
  const hidden = isFused ? geluLinear(tape, gated, up, { form: "erf" }) : gelu(tape, linear(tape, gated, up), "erf");
  const out = linear(tape, hidden, down);
  nll(tape, { ...out, shape: [N * 4], base: out }, plan.upload("share", random(5, N * 4), [N * 4]));
  tape.backward();
  for (const tensor of [gated, hidden, out]) plan.keep(tensor);
  const names = plan.recorded.map(({ shader, entry }) => `${shader.name}.${entry}`);
  plan.run();
  const values = await gpu.read(gated, hidden, out, ...gradients);
  plan.free();
  return { values, names: names.filter((name) => /^(gelu|swiglu)\./.test(name)) };
}

test("layers compute activation functions and their gradients themselves, with the bits of dispatches of their own", async () => {
  const [fused, plain] = [await trained(true), await trained(false)];
  expect(fused.names).toEqual([]);
  expect(plain.names).toEqual(["swiglu.multiply", "gelu.activate", "gelu.backprop_x", "swiglu.backprop_over"]);
  expect(fused.values).toEqual(plain.values);
  expect(fused.values.every((numbers) => numbers.some((value) => value !== 0))).toBe(true);
}, 300_000);

test("a second reader of what an activation function made is named", () => {
  const plan = new Plan(gpu, "two readers", { reuse: true });
  const tape = new Tape(plan);
  const weight = plan.empty("weight", [4, 4]);
  tape.train(weight, plan.empty("dweight", [4, 4]));
  const made = gelu(tape, linear(tape, plan.empty("x", [8, 4]), weight), "tanh");
  expect(tape.passOver(made)).toMatchObject({ kind: "tanh" });
  expect(() => tape.into(made)).toThrow("gelu has a second reader, which gives it a gradient");
});
