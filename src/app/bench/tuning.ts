import { formOf } from "../../model/weight_form.ts";
import { tuneProducts } from "../kernels/product_tuning.ts";
import { type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** The tuning that a run does before its first step on a new card, and its result. */
export const tuning: Workload = {
  id: "tune",
  line: "trying the kernels of products, as a run does once on each card: how long it takes, and which are chosen",
  async *run({ gpu, isTiny, isLate }): AsyncGenerator<BenchLine | BenchGap> {
    // Software adapters are not tuned.
    if (isTiny) return;
    for (const base of ["f32", "bf16", "int4"] as const) {
      if (isLate()) return;
      const id = `tune.${base}`;
      yield await measured(id, async () => {
        const form = formOf({ name: "weight", shape: [64, 2048] }, base, "F32");
        const startedMs = performance.now();
        const { choice, notices } = await tuneProducts(gpu, form);
        const ms = performance.now() - startedMs;
        if (notices.length > 0) throw new Error(notices.join("; "));
        const { mostThinRows, mostThinOutputs, busyWideGroups } = choice;
        const more = {
          "thin up to rows": mostThinRows,
          "or outputs": mostThinOutputs,
          "wide from tiles of 128": busyWideGroups,
        };
        return {
          id,
          what: `kernels of ${base} products`,
          ms,
          msMin: ms,
          msMax: ms,
          runs: 1,
          clock: "host clock",
          more,
        };
      });
    }
  },
};
