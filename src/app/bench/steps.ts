import type { Gpu } from "../../gpu/gpu.ts";
import type { KernelTime } from "../../gpu/kernel_times.ts";
import type { BaseDtype } from "../../model/base_dtype.ts";
import type { Model } from "../../model/model.ts";
import { inputImage } from "../../model/vision_rows.ts";
import type { CacheDtype } from "../../ops/cache_kernels.ts";
import { resolveConfig } from "../../train/config.ts";
import { Learner, type UpdateSettings } from "../../train/learner.ts";
import type { PackedGroup, Sequence } from "../../train/pack.ts";
import { updateSettings } from "../../train/update.ts";
import { kernelTable } from "../kernels/kernel_table.ts";
import { workOfAll } from "../kernels/kernel_work.ts";
import { chooseKernels } from "./chosen_kernels.ts";
import {
  randomAdapter,
  randomModel,
  randomPrompt,
  randomTokens,
  type Shapes,
  shapes3B,
  shapesTiny,
} from "./random_model.ts";
import { type Bench, type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** A model to train, and groups of answers to train it on. */
interface Step {
  model: Model;
  learner: Learner;
  settings: UpdateSettings;
  /** n answers of this many tokens, with one shared prompt or with a prompt each. */
  groups(n: number, tokens: number, isShared: boolean): PackedGroup[];
  weightBytes: number;
}

/**
 * @param isLora   whether an adapter is trained, on a frozen model
 * @param base     dtype of a frozen model's weights
 * @param kvCache  dtype of keys and values
 */
export function openStep(
  gpu: Gpu,
  shapes: Shapes,
  { isLora = true, base = "auto", kvCache }: { isLora?: boolean; base?: BaseDtype; kvCache?: CacheDtype } = {},
): Step {
  const { config } = shapes;
  const model = randomModel(gpu, config, { trained: !isLora, base, kvCache });
  if (isLora) model.adapter = randomAdapter(gpu, model);
  const weightBytes = gpu.pool.allocatedBytes;
  const learner = new Learner(gpu, model, "policy");
  const { tokens: prompt, images } = randomPrompt(shapes);
  const prefix = { tokens: prompt, images: images.map((pixels) => inputImage(pixels, config.vision)) };
  const all = randomTokens(config, 16 * 256);
  const answer = (i: number, n: number, tokens: number): Sequence => {
    const own = all.slice(i * tokens, (i + 1) * tokens);
    const weight = 1 / (n * tokens);
    const advantage = i % 2 === 0 ? 1 : -1;
    // About the log-probability of a random token, so that ratios are near 1.
    const oldLogprob = -Math.log(config.text.vocabSize);
    const targets = own.map((token, t) => ({ at: t - 1, token, weight, oldLogprob, advantage }));
    return { tokens: own, images: [], targets };
  };
  return {
    model,
    learner,
    settings: updateSettings(resolveConfig({ learningRate: 1e-5 }), 0, [config.imageTokenId]),
    groups(n, tokens, isShared) {
      const sequences = Array.from({ length: n }, (_, i) => answer(i, n, tokens));
      return isShared ? [{ prefix, sequences }] : sequences.map((one) => ({ prefix, sequences: [one] }));
    },
    weightBytes,
  };
}

/** A GRPO update on one group. */
export const groupStep: Workload = {
  id: "P10",
  line: "GRPO step with LoRA of rank 16 in the shapes of Qwen2.5-VL-3B: 16 answers of 256 tokens to one prompt of 1,300",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    const { gpu, watch } = bench;
    const shapes = bench.isTiny ? shapesTiny() : shapes3B();
    const [n, tokens] = bench.isTiny ? [2, 8] : [16, 256];
    const id = "grpo_lora_3b.bf16.n16";
    yield await measured(id, async () => {
      const { model, learner, settings, groups, weightBytes } = openStep(gpu, shapes);
      await chooseKernels(bench, model);
      const group = groups(n, tokens, true);
      const timing = await watch.ofWork(() => learner.update(group, settings, { updatesBefore: 0 }), { warmUps: 2 });
      return {
        id,
        what: `GRPO LoRA step on ${n} answers of ${tokens} tokens`,
        ...(await tracedStep(bench, (kernels) =>
          learner.update(group, settings, { updatesBefore: 0, traces: kernels }),
        )),
        ...timing,
        more: {
          "GB of weights": weightBytes / 1e9,
          "GB above them at most": (gpu.pool.peak.bytes - weightBytes) / 1e9,
        },
      };
    });
  },
};

/** Operations of a step's kernels, and the table of them; nothing where kernels cannot be timed. */
async function tracedStep(
  { gpu, traces }: Bench,
  step: (kernels: Map<string, KernelTime[]>) => Promise<unknown>,
): Promise<{ flops?: number }> {
  if (!gpu.canTime) return {};
  const kernels = new Map<string, KernelTime[]>();
  await step(kernels);
  for (const [kind, times] of kernels) traces.push(kernelTable(kind, times, { bySize: true }));
  return { flops: workOfAll([...kernels.values()].flat())?.flops };
}

/** What a shared prompt saves: the same update with one prompt, and with a prompt for each answer. */
export const sharedPrefix: Workload = {
  id: "P12",
  line: "step cost of n = 1 to 16 answers of 64 tokens: one prompt shared, against a prompt for each, 3B shapes",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    const shapes = bench.isTiny ? shapesTiny() : shapes3B();
    const tokens = bench.isTiny ? 4 : 64;
    const step = openStep(bench.gpu, shapes);
    await chooseKernels(bench, step.model);
    for (const n of bench.isTiny ? [1, 2] : [1, 2, 4, 8, 16]) {
      if (bench.isLate()) return;
      const id = `prefix.n${n}`;
      yield await measured(id, () => comparedStep(bench, step, { id, n, tokens }));
    }
  },
};

async function comparedStep(
  { watch, isLate }: Bench,
  { learner, settings, groups }: Step,
  { id, n, tokens }: { id: string; n: number; tokens: number },
): Promise<BenchLine> {
  const [shared, repeated] = [groups(n, tokens, true), groups(n, tokens, false)];
  // Before any update, so that both have the same weights.
  const [a, b] = [await learner.logprobs(shared, settings), await learner.logprobs(repeated, settings)];
  const difference = a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);
  const runs = isLate() ? 1 : 3;
  const once = await watch.ofWork(() => learner.update(shared, settings, { updatesBefore: 0 }), { runs });
  const each = await watch.ofWork(() => learner.update(repeated, settings, { updatesBefore: 0 }), { runs });
  return {
    id,
    what: `update on ${n} answers of ${tokens} tokens to one prompt`,
    ...once,
    more: {
      "ms with a prompt for each": each.ms,
      "times cheaper": each.ms / once.ms,
      "largest difference of log-probabilities": difference,
    },
  };
}
