import { describe, expect, test } from "vitest";
import { dryRun } from "../../src/app/deno/dry_run.ts";
import { estimate } from "../../src/app/estimate.ts";
import { h100, secondsOfStep } from "../../src/app/step_time.ts";
import { readConfig } from "../../src/model/config.ts";
import { readPreprocessor } from "../../src/model/preprocessor.ts";
import { publishedFiles } from "../../src/model/published_sizes.ts";
import { activationBytes } from "../../src/model/walk_size.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { platform } from "../support/shipped.ts";

const gib = 2 ** 30;

function published(size: "3B" | "7B" | "32B") {
  const files = publishedFiles(`Qwen/Qwen2.5-VL-${size}-Instruct`)!;
  return { model: readConfig(files.config, files.preprocessor), sizes: readPreprocessor(files.preprocessor) };
}
function estimated(size: "3B" | "7B" | "32B", changes: Partial<RunConfig>) {
  const { model, sizes } = published(size);
  return estimate(resolveConfig(changes), model, sizes);
}
const line = ({ memory }: ReturnType<typeof estimate>, what: string) =>
  memory.find((row) => row.what.includes(what))?.usualBytes;

describe("sizes", () => {
  // Half of total_size in the published model.safetensors.index.json, which is in bf16.
  test.each([
    ["3B", 3_754_622_976],
    ["7B", 8_292_166_656],
    ["32B", 33_452_718_336],
  ] as const)("of Qwen2.5-VL-%s add up to its parameters", (size, parameters) => {
    expect(estimated(size, { preset: "verl-7b" }).parameters).toBe(parameters);
  });

  test("of the shipped model add up to its weights", async () => {
    const json = async (name: string) =>
      JSON.parse(new TextDecoder().decode(await platform.readAsset(`needle/${name}`)));
    const preprocessor = await json("preprocessor_config.json");
    const model = readConfig(await json("config.json"), preprocessor);
    expect(estimate(resolveConfig({}), model, readPreprocessor(preprocessor)).parameters).toBe(1_436_160);
  });
});

describe("memory", () => {
  test("of full training is sixteen bytes a parameter", () => {
    const found = estimated("3B", { preset: "verl-7b" });
    expect(line(found, "weights")).toBe(4 * found.parameters);
    expect(line(found, "gradients")).toBe(4 * found.parameters);
    expect(line(found, "moments")).toBe(8 * found.parameters);
    expect(line(found, "reference")).toBeUndefined();
    expect(found.usualBytes).toBe(found.memory.reduce((sum, { usualBytes }) => sum + usualBytes, 0));
  });

  test("of an adapter is that of its own weights beside the frozen ones", () => {
    const found = estimated("3B", { preset: "verl-7b", loraRank: 16, loraTargets: "q_proj,v_proj" });
    // Rank times both sides of q (2,048 to 2,048) and v (2,048 to 256), in 36 layers.
    expect(found.trainedParameters).toBe(36 * 16 * (2048 + 2048 + 2048 + 256));
    expect(line(found, "moments")).toBe(8 * found.trainedParameters);
    expect(line(found, "weights")).toBe(4 * found.parameters);
  });

  test("has the reference model wherever a KL is on", () => {
    for (const kl of [{ klLossCoef: 0.01 }, { klRewardCoef: 0.01 }]) {
      const found = estimated("3B", { preset: "verl-7b", ...kl });
      expect(line(found, "reference")).toBe(4 * found.parameters);
      expect(found.flops.reference).toBeGreaterThan(0);
    }
  });

  test("of keys and values has room for the longest response of every rollout", () => {
    const found = estimated("7B", { preset: "verl-7b" });
    const rows = 1 + 128 * found.usual.promptTokens + 128 * 8 * 16_384;
    expect(line(found, "keys and values")).toBe(rows * 28 * 2 * 4 * 128 * 4);
    const short = estimated("7B", { preset: "verl-7b", responseTokens: 1024 });
    expect(line(short, "keys and values")!).toBeLessThan(line(found, "keys and values")! / 8);
  });

  test("of a walk is the learner's own formula, for a group at least", () => {
    const { model } = published("7B");
    const found = estimated("7B", { preset: "verl-7b" });
    const { promptTokens, promptPatches, modelTokens, observationTokens, observationPatches } = found.usual;
    expect(line(found, "activations")).toBe(
      activationBytes(
        model,
        promptTokens + 8 * (modelTokens + observationTokens),
        promptPatches + 8 * observationPatches,
      ),
    );
  });
});

