import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { noIndex, type Tensor } from "../../src/gpu/tensor.ts";
import type { WeightForm } from "../../src/model/weight_form.ts";
import { backpropX, multiply } from "../../src/ops/dense_product.ts";
import { gather } from "../../src/ops/gather.ts";
import { logprob } from "../../src/ops/logprob.ts";
import { rowRanges, weightParts } from "../../src/ops/weight_kernels.ts";
import { random } from "../support/gradcheck.ts";
import { formsFor, packedWeight } from "../support/packed_weight.ts";

const [N, I, O] = [5, 96, 300];

interface Results {
  out: Float32Array;
  dx: Float32Array;
  picked: Float32Array;
  logprobs: Float32Array;
}

/** A head of 300 rows: its product with bias and residual, gradient, rows picked, and log-probabilities. */
async function ofHead(gpu: Gpu, form: (plan: Plan, values: Float32Array) => Tensor, first: number): Promise<Results> {
  const plan = new Plan(gpu, "head");
  const tape = new Tape(plan, false);
  const weight = form(plan, random(1, O * I));
  const count = O - first;
  const x = plan.upload("x", random(2, N * I), [N, I]);
  const bias = plan.upload("bias", random(3, O), [O]);
  const residual = plan.upload("residual", random(4, N * count), [N, count]);
  const dout = plan.upload("dout", random(5, N * count), [N, count]);
  const out = plan.upload("out", new Float32Array(N * count).fill(Number.NaN), [N, count]);
  const dx = plan.upload("dx", random(6, N * I), [N, I]);
  multiply(plan, { x, weight, out, bias, residual, first });
  backpropX(plan, { dout, weight, into: { d: dx, constants: { ADD: 1 } }, first });
  const index = plan.upload("index", Uint32Array.of(0, 127, 128, 299, noIndex, 200), [6, 1]);
  const picked = gather(tape, weight, { index });
  const targets = plan.upload("targets", Uint32Array.of(3, 130, 299, 0, 255), [N]);
  const allowed = plan.upload("allowed", new Uint32Array(O).fill(1), [O]);
  const temperature = plan.upload("temperature", Float32Array.of(0.7), [1]);
  const { logprob: logprobs } = logprob(tape, { h: x, weight, targets, allowed, temperature });
  plan.run();
  const [outs, dxs, rows, logs] = await gpu.read(out, dx, picked, logprobs);
  plan.free();
  return { out: outs!, dx: dxs!, picked: rows!, logprobs: logs! };
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!) || (Number.isNaN(value) ? 1 : 0)), 0);

const cases: { name: string; form: WeightForm; plain?: boolean; rowBytes: number }[] = [
  { name: "f32", form: { dtype: "f32" }, rowBytes: 4 * I },
  { name: "f32, number by number", form: { dtype: "f32" }, plain: true, rowBytes: 4 * I },
  { name: "bf16", form: { dtype: "bf16" }, rowBytes: 2 * I },
  { name: "i8", form: { dtype: "i8", block: I }, rowBytes: I },
  { name: "i4", form: { dtype: "i4", block: 32 }, rowBytes: I / 2 },
];

test.each(cases)(
  "a weight larger than a binding gives what it gives whole: $name",
  async ({ form, plain, rowBytes }) => {
    // 150 rows: cuts are made before rows 128 and 256.
    const gpu = await Gpu.open(navigator.gpu, { plain, maxBindingBytes: 150 * rowBytes });
    const whole = await Gpu.open(navigator.gpu, { plain });
    const weight = (plan: Plan, values: Float32Array) => packedWeight(plan, values, [O, I], form).packed;
    const plan = new Plan(gpu, "ranges");
    const ranges = rowRanges(gpu, { weight: weight(plan, random(1, O * I)), first: 64, count: 200 });
    expect(ranges.map(({ first, count, column }) => [first, count, column])).toEqual([
      [64, 64, 0],
      [0, 128, 64],
      [0, 8, 192],
    ]);
    expect(() => rowRanges(gpu, { weight: weight(plan, random(1, O * I)), first: 8, count: 200 })).toThrow(
      `weight takes ${300 * rowBytes} bytes, of which ${150 * rowBytes} can be bound: it can be split at every 64th row only, which rows from 8 on do not allow`,
    );
    for (const first of [0, 64]) {
      const [got, want] = [await ofHead(gpu, weight, first), await ofHead(whole, weight, first)];
      for (const part of ["out", "picked", "logprobs"] as const) expect(got[part], part).toEqual(want[part]);
      // A sum over O in ranges is in another order.
      expect(furthest(got.dx, want.dx)).toBeLessThan(1e-5);
      expect(furthest(got.dx, want.dx)).toBeGreaterThan(0);
    }
    gpu.close();
    whole.close();
  },
);

/** A scale may be negative, and 0 times it as well. */
const unsigned = (value: number) => value + 0;

test("gather() of every dtype picks the numbers that the table stands for", async () => {
  const gpu = await Gpu.open(navigator.gpu);
  for (const form of formsFor(I)) {
    const plan = new Plan(gpu, "table");
    const { packed, numbers } = packedWeight(plan, random(1, O * I), [O, I], form);
    const index = plan.upload("index", Uint32Array.of(7, noIndex, 299), [3, 1]);
    const out = gather(new Tape(plan, false), packed, { index });
    plan.run();
    const none = new Float32Array(I);
    expect((await gpu.read(out)).map(unsigned), form.dtype).toEqual(
      Float32Array.from([...numbers.slice(7 * I, 8 * I), ...none, ...numbers.slice(299 * I)]).map(unsigned),
    );
    plan.free();
  }
  gpu.close();
});

test("kernels that read weights need no more than the 8 storage buffers that every device has", () => {
  for (const name of ["product", "product_small", "product_thin", "product_wide", "gather_vec4"]) {
    const text = (file: string) => readFileSync(new URL(`../../shaders/${file}.wgsl`, import.meta.url), "utf8");
    const adapter = /^product(_wide)?$/.test(name) ? text("shared/product_adapter") : "";
    const source = text(name) + adapter + (/^product(_small)?$/.test(name) ? text("shared/product_ends") : "");
    for (const [dtype, part] of Object.entries(weightParts)) {
      const shader = new Shader(`${name}_${dtype}`, source, part);
      for (const entry of shader.entries) {
        const buffers = [...shader.uses(entry)].filter((binding) => shader.bindings.get(binding)!.kind !== "uniform");
        expect(buffers.length, `${shader.name}.${entry}`).toBeLessThanOrEqual(8);
      }
    }
  }
});

test("a half that is subnormal is no zero", async () => {
  const gpu = await Gpu.open(navigator.gpu);

  const values = Float32Array.from({ length: 32 }, (_, i) => ((i % 8) - 4) * 2 ** -20);
  for (const form of [{ dtype: "f16" }, { dtype: "i8", block: 8 }, { dtype: "i4", block: 8 }] as const) {
    const plan = new Plan(gpu, "subnormal");
    const { packed, numbers } = packedWeight(plan, values, [4, 8], form);
    const index = plan.upload("index", Uint32Array.of(0, 1, 2, 3), [4, 1]);
    const out = gather(new Tape(plan, false), packed, { index });
    plan.run();
    expect(numbers.some((value) => value !== 0)).toBe(true);
    expect((await gpu.read(out)).map(unsigned), form.dtype).toEqual(numbers.map(unsigned));
    plan.free();
  }
  gpu.close();
});
