import type { BaseDtype } from "../../model/base_dtype.ts";
import type { CacheDtype } from "../../ops/cache_kernels.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import type { Passage } from "../../policy/policy.ts";
import { kernelTable } from "../kernels/kernel_table.ts";
import { chooseKernels } from "./chosen_kernels.ts";
import { randomModel, randomPrompt, shapes3B, shapesTiny } from "./random_model.ts";
import { type Bench, type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/**
 * A group of answers to one prompt, which is prefilled once.
 *
 * @param base     dtype of the weights: bf16 as published, or fewer bits
 * @param kvCache  dtype of keys and values
 */
export const groupRollout = (base: BaseDtype, kvCache: CacheDtype = "f32"): Workload => ({
  id: "P7",
  line: `rollout of a group, Qwen2.5-VL-3B's shapes in ${base}, keys and values in ${kvCache}: a prompt of 1,300 tokens with a picture, 64 new tokens, n = 1 and 16`,
  run: (bench) => rollouts(bench, base, kvCache),
});

async function* rollouts(bench: Bench, base: BaseDtype, kvCache: CacheDtype): AsyncGenerator<BenchLine | BenchGap> {
  const { gpu, watch, isTiny, isLate, traces } = bench;
  const shapes = isTiny ? shapesTiny() : shapes3B();
  const newTokens = isTiny ? 4 : 64;
  const model = randomModel(gpu, shapes.config, { trained: false, base, kvCache });
  const name = kvCache === "f32" ? base : `${base}.kv_${kvCache}`;
  await chooseKernels(bench, model);
  const policy = new GpuPolicy(gpu, model);
  try {
    const prompt = randomPrompt(shapes);
    const roll = (n: number, tokens: number) => rollGroup(policy, prompt, { n, tokens, capacity: newTokens });
    for (const n of [1, 16]) {
      if (isLate()) return;
      const id = `rollout_3b.${name}.n${n}`;
      yield await measured(id, async () => {
        const first = await watch.ofWork(() => roll(n, 1));
        const whole = await watch.ofWork(() => roll(n, newTokens));
        const decodeMs = (whole.ms - first.ms) / (newTokens - 1);
        return {
          id,
          peer: `rollout_3b.generate.bf16.n${n}`,
          what: `${n} answers of ${newTokens} tokens to one prompt of ${prompt.tokens.length}, weights in ${base}, keys and values in ${kvCache}`,
          ...whole,
          more: {
            "first token ms": first.ms,
            "decode step ms": decodeMs,
            "tokens/s": (n * newTokens * 1000) / whole.ms,
            "GB at most": gpu.pool.peak.bytes / 1e9,
          },
        };
      });
    }
    if (gpu.canTime && !isLate()) {
      policy.free();
      const traced = new GpuPolicy(gpu, model, { traced: true });
      await rollGroup(traced, prompt, { n: 16, tokens: newTokens, capacity: newTokens });
      for (const [kind, times] of traced.traces)
        traces.push(kernelTable(`${kind}, n = 16, ${name}`, times, { bySize: true }));
      traced.free();
    }
  } finally {
    policy.free();
  }
}

interface RolledGroup {
  /** Answers. */
  n: number;
  /** Tokens of each. */
  tokens: number;
  /** Tokens that the cache has space for after the prompt. */
  capacity: number;
}

/** Samples answers to one prompt. */
export async function rollGroup(
  policy: GpuPolicy,
  prompt: Passage,
  { n, tokens, capacity }: RolledGroup,
): Promise<void> {
  const conversations = await policy.begin([prompt], n, capacity, {
    seed: 1,
    step: 0,
    temperature: 1,
    suppressed: [policy.model.config.imageTokenId],
    // Lengths are fixed: no token ends an answer.
    stops: [],
  });
  const rows = Array.from({ length: n }, (_, row) => row);
  const writing = conversations.write(rows, tokens);
  for (let next = await writing.next(); !next.done; ) next = await writing.next();
  conversations.close();
}
