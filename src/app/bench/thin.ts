import { Plan } from "../../gpu/plan.ts";
import { multiply } from "../../ops/linear.ts";
import { perUnit, randomTensor } from "./products.ts";
import { type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** Weights in turn, of so many bytes together: none is still in a cache when its turn comes. */
const rotatedBytes = 360e6;

/** A decode step's products: each reads its weight once, and that is what they take. */
export const thinProducts: Workload = {
  id: "P4",
  line: "thin products 2048 -> 11008 of 1, 4 and 16 rows, as in a decode step; what counts is bytes of the weight",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    const [O, I] = bench.isTiny ? [1024, 256] : [11008, 2048];
    const weightBytes = O * I * 4;
    const count = bench.isTiny ? 2 : Math.ceil(rotatedBytes / weightBytes);
    const plan = new Plan(bench.gpu, "weights");
    const filler = new Plan(bench.gpu, "random");
    try {
      const weights = Array.from({ length: count }, (_, i) => randomTensor(plan, filler, `weight.${i}`, [O, I]));
      filler.run();
      for (const M of [1, 4, 16]) {
        if (bench.isLate()) return;
        const id = `thin.f32.M${M}`;
        yield await measured(id, async () => {
          const products = new Plan(bench.gpu, `thin ${M}`);
          try {
            const x = products.upload("x", new Float32Array(M * I).fill(0.5), [M, I]);
            for (const weight of weights) multiply(products, x, weight, products.empty("out", [M, O]));
            const timing = perUnit(await bench.watch.ofPlan(products), count);
            const bytes = weightBytes + (M * I + M * O) * 4;
            return { id, what: `${M} x ${I} times an f32 weight of ${O} x ${I}`, bytes, ...timing };
          } finally {
            products.free();
          }
        });
      }
    } finally {
      filler.free();
      plan.free();
    }
  },
};
