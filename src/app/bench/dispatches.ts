import { Plan } from "../../gpu/plan.ts";
import { Tape } from "../../gpu/tape.ts";
import { gelu } from "../../ops/gelu.ts";
import { perUnit } from "./products.ts";
import { type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

const count = 1000;

/** The cost of a dispatch with almost no work that waits for the one before. */
export const dispatches: Workload = {
  id: "P6",
  line: "a thousand small dispatches, each of which reads what the one before has written: what one costs",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    yield await measured("dispatch", async () => {
      const plan = new Plan(bench.gpu, "dispatches");
      try {
        const tape = new Tape(plan, false);
        let x = plan.upload("x", new Float32Array(64), [64]);
        for (let i = 0; i < count; i++) x = gelu(tape, x, "tanh");
        return { id: "dispatch", what: "a dependent dispatch", ...perUnit(await bench.watch.ofPlan(plan), count) };
      } finally {
        plan.free();
      }
    });
  },
};
