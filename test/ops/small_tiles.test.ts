import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import type { ActivationKind } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { columnSplits, weightSplits } from "../../src/ops/partials.ts";
import { backpropTogether, multiplyAndActivate, multiplyInParts } from "../../src/ops/product.ts";
import { type SmallTile, smallSizes } from "../../src/ops/small_tiles.ts";
import { cardGpu } from "../support/card.ts";
import { gpu as unrolled } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";
import { formsFor, packedWeight } from "../support/packed_weight.ts";

const gpu = await cardGpu();

/** Threads of 4 x 4, 4 x 8, 8 x 4 and 8 x 8; with `wide` of 2 they take gates. */
const tiles: SmallTile[] = [
  [32, 32, 1, 1, 32],
  [64, 64, 1, 1, 16],
  [32, 64, 1, 2, 16],
  [64, 64, 2, 1, 32],
  [64, 64, 2, 2, 8],
];
const gated = tiles.filter(([, , , wide]) => wide === 2);

/** N, I, O and the first of the weight's rows: of fewer rows than a tile, and of none that a tile divides. */
const sizes = [
  [5, 8, 24, 0],
  [70, 68, 136, 8],
  [131, 132, 72, 4],
] as const;

const text = (tile: SmallTile) => tile.join(" x ");

/** The numbers of what `record` writes, without small tiles and with each. */
async function numbersBy(
  compared: readonly SmallTile[],
  record: (plan: Plan, tile: SmallTile | null) => Tensor[],
  device = gpu,
): Promise<{ tile: string; numbers: Float32Array[] }[]> {
  const results = [];
  for (const tile of [null, ...compared]) {
    const plan = new Plan(device, "small tiles");
    const written = record(plan, tile);
    const names = new Set(plan.recorded.map(({ shader }) => shader.name.replace(/_(?!small).*/, "")));
    expect([...names]).toEqual([tile ? "product_small" : "product"]);
    plan.run();
    results.push({ tile: tile ? text(tile) : "none", numbers: [await device.read(...written)].flat() });
    plan.free();
  }
  return results;
}

function expectSame([usual, ...others]: Awaited<ReturnType<typeof numbersBy>>): void {
  expect(usual!.numbers.every((numbers) => numbers.every(Number.isFinite) && numbers.some((n) => n !== 0))).toBe(true);
  for (const { tile, numbers } of others) expect(numbers, tile).toEqual(usual!.numbers);
}

/** A tensor that nothing has written. */
const unwritten = (plan: Plan, name: string, shape: readonly number[]): Tensor =>
  plan.upload(name, new Float32Array(shape.reduce((a, b) => a * b)).fill(Number.NaN), shape);

/** x, weight and bias; the layer's rows of the last two begin at `first`. */
const operands = (plan: Plan, [N, I, O, first]: readonly number[]) => ({
  x: plan.upload("x", random(1, N! * I!), [N!, I!]),
  weight: plan.upload("weight", random(2, (O! + first!) * I!), [O! + first!, I!]),
  bias: plan.upload("bias", random(3, O! + first!), [O! + first!]),
});

test.each(sizes)(
  "products of (%i, %i) times (%i, ...) in small tiles have the usual bits, rows from %i on",
  async (...size) => {
    const [N, I, O, first] = size;
    expectSame(
      await numbersBy(tiles, (plan, tile) => {
        const { x, weight, bias } = operands(plan, size);
        const residual = plan.upload("residual", random(4, N * O), [N, O]);
        const [plain, added] = [unwritten(plan, "plain", [N, O]), unwritten(plan, "added", [N, O])];
        multiplyInParts(plan, { x, weight, out: plain, first }, "tiled", tile);
        multiplyInParts(plan, { x, weight, out: added, bias, residual, first }, "tiled", tile);
        return [plain, added];
      }),
    );
    expectSame(
      await numbersBy(gated, (plan, tile) => {
        const { x, weight, bias } = operands(plan, [N, I, O, 0]);
        const out = unwritten(plan, "gated", [N, O / 2]);
        multiplyInParts(plan, { x, weight, out, bias, gated: true }, "tiled", tile);
        return [out];
      }),
    );
  },
);

