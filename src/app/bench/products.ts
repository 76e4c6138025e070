import { Plan } from "../../gpu/plan.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { backpropWeight, backpropX, multiply, weightSplits } from "../../ops/dense_product.ts";
import { addPartials } from "../../ops/partials.ts";
import { fillRandom } from "../../ops/random.ts";
import { type Bench, type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** Bytes of the operands that are used in turn, so that none is found in a cache. */
const rotatedBytes = 128e6;

/** Products of a linear layer: NT is its forward pass, NN the gradient of its input, TN that of its weight. */
const forms = ["NT", "NN", "TN"] as const;
type Form = (typeof forms)[number];

/** A tensor of `plan` that `filler` fills with random numbers. */
export function randomTensor(plan: Plan, filler: Plan, name: string, shape: readonly number[]): Tensor {
  const tensor = plan.empty(name, shape);
  fillRandom(filler, tensor, 1, 1);
  return tensor;
}

function recordSquare(bench: Bench, n: number, form: Form): { plan: Plan; filler: Plan; count: number } {
  const plan = new Plan(bench.gpu, `${form} ${n}`);
  const filler = new Plan(bench.gpu, "random");
  const count = bench.isTiny ? 1 : Math.max(1, Math.round(rotatedBytes / (3 * n * n * 4)));
  for (let i = 0; i < count; i++) {
    const operand = (name: string) => randomTensor(plan, filler, `${name}.${i}`, [n, n]);
    const [a, b] = [operand("a"), operand("b")];
    const out = plan.empty(`out.${i}`, [n, n]);
    const into = { d: out, constants: { ADD: 0 as const } };
    if (form === "NT") multiply(plan, { x: a, weight: b, out });
    else if (form === "NN") backpropX(plan, { dout: a, weight: b, into });
    else {
      const partial = plan.empty(`partial.${i}`, [weightSplits(n, n, n), n, n]);
      backpropWeight(plan, { x: a, dout: b, partial });
      addPartials(plan, partial, into);
    }
  }
  return { plan, filler, count };
}

export const products: Workload = {
  id: "P2",
  line: "square f32 products, as a linear layer's forward pass (NT), gradient of its input (NN) and of its weight (TN)",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    for (const n of bench.isTiny ? [64, 128] : [1024, 2048, 4096])
      for (const form of forms) {
        if (bench.isLate()) return;
        const id = `gemm.f32.${n}.${form}`;
        yield await measured(id, async () => {
          const { plan, filler, count } = recordSquare(bench, n, form);
          try {
            filler.run();
            const timing = perUnit(await bench.watch.ofPlan(plan), count);
            return { id, what: `f32 product ${n} x ${n} x ${n}, ${form}`, flops: 2 * n ** 3, ...timing };
          } finally {
            filler.free();
            plan.free();
          }
        });
      }
  },
};

/** The time of each of `count` equal parts of a plan. */
export function perUnit<T extends { ms: number; msMin: number; msMax: number }>(timing: T, count: number): T {
  return { ...timing, ms: timing.ms / count, msMin: timing.msMin / count, msMax: timing.msMax / count };
}
