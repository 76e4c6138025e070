import { describe, expect, test } from "vitest";
import { dryRun } from "../../../src/app/deno/commands/dry_run.ts";
import { assumedStep } from "../../../src/app/memory/assumed_step.ts";
import { type Estimate, estimate, expectFits } from "../../../src/app/memory/estimate.ts";
import { memoryLines } from "../../../src/app/memory/estimate_text.ts";
import { describedModel } from "../../../src/app/memory/model_sizes.ts";
import { h200, secondsOfStep } from "../../../src/app/memory/step_time.ts";
import type { BaseDtype } from "../../../src/model/base_dtype.ts";
import { readConfig } from "../../../src/model/families/read_files.ts";
import { modelShapes, publishedFiles } from "../../../src/model/families/table.ts";
import type { ParameterShape } from "../../../src/model/parameters.ts";
import { readPreprocessor } from "../../../src/model/preprocessor.ts";
import { formOf } from "../../../src/model/weight_form.ts";
import { newLoraConfig } from "../../../src/train/adapter.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import tokenizerJson from "../../golden/tokenizer-needle.json" with { type: "json" };
import { platform } from "../../support/shipped.ts";
import { tinyQwenFiles } from "../../support/tiny_qwen.ts";

const gib = 2 ** 30;

function published(size: "3B" | "7B" | "32B") {
  const files = publishedFiles(`Qwen/Qwen2.5-VL-${size}-Instruct`)!;
  return { model: readConfig(files.config, files.preprocessor), sizes: readPreprocessor(files.preprocessor) };
}
/** Of a run of few and short rollouts, which are soon counted. */
const few = { preset: "verl-7b", tasksPerStep: 2, rolloutsPerTask: 2, responseTokens: 256, maxPromptTokens: 1024 };
function estimated(size: "3B" | "7B" | "32B", changes: Partial<RunConfig>, base: BaseDtype = "auto", limits = {}) {
  const { model, sizes } = published(size);
  const described = { config: model, formOf: (parameter: ParameterShape) => formOf(parameter, base, "BF16") };
  return estimate(resolveConfig({ ...few, ...changes }), described, sizes, { limits });
}
const line = ({ memory }: Estimate, what: string) => memory.find((row) => row.what === what)?.usualBytes;
/** Where all weights are one segment that may be trained. */
const wide = { maxStorageBufferBindingSize: 2 ** 40 };

describe("sizes", () => {
  // Half of total_size in the published model.safetensors.index.json, which is in bf16.
  test.each([
    ["3B", 3_754_622_976],
    ["7B", 8_292_166_656],
    ["32B", 33_452_718_336],
  ] as const)("of Qwen2.5-VL-%s add up to its parameters", (size, parameters) => {
    const sizeOf = ({ shape }: ParameterShape) => shape.reduce((product, side) => product * side, 1);
    expect(modelShapes(published(size).model).reduce((sum, shape) => sum + sizeOf(shape), 0)).toBe(parameters);
  });

  test("of the shipped model add up to its weights", async () => {
    const config = resolveConfig({ tasksPerStep: 1, rolloutsPerTask: 2 });
    const { sizes, preprocessor } = await describedModel(config, platform);
    expect((await estimate(config, sizes, preprocessor)).parameters).toBe(1_436_160);
  });
});

