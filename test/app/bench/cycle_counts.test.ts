import { readFileSync, statSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type CyclePass, cycleCounts } from "../../../src/app/bench/cycle_counts.ts";
import { describedModel } from "../../../src/app/memory/model_sizes.ts";
import { countingGpu } from "../../../src/gpu/counting_device.ts";
import { buildModel } from "../../../src/model/model.ts";
import type { Platform } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { Learner } from "../../../src/train/learner.ts";
import type { PackedGroup } from "../../../src/train/pack.ts";
import { updateSettings } from "../../../src/train/update.ts";

const shipped = new URL("../../../public/", import.meta.url);
const platform: Platform = {
  name: "deno",
  gpu: null,
  gpuMissing: "nothing is computed here",
  assetSize: async (path) => statSync(new URL(path, shipped), { throwIfNoEntry: false })?.size ?? null,
  readAsset: async (path, start = 0, end) => new Uint8Array(readFileSync(new URL(path, shipped))).subarray(start, end),
  list: async () => null,
  addressOf: () => null,
};
const config = resolveConfig({ preset: "needle" });

describe("dispatches of a step of needle, 16 x 8", () => {
  let passes: CyclePass[];
  beforeAll(async () => {
    passes = await cycleCounts(platform);
  });
  const of = (name: string) => passes.find(({ pass }) => pass === name)!;

  // The goals are 36 for a token and 150 for an update. A run of tokens takes as many as one.
  test.each([
    ["decode", 2],
    ["prefill", 72],
    ["update", 149],
    ["optimizer", 3],
  ])("%s: %i; lower it with every dispatch that is saved", (pass, most) => {
    expect(of(pass).dispatches).toBe(most);
    const ofKernels = Object.values(of(pass).kernels).reduce((a, b) => a + b, 0);
    expect(ofKernels).toBe(most);
  });

  test("partial sums of all weights are added up in few dispatches", () => {
    expect(of("update").kernels["partials.add_all"]).toBeLessThanOrEqual(3);
    expect(of("update").kernels["partials.add_many"]).toBeUndefined();
  });
});

/** A group of 8 rollouts of needle's usual lengths, of which some zoom: a crop of 64 patches and an answer follow. */
function groupOf(zooms: number, imageTokenId: number): PackedGroup {
  const image = {
    pixels: { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) },
    grid: { t: 1, h: 8, w: 8 },
  };
  const targets = (count: number, from: number) =>
    Array.from({ length: count }, (_, i) => ({ at: from + i - 1, token: 1, weight: 1, oldLogprob: 0, advantage: 1 }));
  const shown = new Array<number>(16).fill(imageTokenId);
  return {
    prefix: { tokens: [...new Array<number>(12).fill(1), ...shown], images: [image] },
    sequences: Array.from({ length: 8 }, (_, i) =>
      i < zooms
        ? {
            tokens: [...new Array<number>(16).fill(1), ...shown, ...new Array<number>(11).fill(1)],
            images: [image],
            targets: [...targets(16, 0), ...targets(4, 39)],
          }
        : { tokens: new Array<number>(4).fill(1), images: [], targets: targets(4, 0) },
    ),
  };
}

test("40 steps, through which more and more rollouts zoom, record each size of an update once", async () => {
  const { sizes } = await describedModel(config, platform, { mayFetch: false });
  const gpu = countingGpu();
  const model = buildModel(gpu, sizes.config, { trained: true, formOf: sizes.formOf });
  const learner = new Learner(gpu, model, "policy");
  const runs: string[] = [];
  gpu.beforeRun = ({ name }) => {
    if (name.startsWith("update")) runs.push(name);
  };
  // As in the recorded run: from a third of the rollouts to nearly all, up and down from step to step.
  const zoomsAt = (step: number) => Math.min(8, 3 + step / 4 + [0, 0.4, -0.3, 0.2][step % 4]!);
  for (let step = 0; step < 40; step++) {
    const groups = Array.from({ length: 16 }, (_, task) =>
      groupOf(Math.floor(zoomsAt(step) + task / 16), sizes.config.imageTokenId),
    );
    await learner.update(groups, updateSettings(config, step, []), { updatesBefore: step });
  }
  expect(runs).toHaveLength(40);
  expect(learner.recordedPasses).toBe(new Set(runs).size);
  expect(learner.recordedPasses).toBeLessThanOrEqual(16);
  learner.free();
});
