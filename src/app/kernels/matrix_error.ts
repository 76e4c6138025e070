import type { Gpu } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import { Parameters } from "../../model/parameters.ts";
import type { WeightForm } from "../../model/weight_form.ts";
import { backpropX, multiply } from "../../ops/dense_product.ts";
import { backpropXOnMatrixUnits, type MatrixTileName, multiplyOnMatrixUnits } from "../../ops/product_matrix.ts";
import { fillRandom } from "../../ops/random.ts";

/**
 * Root mean square of a difference, as a share of that of the numbers. Rounding both factors to halves makes about 2^-12,
 * and more where their numbers are of very different sizes.
 */
export const mostMatrixError = 2 ** -10;

/** A product of matrices: NT is a linear layer's forward pass, NN the gradient of its input. */
export interface MatrixProduct {
  form: WeightForm;
  kind: "NT" | "NN";
  N: number;
  O: number;
  I: number;
  tile: MatrixTileName;
}

/**
 * The difference between a product of random numbers on matrix units and the same of the f32 kernels, as a share of the
 * product; NaN where a result is not a number. Gradients are as small as those of a loss are.
 */
export async function matrixError(gpu: Gpu, { form, kind, N, O, I, tile }: MatrixProduct): Promise<number> {
  const plan = new Plan(gpu, "product on matrix units");
  const filler = new Plan(gpu, "random");
  const parameters = new Parameters(gpu, [{ name: "weight", shape: [O, I] }], { trained: false, formOf: () => form });
  try {
    const weight = parameters.get("weight");
    fillRandom(filler, weight, 1, 1);
    const [columns, sums] = kind === "NT" ? [O, I] : [I, O];
    const left = plan.empty("left", [N, sums]);
    fillRandom(filler, left, kind === "NT" ? 1 : 1e-9, 2);
    filler.run();
    const nothing = new Float32Array(N * columns).fill(Number.NaN);
    const [own, exact] = ["own", "exact"].map((name) => plan.upload(name, nothing, [N, columns])) as [
      ReturnType<Plan["upload"]>,
      ReturnType<Plan["upload"]>,
    ];
    if (kind === "NT") {
      multiplyOnMatrixUnits(plan, { x: left, weight, out: own }, tile);
      multiply(plan, { x: left, weight, out: exact });
    } else {
      backpropXOnMatrixUnits(plan, { dout: left, weight, into: { d: own, constants: { ADD: 0 } } }, tile);
      backpropX(plan, { dout: left, weight, into: { d: exact, constants: { ADD: 0 } } });
    }
    plan.run();
    const [got, want] = (await gpu.read(own, exact)) as [Float32Array, Float32Array];
    let [differences, squares] = [0, 0];
    for (let i = 0; i < want.length; i++) {
      differences += (got[i]! - want[i]!) ** 2;
      squares += want[i]! ** 2;
    }
    return Math.sqrt(differences / squares);
  } finally {
    filler.free();
    plan.free();
    parameters.free();
  }
}