describe("memory", () => {
  test("of pictures is that of the worlds' scenes: a bound of what is kept, and a slab that is made", async () => {
    const picturesOf = async (worlds: string) => {
      const config = resolveConfig({ worlds, tasksPerStep: 8, rolloutsPerTask: 2 });
      const { sizes, preprocessor } = await describedModel(config, platform);
      const found = await estimate(config, sizes, preprocessor);
      return { onDevice: line(found, "pictures")!, onHost: found.pictureBytes };
    };
    const [small, both, large] = [512 ** 2, (512 ** 2 + 2048 ** 2) / 2, 2048 ** 2];
    const found = await Promise.all(["needle", "needle,hunt", "hunt"].map(picturesOf));
    expect(found.map(({ onHost }) => onHost)).toEqual([8 * 4 * small, 8 * 4 * both, 8 * 4 * large]);
    const [needle, mixed, hunt] = found.map(({ onDevice }) => onDevice);
    expect(needle).toBeGreaterThan(2 * 8 * 3 * small);
    expect(needle).toBeLessThan(2 * 8 * 3 * small + 2 ** 20);
    expect(mixed).toBeGreaterThan(2 * 8 * 3 * both);
    expect(hunt).toBe((64 + 64) * 2 ** 20);
  });

  test("of full training is sixteen bytes a parameter", async () => {
    const found = await estimated("3B", {}, "auto", wide);
    const { parameters } = found;
    // Weights begin at multiples of 256 bytes.
    expect(line(found, "weights")! / parameters).toBeCloseTo(4, 3);
    expect(line(found, "gradients")! / parameters).toBeCloseTo(4, 3);
    expect(line(found, "AdamW's two moments")! / parameters).toBeCloseTo(8, 3);
    expect(found.usualBytes).toBe(found.memory.reduce((sum, { usualBytes }) => sum + usualBytes, 0));
  });

  test("of full training that reads its weights in bf16 is two bytes more", async () => {
    const found = await estimated("3B", { baseDtype: "bf16" }, "bf16", wide);
    expect(line(found, "weights")! / found.parameters).toBeCloseTo(6, 2);
    expect(line(found, "AdamW's two moments")! / found.parameters).toBeCloseTo(8, 3);
  });

  test("of an adapter is that of its own weights beside the frozen ones, as these are kept", async () => {
    const lora = { loraRank: 16, loraTargets: "q_proj,v_proj" };
    const found = await estimated("3B", lora);
    // Rank times both sides of q (2,048 to 2,048) and v (2,048 to 256), in 36 layers.
    expect(found.trainedParameters).toBe(36 * 16 * (2048 + 2048 + 2048 + 256));
    expect(line(found, "AdamW's two moments")).toBe(8 * found.trainedParameters);
    expect((line(found, "weights")! - 4 * found.trainedParameters) / found.parameters).toBeCloseTo(2, 1);
    const whole = await estimated("3B", lora, "f32");
    expect((line(whole, "weights")! - 4 * whole.trainedParameters) / whole.parameters).toBeCloseTo(4, 3);
    const small = await estimated("3B", lora, "int4");
    expect(line(small, "weights")! / small.parameters).toBeLessThan(0.9);
  });

  test("of an adapter that the run goes on from is that of its own rank and layers, not of the knobs'", async () => {
    const { model, sizes } = published("3B");
    const formOfIt = (parameter: ParameterShape) => formOf(parameter, "auto", "BF16");
    const adapter = newLoraConfig({ model: "", loraRank: 3, loraAlpha: 6, loraTargets: "k_proj" });
    const config = resolveConfig({ ...few, adapter: "runs/before" });
    const found = await estimate(config, { config: model, formOf: formOfIt, adapter }, sizes);
    // Rank times both sides of k (2,048 to 256), in 36 layers.
    expect(found.trainedParameters).toBe(36 * 3 * (2048 + 256));
    expect(line(found, "AdamW's two moments")).toBe(8 * found.trainedParameters);
    const { flops } = await estimated("3B", { loraRank: 3, loraTargets: "k_proj" });
    expect(found.flops).toEqual(flops);
  });

  test("has the reference model wherever a KL is on and the weights themselves change", async () => {
    for (const kl of [{ klLossCoef: 0.01 }, { klRewardCoef: 0.01 }]) {
      const found = await estimated("3B", kl, "auto", wide);
      // f32 where they are trained, bf16 where they stay.
      expect(line(found, "weights")! / found.parameters).toBeCloseTo(6, 1);
      expect(found.flops.reference).toBeGreaterThan(0);
      const lora = await estimated("3B", { ...kl, loraRank: 4 });
      expect(line(lora, "weights")! / lora.parameters).toBeLessThan(2.1);
    }
  });

  test("of keys and values has room for the longest response of every rollout", async () => {
    const found = await estimated("7B", { loraRank: 4 });
    const rows = 1 + 2 * found.usual.promptTokens + 4 * 256;
    expect(line(found, "keys and values")! / (rows * 28 * 2 * 4 * 128 * 4)).toBeCloseTo(1, 4);
  });

  test("of activations is less with checkpointing, and everything else is the same", async () => {
    const long = { loraRank: 4, rolloutsPerTask: 8 };
    const [on, off] = [
      await estimated("3B", { ...long, gradientCheckpointing: "on" }),
      await estimated("3B", { ...long, gradientCheckpointing: "off" }),
    ];
    expect(line(on, "activations")!).toBeLessThan(line(off, "activations")! / 5);
    expect(on.memory.map(({ what }) => what).sort()).toEqual(off.memory.map(({ what }) => what).sort());
    expect(line(on, "keys and values")).toBe(line(off, "keys and values"));
  });

  test("is reported where only the longest rollouts are too large for the device", async () => {
    const usual = await estimated("3B", { loraRank: 4 });
    expect(usual.mostBytes).toBeGreaterThanOrEqual(usual.usualBytes);
    expect(usual.mostProblem).toBe("");
    // Two answers of a picture as large as the prompt's, each, where usual ones have 64 tokens.
    const narrow = { maxStorageBufferBindingSize: 2 ** 28 };
    const found = await estimated("3B", { loraRank: 4, maxPromptTokens: 4096, responseTokens: 8192 }, "auto", narrow);
    expect(found.usualBytes).toBeGreaterThan(0);
    expect(found.mostBytes).toBeNull();
    expect(found.mostProblem).toMatch(/needs [\d.]+ [MG]iB/);
    expect(memoryLines(found).join("\n")).toContain("A step in which all rollouts are as long as the settings allow");
  });

  test("names the buffer that a device does not allow, before anything is allocated", async () => {
    await expect(estimated("3B", { loraRank: 4 }, "f32", { maxBufferSize: 2 ** 20 })).rejects.toThrow(
      /needs [\d.]+ [MG]iB, this device allows 1 MiB in a buffer/,
    );
  });
});

