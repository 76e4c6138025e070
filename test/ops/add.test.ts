import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { accumulate, passGradient } from "../../src/ops/add.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test("accumulate() adds number by number, once each replay", async () => {
  const plan = new Plan(gpu, "add");
  const out = plan.upload("out", new Float32Array([1, 2, 3]), [3]);
  accumulate(plan, out, plan.upload("x", new Float32Array([10, 20, -30]), [3]));
  plan.run();
  expect(await gpu.read(out)).toEqual(new Float32Array([11, 22, -27]));
  plan.run();
  expect(await gpu.read(out)).toEqual(new Float32Array([21, 42, -57]));
  plan.free();
});

test.each([63, 65, 4_200_001])("accumulate() reaches all of %i numbers, in a folded grid too", async (count) => {
  const plan = new Plan(gpu, "add");
  const [a, b] = [random(1, count), random(2, count)];
  const out = plan.upload("out", a, [count]);
  accumulate(plan, out, plan.upload("x", b, [count]));
  plan.run();
  const got = await gpu.read(out);
  expect(got.findIndex((sum, i) => sum !== Math.fround(a[i]! + b[i]!))).toBe(-1);
  plan.free();
});

test("accumulate() says what does not fit", () => {
  const plan = new Plan(gpu, "add");
  expect(() => accumulate(plan, gpu.empty("dhidden", [2, 3]), gpu.empty("dout", [3, 2]))).toThrow(
    "dout has shape (3, 2), expected (2, 3)",
  );
});

/** The gradient that reaches `input` where `uses` outputs were made from it; each output's own gradient is all its index + 1. */
async function passed(uses: number, kind: "weight" | "activation"): Promise<Float32Array> {
  const plan = new Plan(gpu, "pass");
  const tape = new Tape(plan);
  const input = plan.empty("input", [5]);
  let arrived = plan.upload("dinput", new Float32Array(5).fill(100), [5]);
  const source = kind === "weight" ? input : plan.empty("source", [1]);
  tape.train(source, arrived);
  if (kind === "activation")
    tape.record(input, [source], () => {
      arrived = tape.gradient(input);
    });
  for (let use = 0; use < uses; use++) {
    const out = plan.empty(`out${use}`, [5]);
    tape.record(out, [input], () => passGradient(tape, out, input));
    gpu.write(tape.into(out)!.d, new Float32Array(5).fill(use + 1));
  }
  tape.backward();
  plan.run();
  const values = await gpu.read(arrived);
  plan.free();
  return values;
}

test("passGradient() hands over, then adds; to a weight's gradient it always adds", async () => {
  expect(await passed(1, "activation")).toEqual(new Float32Array(5).fill(1));
  expect(await passed(3, "activation")).toEqual(new Float32Array(5).fill(6));
  expect(await passed(2, "weight")).toEqual(new Float32Array(5).fill(103));
});
