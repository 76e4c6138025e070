import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { backpropBias, weightSplits } from "../../src/ops/dense_product.ts";
import { columnSplits } from "../../src/ops/partials.ts";
import { backpropTogether, backpropXVec4, takesTogether, weightPartialsInTiles } from "../../src/ops/product.ts";
import { cardGpu } from "../support/card.ts";
import { random } from "../support/gradcheck.ts";

const gpu = await cardGpu();

test.each([
  [5, 8, 12, true, 0],
  [70, 68, 132, true, 8],
  [300, 132, 64, false, 0],
  [600, 64, 20, true, 4],
] as const)(
  "all gradients of (%i, %i) times (%i, ...) in one dispatch have the bits of single ones, a bias: %s, rows from %i on",
  async (N, I, O, hasBias, first) => {
    const plan = new Plan(gpu, "gradients");
    const x = plan.upload("x", random(1, N * I), [N, I]);
    const dout = plan.upload("dout", random(2, N * O), [N, O]);
    const weight = plan.upload("weight", random(3, (O + first) * I), [O + first, I]);
    const before = random(4, N * I);
    const dx = (name: string) => ({ d: plan.upload(name, before, [N, I]), constants: { ADD: 1 } as const });
    const [splits, biasSplits] = [weightSplits(N, O, I), columnSplits(N)];
    const [together, single] = [dx("together"), dx("single")];
    const partial = plan.empty("partial", [splits * O * I + (hasBias ? biasSplits * O : 0)]);
    const ofWeight = plan.empty("of weight", [splits, O, I]);
    const ofBias = plan.empty("of bias", [biasSplits, O]);
    expect(takesTogether(plan, N, weight, O, first)).toBe(true);
    backpropTogether(plan, { x, dout, weight, into: together, first, partial, hasBias });
    backpropXVec4(plan, { dout, weight, into: single, first }, "tiled");
    weightPartialsInTiles(plan, { x, dout, partial: ofWeight }, "tiled");
    backpropBias(plan, { dout, partial: ofBias });
    plan.run();
    const [dx1, dx2, all, weights, biases] = await gpu.read(together.d, single.d, partial, ofWeight, ofBias);
    expect(dx1).toEqual(dx2);
    expect(dx1).not.toEqual(before);
    expect(all!.subarray(0, splits * O * I)).toEqual(weights);
    if (hasBias) expect(all!.subarray(splits * O * I)).toEqual(biases);
    plan.free();
  },
);