test("pictures of many groups go through an update in parts that a kernel may see", async () => {
  const [config, preprocessor] = ["config.json", "preprocessor_config.json"].map((name) => {
    const { bytes } = tinyQwenFiles(tokenizerJson).find((file) => file.name === name)!;
    return JSON.parse(new TextDecoder().decode(bytes));
  });
  const described = {
    config: readConfig(config, preprocessor),
    formOf: (parameter: ParameterShape) => formOf(parameter, "auto", "F32"),
  };
  // 16 groups, each of a photograph and eight crops: 270 MB of pixels in all.
  const run = resolveConfig({ data: "rows.jsonl", loraRank: 4 });
  const limits = { maxStorageBufferBindingSize: 2 ** 27 };
  const found = await estimate(run, described, readPreprocessor(preprocessor), { limits });
  expect(found.usualBytes).toBeGreaterThan(0);
});

test("a run whose buffers a device does not allow is refused before anything is loaded", async () => {
  const { model, sizes } = published("3B");
  const described = { config: model, formOf: (parameter: ParameterShape) => formOf(parameter, "auto", "BF16") };
  const config = resolveConfig({ ...few, loraRank: 4, tasksPerStep: 8, rolloutsPerTask: 16 });
  const within = (limits: object) => expectFits(config, described, sizes, { limits });
  await within({});
  await expect(within({ maxStorageBufferBindingSize: 2 ** 26 })).rejects.toThrow(
    /needs [\d.]+ [MG]iB in one buffer, this device lets a kernel see 64 MiB \(.*\); take fewer rollouts/,
  );
  // Nothing is made of what is small.
  const needle = await describedModel(resolveConfig({}), platform);
  await expectFits(resolveConfig({}), needle.sizes, needle.preprocessor, { limits: { maxBufferSize: 256 } });
});

test("calls that are sampled again are counted at their most", () => {
  const { model, sizes } = published("3B");
  const of = (changes: Partial<RunConfig>) => {
    const config = resolveConfig({ tasksPerStep: 4, rolloutsPerTask: 8, ...changes });
    return assumedStep(config, model, sizes).tasks.map(({ continuations }) => continuations!.length);
  };
  expect(of({})).toEqual([0, 0, 0, 0]);
  // A quarter of 32 rollouts is two sets of four.
  expect(of({ resampledCalls: 4 })).toEqual([4, 4, 0, 0]);
  expect(of({ resampledCalls: 4, resampledShare: 2 })).toEqual([16, 16, 16, 16]);
});