test.each(sizes)("products of (%i, %i) times (%i, ...) and functions of them have the usual bits", async (N, I, O) => {
  for (const kind of ["gate", "tanh", "erf"] as const)
    expectSame(
      await numbersBy(kind === "gate" ? gated : tiles, (plan, tile) => {
        const { x, weight, bias } = operands(plan, [N, I, O, 0]);
        const out = unwritten(plan, "out", [N, O]);
        const activated = unwritten(plan, "activated", [N, kind === "gate" ? O / 2 : O]);
        multiplyAndActivate(plan, { x, weight, bias: kind === "gate" ? null : bias, out }, { kind, activated }, tile);
        return [out, activated];
      }),
    );
});

/** All gradients of a layer, as one dispatch writes them. */
function recordGradients(
  plan: Plan,
  [N, I, O, first]: readonly [number, number, number, number],
  { tile, activation, isAdded = false }: { tile: SmallTile | null; activation?: ActivationKind; isAdded?: boolean },
): Tensor[] {
  const { x, weight } = operands(plan, [N, I, O, first]);
  const dout = plan.upload("dout", random(5, N * O), [N, O]);
  const hasBias = activation !== undefined || isAdded;
  const biasNumbers = hasBias ? columnSplits(N) * O : 0;
  const partial = unwritten(plan, "partial", [weightSplits(N, O, I) * O * I + biasNumbers]);
  const width = activation === "gate" ? 2 * I : I;
  const d = plan.upload("dx", random(6, N * width), [N, width]);
  const into = { d, constants: { ADD: isAdded ? 1 : 0 } as const };
  backpropTogether(plan, { x, dout, weight, into, first, partial, hasBias, activation }, tile);
  return [d, partial];
}

test.each([...sizes, [600, 64, 20, 4], [70, 20, 300, 0]] as const)(
  "gradients of (%i, %i) times (%i, ...) in small tiles have the usual bits, rows from %i on",
  async (...size) => {
    const layers: Omit<Parameters<typeof recordGradients>[2], "tile">[] = [
      {},
      { isAdded: true },
      { activation: "gate" },
      { activation: "erf" },
    ];
    for (const layer of layers)
      expectSame(await numbersBy(tiles, (plan, tile) => recordGradients(plan, size, { ...layer, tile })));
  },
  120_000,
);

test("weights of every dtype are read in small tiles", async () => {
  const [N, I, O] = [70, 64, 72];
  for (const form of formsFor(I))
    expectSame(
      await numbersBy([[64, 64, 1, 2, 16]], (plan, tile) => {
        const x = plan.upload("x", random(1, N * I), [N, I]);
        const dout = plan.upload("dout", random(5, N * O), [N, O]);
        const { packed: weight } = packedWeight(plan, random(2, O * I), [O, I], form);
        const out = unwritten(plan, "out", [N, O]);
        const partial = unwritten(plan, "partial", [weightSplits(N, O, I) * O * I]);
        const into = { d: unwritten(plan, "dx", [N, I]), constants: { ADD: 0 } as const };
        multiplyInParts(plan, { x, weight, out }, "tiled", tile);
        backpropTogether(plan, { x, dout, weight, into, partial, hasBias: false }, tile);
        return [out, into.d, partial];
      }),
    );
}, 120_000);

test("loops of small tiles that are unrolled give the same bits", async () => {
  const record = (plan: Plan, tile: SmallTile | null) => {
    const { x, weight, bias } = operands(plan, [70, 76, 80, 0]);
    const out = unwritten(plan, "out", [70, 80]);
    multiplyInParts(plan, { x, weight, out, bias }, "tiled", tile);
    return [out, ...recordGradients(plan, [70, 76, 80, 0], { tile })];
  };
  const [loops] = await numbersBy([], record);
  const [, inCopies] = await numbersBy([[32, 64, 1, 2, 16]], record, unrolled);
  expect(inCopies!.numbers).toEqual(loops!.numbers);
}, 120_000);

test("a tile that threads cannot share is named", () => {
  expect(() => smallSizes([16, 16, 1, 1, 16])).toThrow("No workgroup has a tile of 16 x 16 x 16 with 4 x 4 a thread");
  expect(() => smallSizes([64, 64, 2, 1, 16], true)).toThrow("must be two vec4 wide, this one is 1");
});
