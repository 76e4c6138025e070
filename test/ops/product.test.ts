import { expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import type { WeightForm } from "../../src/model/weight_form.ts";
import { accumulate } from "../../src/ops/add.ts";
import { addTerm } from "../../src/ops/low_rank.ts";
import { backpropXVec4, multiplyInParts, type ProductKernel, weightPartialsInTiles } from "../../src/ops/product.ts";
import { swiglu } from "../../src/ops/swiglu.ts";
import { gpu as unrolled } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";
import { formsFor, packedWeight } from "../support/packed_weight.ts";

/** A software adapter compiles kernels several times faster where their loops stay loops; a test compares the two. */
const gpu = await Gpu.open(navigator.gpu, { unrolled: false });

const product = (a: (n: number, k: number) => number, b: (k: number, o: number) => number, [N, K, O]: number[]) =>
  Float64Array.from({ length: N! * O! }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < K!; k++) sum += a(Math.floor(at / O!), k) * b(k, at % O!);
    return sum;
  });

const worst = (got: Float32Array, want: Float64Array) =>
  got.reduce((most, value, i) => Math.max(most, Math.abs(value - want[i]!) || (Number.isNaN(value) ? 1 : 0)), 0);

/** Rows of the weight that do not belong to the layer. */
const first = 8;

/** An adapter of rank 8 on one layer, or on three side by side. */
const boundsOf = (O: number, P: number) => (P === 1 ? [0, O] : [0, 12, 16, O]);
const [R, scaling] = [8, 0.75];

async function multiplied(kernel: ProductKernel | "added", [N, I, O]: number[], P = 0, device = gpu) {
  const plan = new Plan(device, "product");
  const x = plan.upload("x", random(1, N! * I!), [N!, I!]);
  const weight = plan.upload("weight", random(2, (O! + first) * I!), [O! + first, I!]);
  const bias = plan.upload("bias", random(3, O! + first), [O! + first]);
  const residual = plan.upload("residual", random(4, N! * O!), [N!, O!]);
  const out = plan.upload("out", new Float32Array(N! * O!).fill(Number.NaN), [N!, O!]);
  const term = P > 0 && {
    low: plan.upload("low", random(5, N! * P * R), [N!, P * R]),
    down: plan.upload("down", random(6, P * R * I!), [P * R, I!]),
    up: plan.upload("up", random(7, O! * R), [O!, R]),
    scaling,
    bounds: boundsOf(O!, P),
  };
  const own = kernel === "added" ? "untiled" : kernel;
  const fused = term && kernel !== "added" ? term : undefined;
  multiplyInParts(plan, { x, weight, out, bias, residual, first, term: fused }, own, null);
  if (term && kernel === "added") addTerm(plan, out, term);
  plan.run();
  return device.read(out);
}

const sizes = [
  [1, 128, 20],
  [3, 72, 68],
  [70, 76, 80],
  [129, 132, 64],
];
test.each(["untiled", "tiled", "wide", "thin"] as const)(
  "the %s kernel has the same bits with its loops unrolled",
  async (kernel) => {
    // Without an adapter, whose loops are always unrolled.
    const shape = [70, 76, 80];
    expect(await multiplied(kernel, shape, 0, unrolled)).toEqual(await multiplied(kernel, shape));
  },
);

/** Sums long enough for those of the thin kernel's sizes that are for few outputs. */
const longSizes = [1, 2, 3, 5, 33].map((N) => [N, 1032, 20] as const);

test.each(sizes)("every kernel of (%i, %i) times (%i, ...) is right, and all give the same bits", async (N, I, O) => {
  const shape = [N, I, O];
  const [xs, ws, bias, residual] = [
    random(1, N * I),
    random(2, (O + first) * I),
    random(3, O + first),
    random(4, N * O),
  ];
  const want = product(
    (n, k) => xs[n * I + k]!,
    (k, o) => ws[(o + first) * I + k]!,
    shape,
  ).map((sum, at) => sum + bias[first + (at % O)]! + residual[at]!);
  const untiled = await multiplied("untiled", shape);
  expect(worst(untiled, want)).toBeLessThan(2e-5);
  // The thin kernel of one row and of a few, which takes longest to compile, is compared with an adapter and with packed weights
  // below; only with more rows also by itself.
  for (const kernel of N < 16 ? (["tiled", "wide"] as const) : (["tiled", "wide", "thin"] as const))
    expect(await multiplied(kernel, shape), kernel).toEqual(untiled);
});