test("time follows operations, and a token takes no less than reading the weights", async () => {
  const small = await estimated("3B", { tasksPerStep: 2, loraRank: 4 });
  const twice = await estimated("3B", { tasksPerStep: 4, loraRank: 4 });
  expect(twice.flops.forward).toBeCloseTo(2 * small.flops.forward, -6);
  expect(secondsOfStep(twice, h200).update).toBeCloseTo(2 * secondsOfStep(small, h200).update, 3);
  expect(secondsOfStep(small, h200).roll).toBeGreaterThan(220 * ((2 * small.parameters) / h200.bytesPerSecond));
  // Nearly all of a forward pass is two operations for each weight and row.
  const rows = 2 * (small.usual.promptTokens + 2 * (small.usual.modelTokens + small.usual.observationTokens));
  expect(small.flops.forward).toBeGreaterThan(2 * 2.77e9 * rows);
  expect(small.flops.forward).toBeLessThan(2 * 2 * 3.75e9 * rows);
});

describe("dry run", () => {
  async function run(changes: Partial<RunConfig>, limit: number | null, memoryGib?: number, name = "A card") {
    const lines: string[] = [];
    const limits = { maxBufferSize: limit, maxStorageBufferBindingSize: limit };
    const adapter = { limits, info: { description: name, vendor: "", device: "" } };
    const context = {
      terminal: { print: (text: string) => lines.push(text), progress: () => {} },
      openPlatform: async () => ({
        ...platform,
        gpu: limit === null ? null : ({ requestAdapter: async () => adapter } as unknown as GPU),
        gpuMissing: "No GPU found; install one",
      }),
    };
    await dryRun(resolveConfig(changes), context, memoryGib);
    return lines.join("\n");
  }
  const lora3B = { ...few, model: "Qwen/Qwen2.5-VL-3B-Instruct@main", loraRank: 8 };

  test("of the shipped model needs no GPU, and counts its own scenes", async () => {
    const text = await run({ learningRate: 1e-5, tasksPerStep: 2 }, null);
    expect(text).toContain("Preset needle, changed: tasksPerStep 2 (was 16), learningRate 0.00001 (was 0.0002)");
    expect(text).toContain("Parameters: 1,436,160, all trained");
    expect(text).toContain("This machine: No GPU found; install one");
    expect(text).toContain("a scene: 28 tokens of prompt, 64 patches, 23 tokens written");
    expect(text).toMatch(/It fits where 0\.0\d+ GiB are free on the card/);
    expect(text).toMatch(/Time, an estimate.*for 100 steps on an NVIDIA H200/);
  });

  test("of a published model that is not here goes by the table", async () => {
    const text = await run(lora3B, 2 * gib - 4, 24);
    expect(text).toContain("sizes are as published in 2025");
    expect(text).toMatch(/It fits: [\d.]+ of 24\.0 GiB/);
  });

  test("says what to change where the card has less", async () => {
    const text = await run({ ...lora3B, rolloutsPerTask: 16, gradientCheckpointing: "off" }, 2 * gib - 4, 16);
    expect(text).toMatch(/It does not fit: [\d.]+ GiB, the card has 16\.0/);
    expect(text).toMatch(/--gradient-checkpointing on: [\d.]+ GiB/);
    expect(text).not.toContain("none of these is enough");
  });

  test("says that nothing helps", async () => {
    const text = await run(lora3B, 2 * gib - 4, 2);
    expect(text).toContain("none of these is enough; take a smaller model");
  });

  test("for a card is made on a machine that has none", async () => {
    const text = await run(lora3B, 2 ** 27, 24, "llvmpipe");
    expect(text).toContain("Counted for a graphics card that lets kernels see 2 GiB of a buffer");
    expect(text).toMatch(/It fits: [\d.]+ of 24\.0 GiB/);
  });

  test("of weights that cannot be trained asks for an adapter", async () => {
    const text = await run({ ...few, model: "Qwen/Qwen2.5-VL-7B-Instruct@main" }, 2 * gib - 4);
    expect(text).toContain(
      "It does not fit: model.language_model.embed_tokens.weight (152064, 3584) is larger than a kernel on this device may see",
    );
    expect(text).toMatch(/--lora-rank 16: [\d.]+ GiB/);
  });

  test("of weights in a form that is not trained says so, as the run would", async () => {
    await expect(run({ baseDtype: "int4" }, null)).rejects.toThrow(
      "set loraRank to train an adapter on weights in int4",
    );
  });

  test("of an unknown model is an error", async () => {
    await expect(run({ model: "nowhere" }, null)).rejects.toThrow(
      "Expected config.json and preprocessor_config.json of the model nowhere: nowhere/config.json is not there; check --model",
    );
  });
});
