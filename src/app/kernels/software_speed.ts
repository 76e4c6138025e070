import type { Gpu } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import { multiply } from "../../ops/dense_product.ts";

/** A product as the shipped models have them: rows, inputs and outputs. */
const size = { N: 768, I: 128, O: 384 } as const;

/** Runs after the first, which compiles. */
const runs = 3;

/**
 * Seconds of such a product on this device, by the host's clock: the fastest of a few, since other programs may have the cores.
 * Takes less than half a second on a software adapter, most of it to compile.
 */
export async function productSeconds(gpu: Gpu): Promise<number> {
  const { N, I, O } = size;
  const plan = new Plan(gpu, "speed");
  try {
    const x = plan.upload("speed.x", new Float32Array(N * I).fill(0.5), [N, I]);
    const weight = plan.upload("speed.weight", new Float32Array(O * I).fill(0.5), [O, I]);
    const out = plan.empty("speed.out", [N, O]);
    multiply(plan, { x, weight, out });
    let least = Number.POSITIVE_INFINITY;
    for (let run = 0; run <= runs; run++) {
      const startedMs = performance.now();
      plan.run();
      await gpu.device.queue.onSubmittedWorkDone();
      if (run > 0) least = Math.min(least, performance.now() - startedMs);
    }
    gpu.check();
    return least / 1000;
  } finally {
    plan.free();
  }
}