// With an adapter each shape of the thin kernel's workgroups is taken; without one the smallest kernel of each kind shows it.
test.each([
  [1, 128, 24, true],
  [3, 72, 136, true],
  [70, 76, 80, true],
  [1, 1032, 24, true],
  [7, 1032, 40, true],
  [70, 76, 80, false],
])(
  "every kernel of (%i, %i) times (%i, ...) makes silu(gate) up with the bits of swiglu(), an adapter: %s",
  async (N, I, O, adapted) => {
    const plan = new Plan(gpu, "gated");
    const upload = (name: string, seed: number, ...shape: number[]) =>
      plan.upload(
        name,
        random(
          seed,
          shape.reduce((a, b) => a * b),
        ),
        shape,
      );
    const [x, weight, bias] = [upload("x", 1, N, I), upload("weight", 2, O, I), upload("bias", 3, O)];
    const term = adapted
      ? {
          low: upload("low", 5, N, 2 * R),
          down: upload("down", 6, 2 * R, I),
          up: upload("up", 7, O, R),
          scaling,
          bounds: [0, O / 2, O],
        }
      : undefined;
    const packed = plan.empty("packed", [N, O]);
    multiplyInParts(plan, { x, weight, out: packed, bias, term }, "untiled");
    const want = swiglu(new Tape(plan, false), packed);
    const outs = (["untiled", "tiled", "thin"] as const).map((kernel) => {
      const out = plan.upload(kernel, new Float32Array((N * O) / 2).fill(Number.NaN), [N, O / 2]);
      multiplyInParts(plan, { x, weight, out, bias, term, gated: true }, kernel);
      return out;
    });
    // A plan gives activations away that are read no more.
    const kept = plan.upload("kept", new Float32Array((N * O) / 2), [N, O / 2]);
    accumulate(plan, kept, want);
    plan.run();
    const [expected, ...got] = await gpu.read(kept, ...outs);
    expect(expected!.some((value) => Math.abs(value) > 0.01)).toBe(true);
    got.forEach((values, i) => {
      expect(values, outs[i]!.name).toEqual(expected);
    });
    plan.free();
  },
);

test.each(longSizes)("the thin kernel of (%i, %i) times (%i, ...) has the same bits", async (...shape) => {
  const untiled = await multiplied("untiled", [...shape], 3);
  expect(untiled.every(Number.isFinite)).toBe(true);
  expect(await multiplied("thin", [...shape], 3)).toEqual(untiled);
});

test.each(sizes.flatMap((size) => [1, 3].map((P) => [...size, P])))(
  "every kernel of (%i, %i) times (%i, ...) adds an adapter on %i layers, all with the bits of low_rank's own",
  async (N, I, O, P) => {
    const shape = [N!, I!, O!];
    const base = await multiplied("untiled", shape);
    const [lows, ups] = [random(5, N! * P! * R), random(7, O! * R)];
    const bounds = boundsOf(O!, P!);
    const want = Float64Array.from(base, (value, at) => {
      const [n, o] = [Math.floor(at / O!), at % O!];
      const part = bounds.findIndex((end, i) => i > 0 && o < end) - 1;
      let sum = 0;
      for (let r = 0; r < R; r++) sum += lows[(n * P! + part) * R + r]! * ups[o * R + r]!;
      return value + scaling * sum;
    });
    const added = await multiplied("added", shape, P);
    expect(worst(added, want)).toBeLessThan(2e-5);
    for (const kernel of ["untiled", "tiled", "wide", "thin"] as const)
      expect(await multiplied(kernel, shape, P), kernel).toEqual(added);
  },
);

