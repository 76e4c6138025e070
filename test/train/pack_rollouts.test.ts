import { describe, expect, test } from "vitest";
import type { Rolled } from "../../src/agent/loop.ts";
import type { End, Rollout } from "../../src/agent/rollout.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { packAll, packOne, packRollouts } from "../../src/train/pack_rollouts.ts";
import { rollout } from "../support/rollouts.ts";

const shown: Pixels = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
const vision = { patchSize: 8, spatialMergeSize: 2 } as VisionConfig;
const model = (tokens: number[]) => ({
  source: "model" as const,
  tokens,
  logprobs: tokens.map((token) => -token / 10),
  entropies: tokens.map(() => 0.5),
  images: [],
});
const prompt = { source: "prompt" as const, tokens: [1, 2, 3], logprobs: [], entropies: [], images: [0] };
const tool = { source: "tool" as const, tokens: [7, 8, 9], logprobs: [], entropies: [], images: [1] };

const zoomed = rollout({ segments: [prompt, model([4, 5]), tool, model([6])], advantage: 1.5 });
const direct = rollout({ segments: [prompt, model([4])], advantage: -1.5 });
const unjudged = rollout({ segments: [prompt, model([4, 4, 4])], advantage: null });
const rolled: Rolled = {
  rollouts: [[zoomed, unjudged, direct]],
  promptImages: [[shown]],
  toolImages: [[[shown], [], []]],
};

/** The settings of a batch, those of a plain run but for `changes`. */
const batch = (changes: Partial<RunConfig> = {}) => resolveConfig(changes);
const weightsOf = (groups: readonly PackedGroup[]) =>
  groups.map(({ sequences }) => sequences.map(({ targets }) => targets.map(({ weight }) => weight)));

