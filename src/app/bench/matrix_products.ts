import { Gpu } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { Parameters } from "../../model/parameters.ts";
import type { WeightForm } from "../../model/weight_form.ts";
import {
  backpropXOnMatrixUnits,
  type MatrixTileName,
  matrixTiles,
  multiplyOnMatrixUnits,
  tilesFor,
} from "../../ops/product_matrix.ts";
import { fillRandom } from "../../ops/random.ts";
import { type MatrixProduct, matrixError, mostMatrixError } from "../kernels/matrix_error.ts";
import { matrixUnitsLack } from "../kernels/matrix_units.ts";
import { Stopwatch } from "../kernels/stopwatch.ts";
import { perUnit, randomTensor } from "./products.ts";
import { type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** Bytes of the operands that are used in turn, so that none is found in a cache. */
const rotatedBytes = 128e6;

const kinds = ["NT", "NN"] as const;
const bf16: WeightForm = { dtype: "bf16" };

/** Sizes that tiles do not divide. */
const odd = { N: 1111, O: 1384, I: 1544 };
const oddTiny = { N: 67, O: 72, I: 136 };

/** Products with frozen weights: a linear layer's forward pass, and the gradient of its input. No TN: such weights have no gradient. */
export const matrixProducts: Workload = {
  id: "P3",
  line: "square products of f32 rows and bf16 weights on matrix units (factors in f16, sums in f32), each compared with f32 first",
  async lacks(gpu) {
    const lack = await matrixUnitsLack(gpu);
    return lack && `P3 is not measured: the adapter's matrix units cannot be used, ${lack}`;
  },
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    // A device of its own: the others request matrix units only with the flag.
    const gpu = await Gpu.open(bench.platform.gpu, { matrixUnits: true });
    const watch = new Stopwatch(gpu);
    try {
      const tiles = bench.isTiny ? tilesFor(gpu) : (Object.keys(matrixTiles) as MatrixTileName[]);
      const [ownTile = "64x64"] = tiles;
      for (const kind of kinds)
        for (const tile of tiles)
          for (const sizes of [bench.isTiny ? oddTiny : odd, square(bench.isTiny ? 64 : 128)]) {
            const { N, O, I } = sizes;
            const problem = await measured(`gemm.f16.${N}x${O}x${I}.${kind}.${tile}`, () =>
              expectRight(gpu, { form: bf16, kind, tile, ...sizes }),
            );
            if (typeof problem !== "number") yield problem;
          }
      await watch.warmUp(bench.isTiny ? 1 : 1000);
      for (const n of bench.isTiny ? [64] : [1024, 2048, 4096])
        for (const kind of kinds)
          for (const tile of [undefined, ...tiles]) {
            if (bench.isLate()) return;
            const id = `gemm.f16.${n}.${kind}${tile ? `.${tile}` : ""}`;
            yield await measured(id, async () => {
              const error = await expectRight(gpu, { form: bf16, kind, tile: tile ?? ownTile, ...square(n) });
              const timing = await timeOf({ gpu, watch, n, kind, tile, isTiny: bench.isTiny });
              const what = `product ${n} x ${n} x ${n} on matrix units, ${kind}, tiles of ${tile ?? "the size a run takes"}`;
              return { id, peer: `gemm.bf16.${n}.${kind}`, what, flops: 2 * n ** 3, ...timing, more: { error } };
            });
          }
    } finally {
      watch.free();
      gpu.close();
    }
  },
};

const square = (n: number) => ({ N: n, O: n, I: n });

/** The relative error of a product. @throws Error where it is larger than rounding explains */
async function expectRight(gpu: Gpu, product: MatrixProduct): Promise<number> {
  const error = await matrixError(gpu, product);
  if (error <= mostMatrixError) return error;
  throw new Error(`its error is ${error.toPrecision(3)} of the result, expected at most ${mostMatrixError}`);
}

interface TimedProduct {
  gpu: Gpu;
  watch: Stopwatch;
  n: number;
  kind: "NT" | "NN";
  tile?: MatrixTileName;
  isTiny: boolean;
}

async function timeOf({ gpu, watch, n, kind, tile, isTiny }: TimedProduct) {
  const plan = new Plan(gpu, `${kind} ${n}`);
  const filler = new Plan(gpu, "random");
  const made: Parameters[] = [];
  try {
    const count = isTiny ? 1 : Math.max(1, Math.round(rotatedBytes / (10 * n * n)));
    for (let i = 0; i < count; i++) {
      const parameters = new Parameters(gpu, [{ name: "weight", shape: [n, n] }], {
        trained: false,
        formOf: () => bf16,
      });
      made.push(parameters);
      const weight: Tensor = parameters.get("weight");
      fillRandom(filler, weight, 1, i);
      const x = randomTensor(plan, filler, `x.${i}`, [n, n]);
      const out = plan.empty(`out.${i}`, [n, n]);
      if (kind === "NT") multiplyOnMatrixUnits(plan, { x, weight, out }, tile);
      else backpropXOnMatrixUnits(plan, { dout: x, weight, into: { d: out, constants: { ADD: 0 } } }, tile);
    }
    filler.run();
    return perUnit(await watch.ofPlan(plan), count);
  } finally {
    filler.free();
    plan.free();
    for (const parameters of made) parameters.free();
  }
}