test("time follows operations, and a token takes no less than reading the weights", () => {
  const small = estimated("3B", { preset: "verl-7b", tasksPerStep: 8 });
  const twice = estimated("3B", { preset: "verl-7b", tasksPerStep: 16 });
  expect(twice.flops.forward).toBeCloseTo(2 * small.flops.forward, -6);
  expect(secondsOfStep(twice, h100).update).toBeCloseTo(2 * secondsOfStep(small, h100).update, 3);
  expect(secondsOfStep(small, h100).roll).toBeGreaterThan(220 * ((4 * small.parameters) / h100.bytesPerSecond));
  // Nearly all of a forward walk is two operations for each weight and row.
  const rows = 8 * (small.usual.promptTokens + 8 * (small.usual.modelTokens + small.usual.observationTokens));
  expect(small.flops.forward).toBeGreaterThan(2 * 2.77e9 * rows);
  expect(small.flops.forward).toBeLessThan(2 * 2 * 3.75e9 * rows);
});

describe("dry run", () => {
  async function run(changes: Partial<RunConfig>, limit: number | null): Promise<string[]> {
    const lines: string[] = [];
    const limits = { maxBufferSize: limit, maxStorageBufferBindingSize: limit };
    const adapter = { limits, info: { description: "A card", vendor: "", device: "" } };
    await dryRun(resolveConfig(changes), {
      terminal: { print: (text) => lines.push(text), progress: () => {} },
      openPlatform: async () => ({
        ...platform,
        gpu: limit === null ? null : ({ requestAdapter: async () => adapter } as unknown as GPU),
        gpuMissing: "No GPU found; install one",
      }),
    });
    return lines;
  }

  test("of the shipped model needs no GPU", async () => {
    const lines = await run({ learningRate: 1e-5 }, null);
    expect(lines[0]).toBe("Preset needle, changed: learningRate 0.00001 (was 0.0002)");
    expect(lines).toContain("Parameters: 1,436,160, all trained");
    expect(lines).toContain("This machine: No GPU found; install one");
    expect(lines.find((text) => text.startsWith("Time, an estimate"))).toContain("for 100 steps on an NVIDIA H100");
  });

  test("of a published model that is not here goes by the table, and says what must change", async () => {
    const lines = await run({ preset: "verl-7b", model: "Qwen/Qwen2.5-VL-3B-Instruct@main" }, 2 * gib - 4);
    expect(lines.join("\n")).toContain("sizes are as published in 2025");
    expect(lines.join("\n")).toMatch(/Does not fit: the keys of a layer, [\d.]+ GiB, where 2.0 may be bound/);
    expect(lines.join("\n")).toMatch(/remedy: --tasks-per-roll \d+/);
    expect(lines.join("\n")).toContain("--lora-rank 16: ");
  });

  test("of a weight that cannot be bound asks for a smaller model", async () => {
    const lines = await run({ preset: "verl-7b" }, 2 * gib - 4);
    expect(lines.join("\n")).toContain("Does not fit: the weight model.language_model.embed_tokens.weight, 2.0 GiB");
    expect(lines.join("\n")).toContain("remedy: a smaller model");
  });

  test("of a model that nobody knows is an error", async () => {
    await expect(run({ model: "nowhere" }, null)).rejects.toThrow(
      "Expected config.json and preprocessor_config.json of the model nowhere: nowhere/config.json is not there; check --model",
    );
  });
});
