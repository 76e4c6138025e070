import { afterAll, describe, expect, test } from "vitest";
import { referenceSettings } from "../../src/app/parity/check.ts";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { loadModel } from "../../src/model/load.ts";
import { type LoraAdapter, loadAdapter } from "../../src/model/lora.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { newLoraConfig, openAdapter, refillAdapter } from "../../src/train/adapter.ts";
import { type AdapterSettings, hasAdapter, sameAdapter } from "../../src/train/adapter_settings.ts";
import { checkpointFiles, readCheckpoint } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { exportOfCheckpoint } from "../../src/train/export.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { goldenFiles, goldenModel } from "../support/golden.ts";

const golden = await goldenModel("qwen3-plain");
golden.model.parameters.free();
// Under an adapter a model needs neither gradients nor moments.
const model = await loadModel(gpu, golden.files, { trained: false });
afterAll(() => model.parameters.free());

const config: AdapterSettings = {
  model: "some/model@v2",
  adapter: "",
  loraRank: 4,
  loraAlpha: 8,
  loraTargets: "q_proj, mlp.up_proj",
};
const peft = goldenFiles("qwen3-plain");
const peftFolder: CheckpointFiles = {
  read: (name, start, end) => peft.read(`adapter/${name}`, start, end),
  sizeBytes: (name) => peft.sizeBytes(`adapter/${name}`),
};
const filesOf = (files: readonly NamedBytes[]): CheckpointFiles => ({
  read: async (name, start, end) => files.find((f) => f.name === name)!.bytes.slice(start, end),
  sizeBytes: async (name) => files.find((f) => f.name === name)?.bytes.length ?? null,
});
const values = (adapter: LoraAdapter, part: "weight" | "m" | "v" = "weight") => adapter.parameters.read(part);
const free = (...adapters: (LoraAdapter | null)[]) => {
  for (const adapter of adapters) adapter?.parameters.free();
};

describe("the adapter that a run trains", () => {
  test("is new by the run's seed: A within PEFT's bound, B zero, on layers of the text model", async () => {
    const [a, b, other] = [
      await openAdapter(gpu, model, { ...config, seed: 3 }, null),
      await openAdapter(gpu, model, { ...config, seed: 3 }, null),
      await openAdapter(gpu, model, { ...config, seed: 4 }, null),
    ];
    const weights = await values(a!);
    expect([...weights.keys()]).toEqual(
      [0, 1].flatMap((layer) =>
        ["self_attn.q_proj", "mlp.up_proj"].flatMap((module) =>
          ["A", "B"].map((part) => `model.language_model.layers.${layer}.${module}.lora_${part}.weight`),
        ),
      ),
    );
    for (const [name, numbers] of weights) {
      const largest = Math.max(...numbers.map(Math.abs));
      if (name.endsWith("lora_B.weight")) expect(largest).toBe(0);
      else {
        expect(largest).toBeLessThanOrEqual(48 ** -0.5);
        expect(largest).toBeGreaterThan(0.95 * 48 ** -0.5);
        const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
        expect(Math.abs(mean)).toBeLessThan(0.03);
      }
    }
    expect(await values(b!)).toEqual(weights);
    expect(await values(other!)).not.toEqual(weights);
    free(a, b, other);
  });

  test("is the one that its folder holds", async () => {
    const from = { ...config, adapter: "some/folder", loraRank: 0 };
    const [opened, loaded] = [
      await openAdapter(gpu, model, { ...from, seed: 3 }, peftFolder),
      await loadAdapter(gpu, model.parameters, peftFolder, { trained: false }),
    ];
    expect(await values(opened!)).toEqual(await values(loaded));
    free(opened, loaded);
    await expect(openAdapter(gpu, model, { ...from, loraRank: 8, seed: 3 }, peftFolder)).rejects.toThrow(
      "loraRank is 8, the adapter in some/folder has rank 4; leave loraRank at 0 to go on from it, or adapter empty",
    );
    await expect(openAdapter(gpu, model, { ...from, seed: 3 }, null)).rejects.toThrow(
      "Expected the files of the adapter some/folder",
    );
  });

  test("is none where all weights are trained", async () => {
    expect(await openAdapter(gpu, model, { ...config, loraRank: 0, seed: 3 }, null)).toBeNull();
    expect([hasAdapter(resolveConfig({})), hasAdapter(config)]).toEqual([false, true]);
    expect(sameAdapter(config, { ...config })).toBe(true);
    expect(sameAdapter(config, { ...config, loraTargets: "all-linear" })).toBe(false);
  });

  test("is written down as PEFT does, with the model's name and revision", () => {
    expect(newLoraConfig(config).json).toMatchObject({
      peft_type: "LORA",
      base_model_name_or_path: "some/model",
      revision: "v2",
      r: 4,
      lora_alpha: 8,
      target_modules: ".*language_model.*\\.(q_proj|mlp\\.up_proj)",
    });
    expect(newLoraConfig({ ...config, model: "needle", loraTargets: " all-linear" }).json).toMatchObject({
      base_model_name_or_path: "needle",
      revision: null,
      target_modules: "all-linear",
    });
    for (const loraTargets of ["", "q_proj,.*", "a b"])
      expect(() => newLoraConfig({ ...config, loraTargets })).toThrow(
        "loraTargets must be names of layers such as q_proj,v_proj, or all-linear",
      );
  });
});

