import { expect, test } from "vitest";
import { kernelTable } from "../../../src/app/kernels/kernel_table.ts";
import { attended, workOf } from "../../../src/app/kernels/kernel_work.ts";
import type { KernelTime } from "../../../src/gpu/kernel_times.ts";
import { Plan } from "../../../src/gpu/plan.ts";
import { Tape } from "../../../src/gpu/tape.ts";
import { attention } from "../../../src/ops/attention.ts";
import { backpropWeight, backpropX, multiply } from "../../../src/ops/dense_product.ts";
import { gather } from "../../../src/ops/gather.ts";
import { gelu } from "../../../src/ops/gelu.ts";
import { linear } from "../../../src/ops/linear.ts";
import { addPartials } from "../../../src/ops/partials.ts";
import { gpu } from "../../support/device.ts";

const recorded = (record: (plan: Plan) => void) => {
  const plan = new Plan(gpu, "work");
  record(plan);
  return plan.recorded;
};
const works = (record: (plan: Plan) => void) => recorded(record).map((dispatch) => workOf(dispatch));

test("products: two operations for each number of x, weight and column; each number once", () => {
  const [N, I, O] = [6, 32, 16];
  const into = { constants: { ADD: 0 as const } };
  const found = works((plan) => {
    const [x, weight, dout] = [plan.empty("x", [N, I]), plan.empty("weight", [O, I]), plan.empty("dout", [N, O])];
    multiply(plan, { x, weight, out: dout });
    backpropX(plan, { dout, weight, into: { d: x, ...into } });
    const partial = plan.empty("partial", [1, O, I]);
    backpropWeight(plan, { x, dout, partial });
    addPartials(plan, partial, { d: weight, ...into });
  });
  const [x, weight, out] = [4 * N * I, 4 * O * I, 4 * N * O];
  const flops = 2 * N * I * O;
  expect(found).toEqual([
    { flops, bytes: x + weight + out },
    { flops, bytes: x + weight + out },
    { flops, bytes: x + weight + out },
    // The partial sums are added up.
    { flops: 0, bytes: 2 * weight },
  ]);
});

test("of a packed weight only the layer's own rows count, and a residual is read", () => {
  const [work] = works((plan) => {
    const tape = new Tape(plan, false);
    const [x, weight, residual] = [plan.empty("x", [2, 8]), plan.empty("qkv", [12, 8]), plan.empty("r", [2, 4])];
    linear(tape, x, weight, { rows: [4, 8], residual });
  });
  expect(work).toEqual({ flops: 2 * 2 * 8 * 4, bytes: 4 * (4 * 8 + 2 * 8 + 2 * 2 * 4) });
});

test("of a table only the rows that are picked", () => {
  const [work] = works((plan) => {
    gather(new Tape(plan, false), plan.empty("table", [1000, 8]), { index: plan.empty("index", [3, 1], "u32") });
  });
  expect(work).toEqual({ flops: 0, bytes: 4 * (3 + 3 * 8 + 3 * 8) });
});

test("what attention does stands in its spans", () => {
  // Two rows that see a prefix of three keys, and their own.
  const spans = Uint32Array.of(0, 3, 10, 11, 0, 3, 11, 13);
  expect(attended(spans)).toEqual({ pairs: 3 + 1 + 3 + 2, keys: 3 + 3 });
  const [N, S, H, K, D] = [2, 20, 4, 2, 32];
  const [dispatch] = recorded((plan) => {
    const tape = new Tape(plan, false);
    const keys = () => plan.empty("keys", [S, K, D]);
    attention(tape, {
      q: plan.empty("q", [N, H, D]),
      k: keys(),
      v: keys(),
      spans: { query: plan.empty("spans", [N, 4], "u32") },
      scale: 1,
    });
  });
  const rows = 4 * 2 * N * H * D;
  expect(workOf(dispatch!, spans)).toEqual({ flops: 4 * 9 * H * D, bytes: rows + 4 * 2 * 6 * K * D });
  expect(workOf(dispatch!)).toEqual({ flops: 4 * N * S * H * D, bytes: rows + 4 * 2 * S * K * D, isMost: true });
});

test("a trace reads the spans, and the table has what each kernel achieved", async () => {
  const plan = new Plan(gpu, "traced");
  const tape = new Tape(plan, false);
  const x = plan.upload("x", new Float32Array(64 * 64), [64, 64]);
  const q = linear(tape, x, plan.upload("weight", new Float32Array(64 * 64), [64, 64]));
  const heads = { ...q, shape: [64, 2, 32] };
  const spans = Uint32Array.from(Array.from({ length: 64 }, (_, n) => [0, n + 1, 0, 0]).flat());
  attention(tape, { q: heads, k: heads, v: heads, spans: { query: plan.upload("spans", spans, [64, 4]) }, scale: 1 });
  gelu(tape, q, "tanh");
  const times = await plan.trace();
  expect(times.map((time) => time.spans?.length)).toEqual([undefined, 256, undefined]);
  const fixed: KernelTime[] = times.map((time) => ({ ...time, durationMs: 0.001 }));
  const table = kernelTable("prefill", fixed).split("\n");
  const rates = (label: string) =>
    table
      .find((line) => line.startsWith(label))!
      .split("%")[1]!
      .trim();
  // 2 x 64^3 operations and 3 x 64^2 numbers in a microsecond.
  expect(rates("product")).toBe("0.524 TFLOP/s     49.2 GB/s");
  // 64 x 65 / 2 pairs, two heads, two products of 32 numbers.
  expect(rates("attention")).toBe(`${((4 * 2 * 32 * 64 * 65) / 2 / 1e6).toPrecision(3)} TFLOP/s     65.5 GB/s`);
  expect(rates("gelu")).toBe("32.8 GB/s");
  const labels = kernelTable("prefill", fixed, { bySize: true }).match(/^product\S* \d+ x .*->\s\d+/m);
  expect(labels?.[0]).toMatch(/ 64 x 64 -> 64$/);
});