describe("packRollouts", () => {
  test("trains the model's own tokens, not the prompt's nor the tool's, and leaves out what nobody could judge", () => {
    const { miniBatches, leftOut } = packRollouts(rolled, batch(), vision);
    expect(miniBatches.map((groups) => groups.length)).toEqual([1]);
    expect(leftOut).toEqual({});
    const [group] = miniBatches[0]!;
    expect(group!.prefix).toEqual({ tokens: [1, 2, 3], images: [{ pixels: shown, grid: { t: 1, h: 8, w: 8 } }] });
    const weight = 1 / 4;
    expect(group!.sequences).toEqual([
      {
        tokens: [4, 5, 7, 8, 9, 6],
        images: [{ pixels: shown, grid: { t: 1, h: 8, w: 8 } }],
        targets: [
          { at: -1, token: 4, weight, oldLogprob: -0.4, advantage: 1.5 },
          { at: 0, token: 5, weight, oldLogprob: -0.5, advantage: 1.5 },
          { at: 4, token: 6, weight, oldLogprob: -0.6, advantage: 1.5 },
        ],
      },
      { tokens: [4], images: [], targets: [{ at: -1, token: 4, weight, oldLogprob: -0.4, advantage: -1.5 }] },
    ]);
  });

  test("seq-mean-token-mean weighs every judged rollout alike", () => {
    const { miniBatches } = packRollouts(rolled, batch({ lossAggMode: "seq-mean-token-mean" }), vision);
    expect(weightsOf(miniBatches[0]!)).toEqual([[[1 / 6, 1 / 6, 1 / 6], [1 / 2]]]);
  });

  test.each(["token-mean", "seq-mean-token-mean"] as const)("the weights of a step add up to 1 by %s", (mode) => {
    const two = {
      rollouts: [rolled.rollouts[0]!, [{ ...direct }, { ...zoomed }]],
      promptImages: [[], []],
      toolImages: [
        [[], [], []],
        [[], []],
      ],
    };
    const weights = weightsOf(packRollouts(two, batch({ lossAggMode: mode }), vision).miniBatches[0]!).flat(2);
    expect(weights).toHaveLength(8);
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  test("seq-mean-token-sum-norm divides by the longest response allowed, or else by the longest of the step", () => {
    const weights = (changes: Partial<RunConfig>) =>
      weightsOf(
        packRollouts(rolled, batch({ lossAggMode: "seq-mean-token-sum-norm", ...changes }), vision).miniBatches[0]!,
      ).flat(2);
    // What tools said counts, and so do rollouts that are left out.
    expect(weights({})).toEqual(Array(4).fill(1 / 6));
    expect(weights({ responseTokens: 40 })).toEqual(Array(4).fill(1 / 40));
    expect(weights({ responseTokens: 40, microBatchRollouts: 1 })).toEqual(Array(4).fill(1 / 80));
  });
});

describe("of a step with several tasks", () => {
  const rewarded = (lengths: number[], totals: (number | null)[], ends: End[] = []) =>
    lengths.map((length, i) => {
      const total = totals[i]!;
      return rollout({
        segments: [prompt, model(Array.from({ length }, (_, t) => 10 + t))],
        end: ends[i] ?? "answer",
        reward: total === null ? null : { parts: { answer: total }, total, right: total > 0, verdict: "" },
        advantage: total,
      });
    });
  const step = (...rollouts: Rollout[][]): Rolled => ({
    rollouts,
    promptImages: rollouts.map(() => []),
    toolImages: rollouts.map((group) => group.map(() => [])),
  });
  const four = step(
    rewarded([1, 3], [0, 1]),
    rewarded([2, 2], [1, 1]),
    rewarded([4, 2], [1, 0]),
    rewarded([5, 1], [null, null]),
  );
  const lengths = (groups: readonly PackedGroup[]) =>
    groups.map(({ sequences }) => sequences.map(({ targets }) => targets.length));

  test("each mini-batch has so many tasks, in order, and its own aggregation", () => {
    const { miniBatches } = packRollouts(four, batch({ miniBatchTasks: 2 }), vision);
    expect(miniBatches.map(lengths)).toEqual([
      [
        [1, 3],
        [2, 2],
      ],
      [[4, 2]],
    ]);
    expect(new Set(weightsOf(miniBatches[0]!).flat(2))).toEqual(new Set([1 / 8]));
    expect(new Set(weightsOf(miniBatches[1]!).flat(2))).toEqual(new Set([1 / 6]));
    const all = packRollouts(four, batch(), vision).miniBatches;
    expect(all.map(lengths)).toEqual([
      [
        [1, 3],
        [2, 2],
        [4, 2],
      ],
    ]);
    expect(packRollouts(four, batch({ miniBatchTasks: 64 }), vision).miniBatches).toEqual(all);
  });

  test("micro-batches run on from task to task within a mini-batch", () => {
    const { miniBatches } = packRollouts(four, batch({ microBatchRollouts: 3 }), vision);
    // Rollouts of 1, 3, 2 tokens and of 2, 4, 2.
    expect(weightsOf(miniBatches[0]!).map((group) => group.map(([weight]) => weight))).toEqual([
      [1 / 6 / 2, 1 / 6 / 2],
      [1 / 6 / 2, 1 / 8 / 2],
      [1 / 8 / 2, 1 / 8 / 2],
    ]);
    const one = packRollouts(four, batch({ microBatchRollouts: 1, miniBatchTasks: 2 }), vision);
    expect(weightsOf(one.miniBatches[0]!).map((group) => group.map(([weight]) => weight))).toEqual([
      [1 / 4, 1 / 3 / 4],
      [1 / 2 / 4, 1 / 2 / 4],
    ]);
  });

  test.each(["drop", "resample"] as const)(
    "zeroVariance %s leaves groups of equal rewards out of the mean",
    (zeroVariance) => {
      const { miniBatches, leftOut } = packRollouts(four, batch({ zeroVariance, miniBatchTasks: 2 }), vision);
      expect(miniBatches.map(lengths)).toEqual([
        [
          [1, 3],
          [4, 2],
        ],
      ]);
      expect(new Set(weightsOf(miniBatches[0]!).flat(2))).toEqual(new Set([1 / 10]));
      // The group that nobody could judge is one of them.
      expect(leftOut).toEqual({ dropped_groups: 2 });
      const equal = step(rewarded([1, 3], [1, 1]));
      expect(packRollouts(equal, batch({ zeroVariance }), vision)).toEqual({
        miniBatches: [],
        leftOut: { dropped_groups: 1 },
      });
    },
  );

  test("rankedTasks keeps the tasks whose rewards differ most, in their order", () => {
    const five = step(
      rewarded([1, 2], [0.5, 0.4]),
      rewarded([3, 4], [1, 0]),
      rewarded([5, 6], [1, 1]),
      rewarded([7, 8], [2, 0]),
      rewarded([9, 10], [0, 1]),
    );
    const kept = (rankedTasks: number, zeroVariance: "keep" | "drop") =>
      packRollouts(five, batch({ rankedTasks, zeroVariance }), vision);
    const two = kept(2, "keep");
    // Of two that differ as much the first.
    expect(two.miniBatches.map(lengths)).toEqual([
      [
        [3, 4],
        [7, 8],
      ],
    ]);
    expect(new Set(weightsOf(two.miniBatches[0]!).flat(2))).toEqual(new Set([1 / 22]));
    expect(two.leftOut).toEqual({ outranked_groups: 3 });
    const four = kept(4, "drop");
    expect(four.miniBatches.map(lengths)[0]).toHaveLength(4);
    expect(four.leftOut).toEqual({ dropped_groups: 1, outranked_groups: 0 });
  });

  test("overlong mask leaves out what ran out of turns or tokens, whose rewards still count for the others", () => {
    const ran = step(
      rewarded([1, 3, 5], [1, 0, 0], ["answer", "turns", "malformed"]),
      rewarded([2, 9], [1, 0], ["answer", "length"]),
      rewarded([7, 7], [1, 0], ["length", "turns"]),
    );
    const settings = batch({ overlong: "mask", zeroVariance: "drop" });
    const { miniBatches, leftOut } = packRollouts(ran, settings, vision);
    expect(miniBatches.map(lengths)).toEqual([[[1, 5], [2]]]);
    expect(new Set(weightsOf(miniBatches[0]!).flat(2))).toEqual(new Set([1 / 8]));
    expect(leftOut).toEqual({ dropped_groups: 0, masked_rollouts: 4 });
    expect(lengths(packRollouts(ran, batch(), vision).miniBatches[0]!)).toEqual([
      [1, 3, 5],
      [2, 9],
      [7, 7],
    ]);
  });

  test("packAll() takes every rollout, with nothing in the loss", () => {
    const groups = packAll(four, vision);
    expect(lengths(groups)).toEqual([
      [1, 3],
      [2, 2],
      [4, 2],
      [5, 1],
    ]);
    expect(new Set(weightsOf(groups).flat(2))).toEqual(new Set([0]));
    expect(groups[3]!.sequences[1]!.targets).toEqual([{ at: -1, token: 10, weight: 0, oldLogprob: -1, advantage: 0 }]);
  });

  test("packOne() takes one rollout, with nothing in the loss", () => {
    const [group] = packAll(rolled, vision);
    const one = packOne(zoomed, { promptImages: [shown], toolImages: [shown] }, vision);
    expect(one).toEqual({ prefix: group!.prefix, sequences: [group!.sequences[0]] });
  });

  test("refuses rollouts without their pictures", () => {
    expect(() => packAll({ ...rolled, toolImages: [[[shown], []]] }, vision)).toThrow(RangeError);
  });
});