const ids = golden.inputs.integers("input_ids");
const group: PackedGroup = {
  prefix: { tokens: [], images: [] },
  sequences: [
    {
      tokens: ids,
      images: golden.images,
      targets: ids.slice(1).map((token, at) => ({ at, token, weight: 1 / (ids.length - 1) })),
    },
  ],
};
const settings: UpdateSettings = {
  ...referenceSettings,
  learningRate: 1e-2,
  beta1: 0.9,
  weightDecay: 0.1,
  maxGradNorm: 1,
};

/** Updates of an adapter from where it and its optimizer are. */
async function train(adapter: LoraAdapter, updates: number, made = 0): Promise<number> {
  model.adapter = adapter;
  const learner = new Learner(gpu, model, "nll");
  for (let i = 0; i < updates; i++) await learner.update([group], settings, { updatesBefore: made + i });
  learner.free();
  model.adapter = null;
  return made + updates;
}
const run = resolveConfig({ ...config, steps: 4 });
async function checkpointOf(adapter: LoraAdapter, updates: number) {
  const named = async (part: "weight" | "m" | "v") => {
    const all = await values(adapter, part);
    return adapter.parameters.shapes.map(({ name, shape }) => ({ name, shape, values: all.get(name)! }));
  };
  const optimizer = { step: updates, m: await named("m"), v: await named("v") };
  return checkpointFiles({
    step: 2,
    config: run,
    weights: await named("weight"),
    optimizer,
    adapter: adapter.config.json,
  });
}
const shapesOf = (adapter: LoraAdapter) =>
  new Map(adapter.parameters.shapes.map(({ name, shape }) => [name, shape] as const));

describe("a run of an adapter", () => {
  test("that was interrupted continues to the same bits", async () => {
    const before = await model.parameters.read();
    const whole = (await openAdapter(gpu, model, { ...config, seed: 3 }, null))!;
    await train(whole, 4);

    const first = (await openAdapter(gpu, model, { ...config, seed: 3 }, null))!;
    const files = await checkpointOf(first, await train(first, 2));
    expect(files.map(({ name }) => name)).toEqual([
      "adapter_model.safetensors",
      "adapter_config.json",
      "optimizer.safetensors",
      "trainer_state.json",
    ]);
    const again = (await openAdapter(gpu, model, { ...config, seed: 99 }, null))!;
    const checkpoint = await readCheckpoint(files, shapesOf(again), again.config.json);
    expect(checkpoint).toMatchObject({ step: 2, optimizer: { step: 2 } });
    for (const { name, values: numbers } of checkpoint.weights) again.parameters.set(name, numbers);
    for (const part of ["m", "v"] as const)
      for (const { name, values: numbers } of checkpoint.optimizer[part]) again.parameters.set(name, numbers, part);
    await train(again, 2, checkpoint.optimizer.step);

    for (const part of ["weight", "m", "v"] as const)
      expect(await values(again, part)).toEqual(await values(whole, part));
    expect(await values(whole)).not.toEqual(await values(first));
    expect(await model.parameters.read()).toEqual(before);
    free(whole, first, again);
  });

  test("begins anew in place, from its seed or its folder", async () => {
    for (const [knobs, files] of [
      [config, null],
      [{ ...config, adapter: "folder", loraRank: 0 }, peftFolder],
    ] as [AdapterSettings, CheckpointFiles | null][]) {
      const adapter = (await openAdapter(gpu, model, { ...knobs, seed: 3 }, files))!;
      const fresh = await values(adapter);
      await train(adapter, 1);
      expect(await values(adapter)).not.toEqual(fresh);
      await refillAdapter(adapter, { ...knobs, seed: 3 }, files);
      expect(await values(adapter)).toEqual(fresh);
      for (const numbers of (await values(adapter, "m")).values())
        expect(numbers.every((value) => value === 0)).toBe(true);
      free(adapter);
    }
  });

  test("leaves a checkpoint that PEFT reads, and an export without the rest", async () => {
    const adapter = (await openAdapter(gpu, model, { ...config, seed: 3 }, null))!;
    await train(adapter, 1);
    for (const files of [await checkpointOf(adapter, 1), await adapter.files()]) {
      const again = await loadAdapter(gpu, model.parameters, filesOf(files), { trained: false });
      expect(await values(again)).toEqual(await values(adapter));
      free(again);
    }
    // Without the model: the same two files, byte for byte.
    const exported = await exportOfCheckpoint(await checkpointOf(adapter, 1), async () => null);
    expect(exported).toEqual({ step: 2, files: await adapter.files() });
    expect((await adapter.files()).map(({ name }) => name)).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
    ]);
    free(adapter);
  });

  test("is not taken for another", async () => {
    const adapter = (await openAdapter(gpu, model, { ...config, seed: 3 }, null))!;
    const files = await checkpointOf(adapter, 0);
    const shapes = shapesOf(adapter);
    await expect(readCheckpoint(files, shapes)).rejects.toThrow(
      "Expected a checkpoint of all weights, found one of an adapter; set loraRank or adapter as the run did",
    );
    const all = files.filter(({ name }) => !name.startsWith("adapter"));
    await expect(readCheckpoint(all, shapes, adapter.config.json)).rejects.toThrow(
      "Expected a checkpoint of an adapter, found one of all weights; set loraRank to 0",
    );
    const other = newLoraConfig({ ...config, loraAlpha: 16 }).json;
    await expect(readCheckpoint(files, shapes, other)).rejects.toThrow(
      "adapter_config.json: expected lora_alpha to be 16, found 8; the checkpoint belongs to another adapter",
    );
    free(adapter);
  });
});
