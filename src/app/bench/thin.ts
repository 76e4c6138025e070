import { Plan } from "../../gpu/plan.ts";
import { bytesOf, type Tensor } from "../../gpu/tensor.ts";
import { type BaseDtype, baseDtypes } from "../../model/base_dtype.ts";
import { Parameters } from "../../model/parameters.ts";
import { formOf } from "../../model/weight_form.ts";
import { multiply } from "../../ops/dense_product.ts";
import { fillRandom } from "../../ops/random.ts";
import { workOfAll } from "../kernels/kernel_work.ts";
import { perUnit } from "./products.ts";
import { type Bench, type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** Bytes of the weights that are used in turn, so that none is found in a cache. */
const rotatedBytes = 360e6;

/** Least products in a run of the plan, to spread the cost of starting it. */
const leastProducts = 48;

/** Products of a decode step, bound by reading the weight once. */
export const thinProducts: Workload = {
  id: "P4",
  line: "thin products 2048 -> 11008 of 1, 4 and 16 rows, as in a decode step, with weights in every dtype",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    for (const base of baseDtypes) {
      if (base === "auto") continue;
      for (const M of [1, 4, 16]) {
        if (bench.isLate()) return;
        const id = `thin.${base}.M${M}`;
        yield await measured(id, () => thinProduct(bench, id, base, M));
      }
    }
  },
};

async function thinProduct({ gpu, watch, isTiny }: Bench, id: string, base: BaseDtype, M: number): Promise<BenchLine> {
  const [O, I] = isTiny ? [1024, 256] : [11008, 2048];
  const weight = { name: "weight", shape: [O, I] };
  const form = formOf(weight, base, "F32");
  const plan = new Plan(gpu, id);
  const filler = new Plan(gpu, "random");
  const made: Parameters[] = [];
  try {
    const x = plan.upload("x", new Float32Array(M * I).fill(0.5), [M, I]);
    const out = plan.empty("out", [M, O]);
    const weights: Tensor[] = [];
    for (let bytes = 0; bytes < (isTiny ? 1 : rotatedBytes); ) {
      const parameters = new Parameters(gpu, [weight], { trained: false, formOf: () => form });
      made.push(parameters);
      const tensor = parameters.get(weight.name);
      weights.push(tensor);
      fillRandom(filler, tensor, 1, made.length);
      bytes += bytesOf(tensor);
    }
    const rounds = isTiny ? 1 : Math.ceil(leastProducts / weights.length);
    const count = rounds * weights.length;
    for (let round = 0; round < rounds; round++) for (const weight of weights) multiply(plan, { x, weight, out });
    filler.run();
    const bytes = (workOfAll(plan.recorded.map((dispatch) => ({ dispatch })))?.bytes ?? 0) / count;
    const timing = perUnit(await watch.ofPlan(plan), count);
    // torch has no built-in products with weights in fewer bits.
    const peer = `thin.${base === "f32" ? "f32" : "bf16"}.M${M}`;
    return { id, peer, what: `${M} x ${I} times a weight of ${O} x ${I} in ${base}`, bytes, ...timing };
  } finally {
    for (const parameters of made) parameters.free();
    filler.free();
    plan.free();
  }
}
