import { expect, test } from "vitest";
import { simulateStep } from "../../../src/app/memory/simulated_step.ts";
import { countingGpu } from "../../../src/gpu/counting_device.ts";
import type { BaseDtype } from "../../../src/model/base_dtype.ts";
import { readConfig } from "../../../src/model/families/read_files.ts";
import { modelShapes, publishedFiles } from "../../../src/model/families/table.ts";
import type { Json } from "../../../src/model/json_file.ts";
import { formOf } from "../../../src/model/weight_form.ts";
import { resolveConfig } from "../../../src/train/config.ts";

const qwen3 = publishedFiles("Qwen/Qwen3-VL-2B-Instruct")!;
const qwen25 = (size: "3B" | "7B") => publishedFiles(`Qwen/Qwen2.5-VL-${size}-Instruct`)!;

interface Workload {
  base: BaseDtype;
  rollouts: number;
  tokens: number;
  sidePx: number;
  text: number;
}

/** The peak of a LoRA step (rank 16, all linear layers of the text) on one group, GB of 10^9 bytes. */
async function peak(files: { config: Json; preprocessor: Json }, of: Workload, matrixUnits: "off" | "on" = "off") {
  const config = readConfig(files.config, files.preprocessor);
  const run = resolveConfig({
    preset: "verl-7b",
    loraRank: 16,
    tasksPerStep: 1,
    rolloutsPerTask: of.rollouts,
    matrixUnits,
  });
  const gpu = countingGpu({}, { matrixUnits: matrixUnits === "on" });
  const rollouts = Array.from({ length: of.rollouts }, () => ({ turns: [of.tokens], answers: [] }));
  const prompt = { textTokens: of.text, pictures: [{ width: of.sidePx, height: of.sidePx }] };
  await simulateStep(
    gpu,
    run,
    { config, formOf: (parameter) => formOf(parameter, of.base, "BF16") },
    { tasks: [{ prompt, rollouts }], capacityTokens: of.tokens },
  );
  const { bytes, uses } = gpu.pool.peak;
  return { all: bytes / 1e9, aboveWeights: (bytes - uses.get("weights")!) / 1e9, uses };
}

test("sizes of Qwen3-VL-2B add up to its published parameters", () => {
  const shapes = modelShapes(readConfig(qwen3.config, qwen3.preprocessor));
  expect(shapes.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(2_127_532_032);
});

test("a LoRA step of the 3B shape on 16 x 256 tokens takes at most 3.5 GB above the weights", async () => {
  const found = await peak(qwen25("3B"), { base: "f32", rollouts: 16, tokens: 256, sidePx: 896, text: 276 });
  expect(found.aboveWeights).toBeLessThan(3.5);
});

test("on matrix units rows in halves are counted, and take at most a quarter more", async () => {
  const of = { base: "bf16", rollouts: 16, tokens: 256, sidePx: 896, text: 276 } as const;
  const [exact, halved] = await Promise.all((["off", "on"] as const).map((units) => peak(qwen25("3B"), of, units)));
  expect(halved!.aboveWeights).toBeGreaterThan(exact!.aboveWeights);
  expect(halved!.aboveWeights).toBeLessThan(1.25 * exact!.aboveWeights);
  expect(halved!.uses.get("weights")).toBe(exact!.uses.get("weights"));
});

const megapixel = { rollouts: 8, tokens: 128, text: 276 };
test.each([
  ["Qwen3-VL-2B", "int4", 8],
  ["Qwen3-VL-2B", "bf16", 12],
  ["Qwen2.5-VL-7B", "int4", 16],
] as const)("%s on a base in %s and a picture of a megapixel stays below %d GB", async (name, base, mostGb) => {
  const isQwen3 = name === "Qwen3-VL-2B";
  const found = await peak(isQwen3 ? qwen3 : qwen25("7B"), { ...megapixel, base, sidePx: isQwen3 ? 1024 : 1008 });
  expect(found.all).toBeLessThan(mostGb);
});

test("activations of a step grow as the patches of its picture do, whatever the number of layers", async () => {
  const gpus = await Promise.all(
    [896, 1792].map((sidePx) => peak(qwen25("3B"), { base: "bf16", rollouts: 2, tokens: 8, sidePx, text: 64 })),
  );
  const [small, large] = gpus.map(({ uses }) => uses.get("activations")! / 1e9) as [number, number];
  expect(small).toBeLessThan(0.65);
  expect(large).toBeLessThan(4 * small);
});
