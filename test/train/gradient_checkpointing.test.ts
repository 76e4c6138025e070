import { describe, expect, test } from "vitest";
import { LoraAdapter } from "../../src/model/lora.ts";
import { Random } from "../../src/tasks/random.ts";
import { newLoraConfig } from "../../src/train/adapter.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { Learner } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { checkpointingChoices } from "../../src/train/pass.ts";
import { updateSettings } from "../../src/train/update.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

const config = resolveConfig({ learningRate: 1e-2 });

/** A prompt with a picture, and three rollouts of one turn. */
function groupOf({ model, images }: Awaited<ReturnType<typeof goldenModel>>): PackedGroup {
  const { imageTokenId, vision } = model.config;
  const text = (seed: number, count: number) =>
    Array.from({ length: count }, (_, i) => 10 + ((seed * 31 + i * 7) % 80));
  const image = images[0]!;
  const picture = new Array<number>((image.grid.h * image.grid.w) / vision.spatialMergeSize ** 2).fill(imageTokenId);
  return {
    prefix: { tokens: [...text(1, 5), ...picture, ...text(2, 4)], images: [image] },
    sequences: [9, 6, 4].map((length, i) => ({
      tokens: text(10 + i, length),
      images: [],
      targets: text(10 + i, length).map((token, at) => ({
        at: at - 1,
        token,
        weight: 0.05,
        oldLogprob: -4.5,
        advantage: [1.2, -0.7, -0.5][i]!,
      })),
    })),
  };
}

describe.each(["qwen25-window", "qwen3-deepstack"])("%s", (folder) => {
  test.each([
    ["all weights", ""],
    ["an adapter on the language model", "q_proj,v_proj,down_proj"],
    ["an adapter on all layers", "all-linear"],
  ])("%s: the same bits with checkpointing and without", async (_, loraTargets) => {
    const golden = await goldenModel(folder);
    const { model } = golden;
    if (loraTargets) {
      const lora = newLoraConfig({ model: "", loraRank: 4, loraAlpha: 8, loraTargets });
      model.adapter = new LoraAdapter(gpu, model.parameters, lora, { trained: true });
      const random = new Random(1, [2]);
      for (const { name, shape } of model.adapter.parameters.shapes) {
        const values = Float32Array.from({ length: shape[0]! * shape[1]! }, () => 0.2 * random.normal());
        model.adapter.parameters.set(name, values);
      }
    }
    const before = await model.trained.read();
    const found: unknown[] = [];
    for (const choice of checkpointingChoices) {
      for (const [name, values] of before) model.trained.set(name, values);
      model.trained.resetOptimizer();
      const learner = new Learner(gpu, model, "policy");
      const settings = { ...updateSettings(config, 0, []), gradientCheckpointing: choice };
      const result = await learner.update([groupOf(golden)], settings, { updatesBefore: 0 });
      found.push({ result, after: await model.trained.read(), moments: await model.trained.read("m") });
      expect(await model.trained.read()).not.toEqual(before);
      learner.free();
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  });
});