test.each([
  ["tiled", 0],
  ["wide", 1],
] as const)("gradients in %s tiles, ADD = %i", async (kernel, ADD) => {
  const [N, I, O] = [70, 68, 76];
  const [xs, ws, ds] = [random(1, N * I), random(2, (O + first) * I), random(3, N * O)];
  const plan = new Plan(gpu, "product");
  const x = plan.upload("x", xs, [N, I]);
  const weight = plan.upload("weight", ws, [O + first, I]);
  const dout = plan.upload("dout", ds, [N, O]);
  const before = random(4, N * I);
  const dx = plan.upload("dx", before, [N, I]);
  backpropXVec4(plan, { dout, weight, into: { d: dx, constants: { ADD } }, first }, kernel);
  const splits = 3;
  const partial = plan.upload("partial", new Float32Array(splits * O * I).fill(Number.NaN), [splits, O, I]);
  weightPartialsInTiles(plan, { x, dout, partial }, kernel);
  plan.run();
  const wantX = product(
    (n, o) => ds[n * O + o]!,
    (o, i) => ws[(o + first) * I + i]!,
    [N, O, I],
  ).map((sum, at) => sum + ADD * before[at]!);
  expect(worst(await gpu.read(dx), wantX)).toBeLessThan(2e-5);
  const wantWeight = product(
    (o, n) => ds[n * O + o]!,
    (n, i) => xs[n * I + i]!,
    [O, N, I],
  );
  const parts = await gpu.read(partial);
  const sum = Float32Array.from({ length: O * I }, (_, at) =>
    [0, 1, 2].reduce((total, split) => total + parts[split * O * I + at]!, 0),
  );
  expect(worst(sum, wantWeight)).toBeLessThan(2e-5);
});

/** Products and gradients of a matrix in a form, each by a kernel, beside those of its numbers in f32. */
async function inForm(form: WeightForm, [N, I, O]: [number, number, number], kernels: readonly ProductKernel[]) {
  const plan = new Plan(gpu, "product");
  const x = plan.upload("x", random(1, N * I), [N, I]);
  const { packed, plain } = packedWeight(plan, random(2, (O + first) * I), [O + first, I], form);
  const bias = plan.upload("bias", random(3, O + first), [O + first]);
  const residual = plan.upload("residual", random(4, N * O), [N, O]);
  const dout = plan.upload("dout", random(5, N * O), [N, O]);
  const results: [kernel: string, got: Tensor, want: Tensor][] = [];
  const unwritten = (rows: number, columns: number) =>
    plan.upload("out", new Float32Array(rows * columns).fill(Number.NaN), [rows, columns]);
  for (const kernel of kernels) {
    const [got, want] = [unwritten(N, O), unwritten(N, O)];
    multiplyInParts(plan, { x, weight: packed, out: got, bias, residual, first }, kernel);
    multiplyInParts(plan, { x, weight: plain, out: want, bias, residual, first }, "untiled");
    results.push([kernel, got, want]);
    if (kernel === "thin") continue;
    const [dx, wantDx] = [unwritten(N, I), unwritten(N, I)];
    backpropXVec4(plan, { dout, weight: packed, into: { d: dx, constants: { ADD: 0 } }, first }, kernel);
    backpropXVec4(plan, { dout, weight: plain, into: { d: wantDx, constants: { ADD: 0 } }, first }, kernel);
    results.push([`backprop_x ${kernel}`, dx, wantDx]);
  }
  plan.run();
  for (const [kernel, got, want] of results)
    expect(await gpu.read(got), `${form.dtype}, ${kernel}`).toEqual(await gpu.read(want));
  plan.free();
}

test.each(formsFor(72))(
  "few rows of weights in $dtype, blocks of $block, give the bits of their numbers in f32",
  (form) => inForm(form, [3, 72, 68], ["untiled", "thin"]),
);

// Kernels read weights through the same function of a dtype: the smaller tiles, which take four times as long to compile, show
// it for one dtype without blocks and one with blocks and a table.
test.each(formsFor(192).filter(({ block }) => block !== 192))(
  "tiles of weights in $dtype give the bits of their numbers in f32",
  (form) => inForm(form, [70, 192, 80], /^(bf16|nf4)$/.test(form.dtype) ? ["tiled", "wide"] : ["wide"]),
);

/**
 * Shapes of a workgroup are for one, two, up to four, up to eight, and more rows, and for so many vec4 in a chunk: one dtype of
 * each number of vec4 takes them all. The others read their chunks by the function that all shapes call.
 */
const rowsOf = ({ dtype, block }: WeightForm): readonly number[] =>
  dtype === "bf16" || dtype === "i4" || (dtype === "i8" && block === 256) ? [1, 2, 3, 7, 17] : [17];

// 256 numbers a row are chunks of 16 bytes in every part: weights are read so.
test.each(formsFor(256).flatMap((form) => rowsOf(form).map((rows) => ({ ...form, rows }))))(
  "$rows rows of weights in $dtype, blocks of $block, read 16 bytes at a time",
  ({ rows, ...form }) => inForm(form as WeightForm, [rows, 256, 36], ["thin"]),
);
