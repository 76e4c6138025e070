import { expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { reshape, type Tensor } from "../../src/gpu/tensor.ts";
import { gpu } from "../support/device.ts";

const kernels = new Shader(
  "times",
  `struct Params {
  factor: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override ADD: u32 = 0u;

@compute @workgroup_size(4)
fn multiply(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = params.factor * x[id.x] + select(0.0, y[id.x], ADD == 1u);
}
`,
);

/** out = factor x, a minimal op. */
function times(tape: Tape, x: Tensor, factor: number, log: string[] = []): Tensor {
  const out = tape.empty(`${factor}${x.name}`, x.shape);
  const dispatch = (from: Tensor, to: Tensor, constants: Record<string, number>) =>
    tape.plan.dispatch({
      shader: kernels,
      entry: "multiply",
      tensors: { x: from, y: to },
      params: { factor },
      groups: [1],
      constants,
    });
  dispatch(x, out, {});
  tape.record(out, [x], () => {
    const into = tape.into(x);
    log.push(into ? `${into.constants.ADD ? "add" : "assign"} ${into.d.name}` : `not tracked: ${x.name}`);
    if (into) dispatch(tape.gradient(out), into.d, into.constants);
  });
  return out;
}

const ones = new Float32Array(4).fill(1);

/** Runs the plan with a backward pass from a gradient of 1 at `out`, and reads `d`. */
async function backward(tape: Tape, out: Tensor, d: Tensor): Promise<number[]> {
  gpu.write(tape.into(out)!.d, ones);
  tape.backward();
  tape.plan.run();
  return [...(await gpu.read(d))];
}

test("a gradient of an activation is assigned by the first op that reaches it and added to by the next ones", async () => {
  const log: string[] = [];
  const plan = new Plan(gpu, "tape");
  const tape = new Tape(plan);
  const w = plan.upload("w", ones, [4]);
  const dw = plan.upload("dw", new Float32Array(4).fill(100), [4]);
  tape.train(w, dw);
  const x = times(tape, w, 2, log);
  const [a, b] = [times(tape, x, 3, log), times(tape, x, 5, log)];
  gpu.write(tape.into(a)!.d, ones);
  gpu.write(tape.into(b)!.d, new Float32Array(4).fill(10));
  tape.backward();
  plan.run();
  // 100 + 2 (3 + 50)
  expect([...(await gpu.read(dw))]).toEqual([206, 206, 206, 206]);
  expect(log).toEqual(["assign d2w", "add d2w", "add dw"]);
  plan.free();
});

test("a weight's gradient accumulates over runs and over plans", async () => {
  const w = gpu.upload("w", ones, [4]);
  const dw = gpu.upload("dw", new Float32Array(4), [4]);
  for (const expected of [
    [3, 3, 3, 3],
    [6, 6, 6, 6],
  ]) {
    const plan = new Plan(gpu, "tape");
    const tape = new Tape(plan);
    tape.train(w, dw);
    expect(await backward(tape, times(tape, w, 3), dw)).toEqual(expected);
    plan.free();
  }
});

test("tensors that depend on no trained weight are not tracked, and have no backward pass", async () => {
  const log: string[] = [];
  const plan = new Plan(gpu, "tape");
  const tape = new Tape(plan);
  const [given, w] = [plan.upload("given", ones, [4]), plan.upload("w", ones, [4])];
  const dw = plan.upload("dw", new Float32Array(4), [4]);
  tape.train(w, dw);
  const still = times(tape, given, 7, log);
  const moved = times(tape, w, 2, log);
  times(tape, w, 11, log);
  expect([given, still, w, moved].map((tensor) => tape.tracks(tensor))).toEqual([false, false, true, true]);
  expect(tape.into(still)).toBeNull();
  // The loss does not depend on 11w: it has no backward pass.
  expect(await backward(tape, moved, dw)).toEqual([2, 2, 2, 2]);
  expect(log).toEqual(["add dw"]);
  plan.free();
});

test("without recording there is no backward pass", () => {
  const plan = new Plan(gpu, "tape");
  const tape = new Tape(plan, false);
  const w = plan.upload("w", ones, [4]);
  tape.train(w, plan.empty("dw", [4]));
  const out = times(tape, w, 3);
  expect(tape.tracks(w) || tape.tracks(out)).toBe(false);
  expect(tape.into(out)).toBeNull();
  const before = plan.dispatches;
  tape.backward();
  expect(plan.dispatches).toBe(before);
  plan.free();
});

test("a tensor in another shape shares its gradient, in its own shape", async () => {
  const plan = new Plan(gpu, "tape");
  const tape = new Tape(plan);
  const w = plan.upload("w", ones, [4]);
  const dw = plan.upload("dw", new Float32Array(4), [4]);
  tape.train(w, dw);
  const square = reshape(times(tape, reshape(w, 2, 2), 2), 4, 1);
  const out = times(tape, square, 3);
  expect(out.shape).toEqual([4, 1]);
  expect(tape.into(reshape(out, 2, 2))!.d.shape).toEqual([2, 2]);
  expect(tape.gradient(out).shape).toEqual([4, 1]);
  expect(await backward(tape, out, dw)).toEqual([6, 6, 6, 6]);
  plan.free();
});

test("pass() moves a gradient's buffer where there is none yet, and asks the caller to add where there is", () => {
  const plan = new Plan(gpu, "tape");
  const tape = new Tape(plan);
  const w = plan.upload("w", ones, [4]);
  tape.train(w, plan.empty("dw", [4]));
  const [x, y] = [times(tape, w, 2), times(tape, w, 3)];
  const [a, b] = [times(tape, x, 5), times(tape, x, 7)];
  const da = tape.into(a)!.d;
  tape.into(b);
  expect(tape.pass(a, x)).toBe(true);
  expect(tape.gradient(x).buffer).toBe(da.buffer);
  expect(() => tape.gradient(a)).toThrow("no gradient has reached 52w");
  expect(tape.into(x)!.constants.ADD).toBe(1);
  expect(tape.pass(b, x)).toBe(false);
  expect(tape.pass(b, w)).toBe(false);
  // Not tracked: nothing is left to do.
  expect(tape.pass(b, gpu.empty("given", [4]))).toBe(true);
  expect(tape.pass(b, y)).toBe(true);
  plan.free();
});

/** Six layers of two ops each on a trained weight; the last result is 4,096 times the weight. */
function layers(tape: Tape, w: Tensor): Tensor {
  let x = w;
  for (let i = 0; i < 6; i++) {
    const input = x;
    x = tape.layer(() => times(tape, times(tape, input, 2), 2));
  }
  return x;
}

test("a plan that reuses buffers needs few, also where layers are recomputed", async () => {
  const w = gpu.upload("w", ones, [4]);
  const start = gpu.upload("start", ones, [4]);
  const found: number[][] = [];
  for (const [reuse, recording, checkpointing] of [
    [false, true, false],
    [true, true, false],
    [true, true, true],
    [true, false, false],
  ] as const) {
    const plan = new Plan(gpu, "tape", { reuse });
    const tape = new Tape(plan, recording, checkpointing);
    const dw = plan.upload("dw", new Float32Array(4), [4]);
    tape.train(w, dw);
    const x = layers(tape, w);
    const into = tape.into(x);
    if (into)
      plan.dispatch({
        shader: kernels,
        entry: "multiply",
        tensors: { x: start, y: into.d },
        params: { factor: 1 },
        groups: [1],
        constants: into.constants,
      });
    tape.backward();
    plan.keep(x);
    const planned = plan.activationBytes;
    plan.run();
    const [out, d] = await gpu.read(x, dw);
    expect(out![0]).toBe(4096);
    expect(d![0]).toBe(recording ? 4096 : 0);
    found.push([planned / 16, plan.dispatches]);
    plan.free();
  }
  // times() does not read its input in the backward pass: two buffers suffice for activations and gradients. Recomputed
  // layers are dead here, and left out.
  expect(found).toEqual([
    [0, 25],
    [2, 25],
    [2, 25],
    [2, 12],
  ]);
});

test("an activation can be read only where it is kept", async () => {
  const plan = new Plan(gpu, "tape", { reuse: true });
  const tape = new Tape(plan, false);
  const w = plan.upload("w", ones, [4]);
  const [x, y] = [times(tape, w, 2), times(tape, w, 3)];
  plan.keep(reshape(y, 2, 2));
  await expect(gpu.read(y)).rejects.toThrow("3w has no buffer before its plan has run");
  plan.run();
  await expect(gpu.read(x)).rejects.toThrow("2w is an activation whose buffer others share; call plan.keep()");
  expect(() => plan.keep(x)).toThrow("tape has run already, 2w cannot be kept");
  expect([...(await gpu.read(y))]).toEqual([3, 3, 3, 3]);
  // Nobody reads 2w.
  expect(plan.dispatches).toBe(1);
  const held = gpu.pool.allocatedBytes;
  plan.free();
  plan.free();
  await expect(gpu.read(y)).rejects.toThrow("3w has no buffer before its plan has run, nor after it was freed");
  expect(() => plan.run()).toThrow("tape was freed, it cannot run any more");
  expect(gpu.pool.allocatedBytes).toBeLessThanOrEqual(held);
});

test("plans share buffers, which are released with the last of them", async () => {
  const one = await Gpu.open(navigator.gpu);
  const w = one.upload("w", ones, [4]);
  const planOf = () => {
    const plan = new Plan(one, "tape", { reuse: true });
    const out = layers(new Tape(plan, false), w);
    plan.keep(out);
    plan.run();
    return { plan, out };
  };
  const first = planOf();
  const held = one.pool.allocatedBytes;
  const second = planOf();
  // What it keeps, and its twelve dispatches' parameters.
  expect(one.pool.allocatedBytes - held).toBe(second.plan.sizeBytes + 12 * 256);
  expect((await one.read(first.out, second.out)).map((values) => values[0])).toEqual([4096, 4096]);
  first.plan.free();
  second.plan.run();
  expect((await one.read(second.out))[0]).toBe(4096);
  one.close();
});
