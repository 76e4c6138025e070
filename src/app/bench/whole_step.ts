import type { Gpu } from "../../gpu/gpu.ts";
import type { BaseDtype } from "../../model/base_dtype.ts";
import type { Model } from "../../model/model.ts";
import type { CacheDtype } from "../../ops/cache_kernels.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import { chooseKernels } from "./chosen_kernels.ts";
import { randomPrompt, type Shapes, shapes3B, shapes7B, shapesQwen3, shapesTiny } from "./random_model.ts";
import { rollGroup } from "./rollout.ts";
import { openStep } from "./steps.ts";
import { type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** A rollout of a group and the update on it, as in a run, measured for its memory. */
export interface WholeStep {
  id: string;
  /** The goal's number in docs/bench.md. */
  goal: string;
  shapes: () => Shapes;
  base: BaseDtype;
  kvCache?: CacheDtype;
  /** Answers, and tokens of each. */
  n: number;
  tokens: number;
}

export const memorySteps: readonly WholeStep[] = [
  { id: "step.qwen3_vl_2b.int4", goal: "M1", shapes: shapesQwen3, base: "int4", n: 8, tokens: 128 },
  { id: "step.qwen3_vl_2b.bf16", goal: "M1", shapes: shapesQwen3, base: "bf16", n: 8, tokens: 128 },
  {
    id: "step.qwen3_vl_2b.bf16.kv_bf16",
    goal: "M1",
    shapes: shapesQwen3,
    base: "bf16",
    kvCache: "bf16",
    n: 8,
    tokens: 128,
  },
  { id: "step.qwen2_5_vl_7b.int4", goal: "M2", shapes: shapes7B, base: "int4", n: 8, tokens: 128 },
  {
    id: "step.qwen2_5_vl_7b.int4.kv_bf16",
    goal: "M2",
    shapes: shapes7B,
    base: "int4",
    kvCache: "bf16",
    n: 8,
    tokens: 128,
  },
  { id: "step.qwen2_5_vl_3b.bf16", goal: "P10", shapes: shapes3B, base: "bf16", n: 16, tokens: 256 },
];

/** Such a step with an adapter of rank 16. */
export function openWholeStep(
  gpu: Gpu,
  { shapes, base, kvCache, n, tokens }: WholeStep,
): { model: Model; weightBytes: number; run: () => Promise<void> } {
  const sizes = shapes();
  const { model, learner, settings, groups, weightBytes } = openStep(gpu, sizes, { base, kvCache });
  const policy = new GpuPolicy(gpu, model);
  const prompt = randomPrompt(sizes);
  const group = groups(n, tokens, true);
  return {
    model,
    weightBytes,
    run: async () => {
      await rollGroup(policy, prompt, { n, tokens, capacity: tokens });
      await learner.update(group, settings, { updatesBefore: 0 });
    },
  };
}

/** The steps whose memory is a goal, each on a device of its own. */
export const wholeSteps: readonly Workload[] = memorySteps
  .filter(({ goal }) => goal.startsWith("M"))
  .map((step) => ({
    id: step.goal,
    line: `memory and time of a whole step, rollout and update, LoRA of rank 16: ${step.id}`,
    async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
      const { gpu, watch, isTiny } = bench;
      yield await measured(step.id, async () => {
        const small = { ...step, shapes: shapesTiny, n: 2, tokens: 8 };
        const { model, weightBytes, run } = openWholeStep(gpu, isTiny ? small : step);
        await chooseKernels(bench, model);
        const timing = await watch.ofWork(run, { runs: 3 });
        const more = { "GB of weights": weightBytes / 1e9, "GB at most": gpu.pool.peak.bytes / 1e9 };
        return { id: step.id, what: `${step.n} answers of ${step.tokens} tokens, and an update`, ...timing, more };
      });
    },
  }));
