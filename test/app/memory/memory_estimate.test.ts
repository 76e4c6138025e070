import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { estimate } from "../../../src/app/memory/estimate.ts";
import { knownTasks } from "../../../src/app/memory/known_tasks.ts";
import { describedModel } from "../../../src/app/memory/model_sizes.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { writePng } from "../../../src/image/write_png.ts";
import type { Platform } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { modelTokens } from "../../../src/train/trained_tokens.ts";
import tokenizerJson from "../../golden/tokenizer-needle.json" with { type: "json" };
import { gpu } from "../../support/device.ts";
import { platform as shipped } from "../../support/shipped.ts";
import { tinyQwenFiles } from "../../support/tiny_qwen.ts";

/** The peak of a run of one step, what its rollouts wrote, and what was estimated before by the lengths of those. */
async function measured(config: RunConfig, platform: Platform) {
  const session = await openGpuSession(platform, config);
  const rollouts: Rollout[] = [];
  for await (const event of session.train()) if (event.type === "group") rollouts.push(...event.rollouts);
  const peak = session.peakMemory!;
  session.close();
  const mean = (of: (rollout: Rollout) => number) => rollouts.reduce((n, one) => n + of(one), 0) / rollouts.length;
  const response = { modelTokens: mean(modelTokens), calls: mean(({ calls }) => calls.length) };
  const described = await describedModel(config, platform);
  const known = await knownTasks(config, platform, described);
  const options = { known, limits: gpu.device.limits, software: gpu.software };
  const of = (more = {}) => estimate(config, described.sizes, described.preprocessor, { ...options, ...more });
  return { peak, response, known, informed: await of({ response }), blind: await of() };
}

describe("the estimate lies within a tenth of what a step takes", () => {
  test.each([
    ["all weights of the shipped model", {}],
    ["an adapter on it", { loraRank: 8 }],
    ["with a KL to a second model", { klLossCoef: 0.01 }],
  ])("%s", async (_, changes) => {
    const config = resolveConfig({ steps: 1, tasksPerStep: 1, rolloutsPerTask: 4, seed: 3, ...changes });
    const { peak, informed, blind, known } = await measured(config, shipped);
    expect(known!.prompts[0]).toEqual({ textTokens: 12, pictures: [{ width: 64, height: 64 }] });
    expect(informed.usualBytes / peak.bytes).toBeGreaterThan(0.9);
    expect(informed.usualBytes / peak.bytes).toBeLessThan(1.1);
    for (const use of ["weights", "gradients", "AdamW's two moments", "keys and values"])
      expect(informed.memory.find(({ what }) => what === use)!.usualBytes, use).toBe(peak.uses.get(use));
    // Once all rollouts zoom a step takes more.
    expect(blind.usualBytes).toBeGreaterThan(informed.usualBytes);
  });

  test("a tiny Qwen2.5-VL over pictures of several sizes", async () => {
    const files = new Map(tinyQwenFiles(tokenizerJson).map(({ name, bytes }) => [`tiny/${name}`, bytes]));
    const sizes = [
      [200, 120],
      [90, 300],
      [333, 333],
      [64, 48],
    ] as const;
    const rows = await Promise.all(
      sizes.map(async ([width, height], i) => {
        files.set(`data/${i}.png`, await writePng({ width, height, data: new Uint8Array(width * height * 3) }));
        return JSON.stringify({ image: `${i}.png`, question: "What is it?", answer: String(i) });
      }),
    );
    files.set("data/rows.jsonl", new TextEncoder().encode(rows.join("\n")));
    const platform: Platform = {
      ...shipped,
      assetSize: async (path) => files.get(path)?.length ?? null,
      readAsset: async (path, start = 0, end) => files.get(path)!.slice(start, end),
    };
    const config = resolveConfig({
      model: "tiny",
      data: "data/rows.jsonl",
      steps: 1,
      tasksPerStep: 4,
      rolloutsPerTask: 4,
      firstTurnTokens: 24,
      heldOutRows: 0,
    });
    const { peak, informed, blind, known, response } = await measured(config, platform);
    expect(new Set(known!.prompts.map(({ pictures }) => pictures[0]!.width)).size).toBe(4);
    expect(informed.usualBytes / peak.bytes).toBeGreaterThan(0.9);
    expect(informed.usualBytes / peak.bytes).toBeLessThan(1.1);
    // Random weights call no tool, whose pictures would be most of it here.
    expect(response.calls).toBeLessThan(0.1);
    expect(blind.usualBytes).toBeGreaterThan(informed.usualBytes);
  });
});
