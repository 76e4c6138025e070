import { describe, expect, test } from "vitest";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { loadModel } from "../../src/model/load.ts";
import { visionPrefix } from "../../src/model/names.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { Metrics, TrainEvent } from "../../src/train/events.ts";
import { expectFreezable, frozenWeights } from "../../src/train/frozen_weights.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { Learner } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { updateSettings } from "../../src/train/update.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";
import { platform } from "../support/shipped.ts";

type Freeze = RunConfig["freeze"];
// Not clipped: the norm is over what is trained, so that it differs.
const config = resolveConfig({ learningRate: 1e-2, maxGradNorm: 0, weightDecay: 0.1 });
const isVision = (name: string) => name.startsWith(visionPrefix);
const text = (seed: number, count: number) => Array.from({ length: count }, (_, i) => 10 + ((seed * 31 + i * 7) % 80));
const target = (token: number, at: number) => ({ at: at - 1, token, weight: 0.05, oldLogprob: -4.5, advantage: 1.2 });

async function trainedModel(folder: string, freeze: Freeze, withPicture = true) {
  const { files, images, model: whole } = await goldenModel(folder);
  whole.parameters.free();
  const model = await loadModel(gpu, files, { trained: true, isFrozen: frozenWeights({ freeze }) });
  const image = images[0]!;
  const { imageTokenId, vision } = model.config;
  const picture = new Array<number>((image.grid.h * image.grid.w) / vision.spatialMergeSize ** 2).fill(imageTokenId);
  const tokens = text(10, 9);
  const group: PackedGroup = {
    prefix: { tokens: [...text(1, 5), ...(withPicture ? picture : [])], images: withPicture ? [image] : [] },
    sequences: [{ tokens, images: [], targets: tokens.map(target) }],
  };
  return { model, group };
}

async function updated(folder: string, freeze: Freeze, { withPicture = true, weightDecay = config.weightDecay } = {}) {
  const { model, group } = await trainedModel(folder, freeze, withPicture);
  const learner = new Learner(gpu, model, "policy");
  const before = await model.trained.read();
  const results = [];
  for (let updatesBefore = 0; updatesBefore < 2; updatesBefore++)
    results.push(await learner.update([group], updateSettings({ ...config, weightDecay }, 9, []), { updatesBefore }));
  const found = { before, after: await model.trained.read(), moments: await model.trained.read("m"), results };
  learner.free();
  model.parameters.free();
  return found;
}

describe.each(["qwen25-window", "qwen3-deepstack"])("%s", (folder) => {
  test.each(["vision", "text"] as const)(
    "with %s frozen, the others learn as they would, bit for bit",
    async (freeze) => {
      const whole = await updated(folder, "none");
      const part = await updated(folder, freeze);
      // The first update changes all weights of the one and some of the other, so that only this one is compared.
      expect(part.results[0]!.logprobs).toEqual(whole.results[0]!.logprobs);
      expect(part.before).toEqual(whole.before);
      for (const [name, values] of part.after)
        expect(
          values.every((value, i) => value === part.before.get(name)![i]),
          name,
        ).toBe(isVision(name) === (freeze === "vision"));
      const learns = [...part.after.keys()].filter((name) => isVision(name) !== (freeze === "vision"));
      expect([...part.moments.keys()]).toEqual(learns);
      expect(part.results[1]!.logprobs).not.toEqual(part.results[0]!.logprobs);
    },
  );

  test.each(["vision", "text"] as const)(
    "with %s frozen, the first update of the others is that of all weights",
    async (freeze) => {
      const first = async (one: Freeze) => {
        const { model, group } = await trainedModel(folder, one);
        const learner = new Learner(gpu, model, "policy");
        await learner.update([group], updateSettings(config, 9, []), { updatesBefore: 0 });
        const found = { weights: await model.trained.read(), v: await model.trained.read("v") };
        learner.free();
        model.parameters.free();
        return found;
      };
      const [whole, part] = [await first("none"), await first(freeze)];
      for (const name of part.v.keys()) {
        expect(part.weights.get(name), name).toEqual(whole.weights.get(name));
        expect(part.v.get(name), name).toEqual(whole.v.get(name));
      }
    },
  );

  test("where the text is frozen and there is no picture, nothing can be learned, and nothing breaks", async () => {
    const { before, after, results } = await updated(folder, "text", { withPicture: false, weightDecay: 0 });
    expect(after).toEqual(before);
    expect(results.map(({ gradNorm }) => gradNorm)).toEqual([0, 0]);
  });
});

test("a run with a frozen tower and a falling rate goes on from its checkpoint with the same bits", async () => {
  const wanted = resolveConfig({
    seed: 5,
    steps: 3,
    tasksPerStep: 1,
    rolloutsPerTask: 4,
    learningRate: 1e-3,
    warmupSteps: 1,
    lrSchedule: "cosine",
    freeze: "vision",
  });
  const run = async (until: number, from?: NamedBytes[]) => {
    const session = await openGpuSession(platform, wanted);
    try {
      if (from) await session.restore(from);
      const groups: TrainEvent[] = [];
      const metrics: Metrics[] = [];
      for await (const event of session.train()) {
        if (event.type === "group") groups.push(event);
        if (event.type === "update") metrics.push(event.metrics);
        if (event.type === "update" && event.step === until) break;
      }
      const { files } = await session.checkpoint();
      return { groups, metrics, files };
    } finally {
      session.close();
    }
  };
  const whole = await run(3);
  const begun = await run(1);
  const rest = await run(3, begun.files);
  expect([...begun.groups, ...rest.groups]).toEqual(whole.groups);
  expect([...begun.metrics, ...rest.metrics]).toEqual(whole.metrics);
  expect(rest.files.map(({ name }) => name)).toEqual(whole.files.map(({ name }) => name));
  for (const [i, { name, bytes }] of rest.files.entries())
    expect(
      bytes.length === whole.files[i]!.bytes.length && bytes.every((byte, at) => byte === whole.files[i]!.bytes[at]),
      name,
    ).toBe(true);
  const rates = whole.metrics.map((metrics) => metrics.learning_rate);
  expect(rates[0]).toBe(1e-3);
  expect(rates[2]).toBeCloseTo(1e-3 * 0.5, 10);
}, 180_000);

test("an adapter has its own list of layers", () => {
  expect(() => expectFreezable(resolveConfig({ freeze: "vision" }))).not.toThrow();
  expect(() => expectFreezable(resolveConfig({ loraRank: 4 }))).not.toThrow();
  expect(() => expectFreezable(resolveConfig({ freeze: "text", loraRank: 4 }))).toThrow(
    /^freeze is text, but this run trains an adapter .* choose the adapter's layers by loraTargets$/,
  );
});
