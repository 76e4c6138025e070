import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { size, type Tensor } from "../../src/gpu/tensor.ts";
import { addPartials, columnSplits, sumPartials } from "../../src/ops/partials.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test.each([
  [1, 0],
  [8, 1],
  [9, 0],
  [70, 1],
] as const)("addPartials() adds up %i splits, ADD = %i", async (splits, ADD) => {
  const [count, first, to] = [130, 7, 5];
  const [values, before] = [random(1, first + splits * count), random(2, to + count + 3)];
  const plan = new Plan(gpu, "partials");
  const partial = plan.upload("partial", values, [values.length]);
  const d = plan.upload("d", before, [before.length]);
  addPartials(plan, partial, { d, constants: { ADD } }, { splits, count, first, to });
  plan.run();
  const got = await gpu.read(d);
  for (let at = 0; at < before.length; at++) {
    let want = at < to || at >= to + count || ADD === 1 ? before[at]! : 0;
    if (at >= to && at < to + count)
      for (let split = 0; split < splits; split++) want += values[first + split * count + at - to]!;
    expect(got[at]).toBeCloseTo(want, 4);
  }
  plan.free();
});

test("sums of columns are split every 64 rows", () => {
  expect([0, 1, 64, 65, 700].map(columnSplits)).toEqual([1, 1, 1, 2, 11]);
});

test("partial sums of weights are added up together, with the bits of one sum at a time", async () => {
  const shapes = [
    [1, 70],
    [8, 3],
    [9, 130],
    [37, 64],
  ] as const;
  const all = shapes.map(([splits, count], i) => random(i, splits * count));
  const before = random(9, 400);
  // Offsets of bindings are multiples of 64 numbers.
  const starts = [0, 128, 192, 320];
  const run = async (reuse: boolean) => {
    const plan = new Plan(gpu, "sums", { reuse });
    const d = plan.upload("gradients", before, [before.length]);
    const tape = new Tape(plan);
    const weights = shapes.map(([, count], i) => {
      const weight = plan.empty(`weight ${i}`, [count]);
      tape.train(weight, { ...d, shape: [count], offsetBytes: starts[i]! * 4 });
      return weight;
    });
    for (const [i, [splits, count]] of shapes.entries()) {
      const into = tape.into(weights[i]!)!;
      const values = plan.upload(`values ${i}`, all[i]!, [splits, count]);
      sumPartials(tape, "partial", [splits, count], [{ into }], (partial) => copy(plan, values, partial));
    }
    // The first one again: what waits is added before it.
    const again = tape.into(weights[0]!)!;
    const values = plan.upload("again", all[3]!.subarray(0, 70), [1, 70]);
    sumPartials(tape, "partial", [1, 70], [{ into: again }], (partial) => copy(plan, values, partial));
    tape.backward();
    const sums = plan.recorded.filter(({ shader: { name } }) => name === "partials").length;
    plan.run();
    const got = await gpu.read(d);
    plan.free();
    return { got, sums };
  };
  const [single, together] = [await run(false), await run(true)];
  expect(together.got).toEqual(single.got);
  expect(single.got).not.toEqual(before);
  expect([single.sums, together.sums]).toEqual([5, 2]);
});

function copy(plan: Plan, source: Tensor, to: Tensor): void {
  plan.dispatch({
    shader: new Shader("copy", copySource),
    entry: "copy",
    tensors: { source, to },
    groups: [Math.ceil(size(source.shape) / 64)],
  });
}

const copySource = `
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> to: array<f32>;
@compute @workgroup_size(64)
fn copy(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&source)) {
    to[id.x] = source[id.x];
  }
}`;
