import { expect, test } from "vitest";
import { randomModel, randomPrompt, shapesTiny } from "../../src/app/bench/random_model.ts";
import { countingGpu } from "../../src/gpu/counting_device.ts";
import { readConfig } from "../../src/model/families/read_files.ts";
import { publishedFiles } from "../../src/model/families/table.ts";
import { LoraAdapter } from "../../src/model/lora.ts";
import { buildModel } from "../../src/model/model.ts";
import { GpuPolicy } from "../../src/policy/gpu_policy.ts";
import { newLoraConfig } from "../../src/train/adapter.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { Learner } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { checkpointingChoices } from "../../src/train/pass.ts";
import { updateSettings } from "../../src/train/update.ts";

const mib = 2 ** 20;
const lora = resolveConfig({ loraRank: 16, loraAlpha: 32 });

/** A Qwen2.5-VL-3B with an adapter, of which only sizes are there. */
function model3B() {
  const files = publishedFiles("Qwen/Qwen2.5-VL-3B-Instruct")!;
  const config = readConfig(files.config, files.preprocessor);
  const gpu = countingGpu();
  const model = buildModel(gpu, config, { trained: false });
  model.adapter = new LoraAdapter(gpu, model.parameters, newLoraConfig(lora), { trained: true });
  return { gpu, model, config };
}

/** A prompt with a picture of 64 x 64 patches and text, and rollouts of so many tokens. */
function group(imageTokenId: number, rollouts: number, tokens: number): PackedGroup {
  const side = 64 * 14;
  const pixels = { width: side, height: side, data: new Uint8Array(side * side * 3) };
  const written = Array.from({ length: tokens }, () => 7);
  return {
    prefix: {
      tokens: [...new Array(1024).fill(imageTokenId), ...new Array(276).fill(5)],
      images: [{ pixels, grid: { t: 1, h: 64, w: 64 } }],
    },
    sequences: Array.from({ length: rollouts }, () => ({
      tokens: written,
      images: [],
      targets: written.map((token, i) => ({ at: i - 1, token, weight: 1, oldLogprob: 0, advantage: 1 })),
    })),
  };
}

test("a group of 16 rollouts of 256 tokens fits beside a model of the 3B shape with checkpointing", async () => {
  const found: Record<string, number> = {};
  for (const choice of checkpointingChoices) {
    const { gpu, model, config } = model3B();
    const learner = new Learner(gpu, model, "policy");
    const settings = { ...updateSettings(lora, 0, []), gradientCheckpointing: choice };
    await learner.update([group(config.imageTokenId, 16, 256)], settings, { updatesBefore: 0 });
    found[choice] = gpu.pool.peak.uses.get("activations")! / mib;
  }
  expect(found.auto).toBe(found.on);
  expect(found.off).toBeGreaterThan(30_000);
  expect(found.on).toBeLessThan(2900);
});

test("a frozen vision tower keeps nothing for the backward pass", async () => {
  const peaks: number[] = [];
  for (const pictures of [0, 1]) {
    const { gpu, model, config } = model3B();
    const learner = new Learner(gpu, model, "policy");
    const { prefix, sequences } = group(config.imageTokenId, 2, 32);
    // The same rows, with a picture or without.
    const plain = { tokens: prefix.tokens.map(() => 5), images: [] };
    const settings = { ...updateSettings(lora, 0, []), gradientCheckpointing: "off" as const };
    await learner.update([{ prefix: pictures ? prefix : plain, sequences }], settings, { updatesBefore: 0 });
    peaks.push(gpu.pool.peak.uses.get("activations")!);
  }
  // 32 blocks would keep 4,096 patches of a few thousand numbers each: gigabytes. Image tokens are one state more.
  expect(peaks[1]! - peaks[0]!).toBeLessThan(16 * mib);
});

test("a forward pass needs a few tensors of one layer, however many layers and patches there are", async () => {
  const { gpu, model, config } = model3B();
  const learner = new Learner(gpu, model, "policy");
  await learner.logprobs([group(config.imageTokenId, 2, 32)], { temperature: 1, suppressed: [] });
  // Rows of 11,008 numbers three times, and what is narrower.
  expect(gpu.pool.peak.uses.get("activations")! / mib).toBeLessThan(280);
});

test("a device that lets kernels see little of a buffer takes pictures in more passes, in updates and in prefills", async () => {
  const { config, ...shapes } = shapesTiny();
  const small = countingGpu({ maxStorageBufferBindingSize: 128 * mib });
  const passes: string[] = [];
  small.beforeRun = ({ name }) => passes.push(name);
  const model = randomModel(small, config, { trained: true });
  const learner = new Learner(small, model, "policy");
  // 4,096 patches of 1,176 numbers a group: seven times that is more than a kernel may see, six times are not.
  const groups = Array.from({ length: 12 }, () => group(config.imageTokenId, 2, 16));
  await learner.update(groups, updateSettings(resolveConfig({}), 0, []), { updatesBefore: 0 });
  await learner.logprobs(groups, { temperature: 1, suppressed: [] });
  const patches = passes.flatMap((name) => (/^(update|forward) /.test(name) ? [Number(name.split(" ")[2])] : []));
  expect(patches).toEqual([6 * 4096, 6 * 4096, 6 * 4096, 6 * 4096]);

  passes.length = 0;
  const tight = countingGpu({ maxStorageBufferBindingSize: 4 * mib });
  tight.beforeRun = ({ name }) => passes.push(name);
  const policy = new GpuPolicy(tight, randomModel(tight, config, { trained: false }));
  const prompt = randomPrompt({ config, ...shapes, side: 24 });
  await policy.begin(Array(3).fill(prompt), 1, 8, { seed: 1, step: 0, temperature: 1, suppressed: [], stops: [] });
  // 576 patches are 2.6 MiB.
  expect(passes.filter((name) => name.startsWith("prefill"))).toHaveLength(3);
});
