import { describe, expect, test } from "vitest";
import type { Rolled } from "../../src/agent/loop.ts";
import type { Reward, Rollout } from "../../src/agent/rollout.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { comparisons, hasVariance, rewardDeviation, setAdvantages } from "../../src/train/advantage.ts";
import { batchWeights } from "../../src/train/batch_weights.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { packAll, packRollouts } from "../../src/train/pack_rollouts.ts";
import { chooseContinued, isAllWrong, openedCall, resamplingMetrics } from "../../src/train/resampled_calls.ts";
import { rolloutLoss } from "../../src/train/rollout_loss.ts";
import { needleTask } from "../support/rollouts.ts";

/** The tags of a call. */
const tags = { opening: 90, closing: 91 };

const paid = (total: number, right = total > 0): Reward => ({
  parts: { answer: total },
  total,
  right,
  verdict: "rules",
});

/** A rollout of tokens with these probabilities, behind a prompt of three tokens. */
function wrote(
  rolloutIndex: number,
  tokens: number[],
  probabilities: number[],
  changes: Partial<Rollout> = {},
): Rollout {
  const { taskIndex = 0 } = changes;
  return {
    id: `1·${taskIndex}·${rolloutIndex}`,
    step: 1,
    taskIndex,
    rolloutIndex,
    task: needleTask.id,
    segments: [
      { source: "prompt", tokens: [1, 2, 3], logprobs: [], entropies: [], images: [0] },
      { source: "model", tokens, logprobs: probabilities.map(Math.log), entropies: tokens.map(() => 0.5), images: [] },
    ],
    calls: [],
    end: "answer",
    answer: "9",
    reward: paid(0),
    advantage: null,
    ...changes,
  };
}

const direct = (index: number, changes: Partial<Rollout> = {}) => wrote(index, [5, 6], [0.5, 0.5], changes);
/** A thought of two tokens, and a call whose two tags and one token have this probability each. */
const called = (index: number, p: number, changes: Partial<Rollout> = {}) =>
  wrote(index, [7, 8, 90, 20, 91, 66], [0.1, 0.1, p, p, p, 0.1], changes);

describe("where a call is opened", () => {
  test("is behind its tag, in the first turn that opens one; how sure the model was is the mean probability from tag to tag", () => {
    expect(openedCall(direct(0), tags)).toBeNull();
    const one = wrote(0, [7, 90, 20, 21, 91, 66], [0.9, 0.4, 0.2, 0.6, 0.8, 0.1]);
    expect(openedCall(one, tags)).toEqual({
      segment: 1,
      kept: 2,
      confidence: expect.closeTo((0.4 + 0.2 + 0.6 + 0.8) / 4, 12),
    });
    // Not closed: up to the end of the turn.
    const open = wrote(0, [90, 20, 21], [0.5, 0.3, 0.1]);
    expect(openedCall(open, tags)!.confidence).toBeCloseTo(0.3, 12);
    // In a thought a tag may be named; the last one is what environments read.
    const named = wrote(0, [90, 7, 90, 20, 91], [0.1, 0.1, 0.5, 0.5, 0.5]);
    expect(openedCall(named, tags)).toEqual({ segment: 1, kept: 3, confidence: expect.closeTo(0.5, 12) });
  });
});

describe("which rollouts are continued", () => {
  const rules = { resampledCalls: 4, resampledShare: 0.25 };
  const task = (taskIndex: number, ...group: Rollout[]): Rollout[] =>
    group.map((rollout) => ({ ...rollout, taskIndex, id: `1·${taskIndex}·${rollout.rolloutIndex}` }));
  const chosen = (groups: Rollout[][], changes: Partial<typeof rules> = {}) =>
    chooseContinued(
      groups,
      groups.map(() => needleTask),
      { ...rules, ...changes },
      tags,
    ).map(({ rollout, firstRollout }) => `${rollout.id} ${firstRollout}`);

  test("those of groups in which a tool was used and never rightly, whatever came of the others", () => {
    const right = { reward: paid(1) };
    expect(isAllWrong([direct(0, right), called(1, 0.5)], tags)).toBe(true);
    expect(isAllWrong([direct(0), called(1, 0.5), called(2, 0.5, right)], tags)).toBe(false);
    expect(isAllWrong([direct(0), direct(1)], tags)).toBe(false);
    // Without a verdict nothing is known: it neither makes a group one, nor keeps it from being one.
    const unknown = called(2, 0.1, { reward: null });
    expect(isAllWrong([direct(0), unknown], tags)).toBe(false);
    expect(isAllWrong([called(0, 0.5), unknown], tags)).toBe(true);
    expect(isAllWrong([called(0, 0.5), called(1, 0.1, { unjudged: "none", reward: paid(0) })], tags)).toBe(true);
    expect(chosen([[called(0, 0.5), unknown]])).toEqual(["1·0·0 2"]);
    // A format that costs something is wrong as well; a right answer that is paid nothing is not.
    expect(isAllWrong([called(0, 0.5, { reward: paid(-0.2, false) })], tags)).toBe(true);
    expect(isAllWrong([called(0, 0.5, { reward: paid(0, true) })], tags)).toBe(false);
  });

  test("the least sure of a group first; each group once before any twice; whole sets within the share of the step", () => {
    const groups = [
      task(0, called(0, 0.8), called(1, 0.3), direct(2), direct(3)),
      task(1, direct(0), direct(1), direct(2), called(3, 0.6)),
      task(2, called(0, 0.2), called(1, 0.1), called(2, 0.9), direct(3)),
      task(3, direct(0), direct(1), direct(2), direct(3)),
    ];
    // 16 rollouts: a quarter is one set of 4, for the least sure call of all.
    expect(chosen(groups)).toEqual(["1·2·1 4"]);
    // Two sets: another group comes first, though the second of that group is less sure.
    expect(chosen(groups, { resampledShare: 0.5 })).toEqual(["1·0·1 4", "1·2·1 4"]);
    expect(chosen(groups, { resampledShare: 0.99 })).toEqual(["1·0·1 4", "1·1·3 4", "1·2·1 4"]);
    expect(chosen(groups, { resampledShare: 1 })).toEqual(["1·0·1 4", "1·1·3 4", "1·2·1 4", "1·2·0 8"]);
    // As many as there are, numbered behind the group and behind each other.
    expect(chosen(groups, { resampledShare: 4 })).toEqual([
      "1·0·1 4",
      "1·0·0 8",
      "1·1·3 4",
      "1·2·1 4",
      "1·2·0 8",
      "1·2·2 12",
    ]);
    expect(chosen(groups, { resampledCalls: 0 })).toEqual([]);
  });

  test("one set at least; equally sure ones in their order; none that was cut right behind its tag", () => {
    const cut = wrote(0, [7, 90], [0.5, 0.01], { end: "length" });
    expect(chosen([task(0, cut, called(1, 0.5), called(2, 0.5))])).toEqual(["1·0·1 3"]);
    expect(chosen([task(0, cut)])).toEqual([]);
  });
});

/** A continuation of the rollout 1·0·3 from its token 6, the first behind the tag. */
const continuation = (index: number, total: number, right = total > 0) =>
  called(index, 0.5, { continues: { rollout: "1·0·3", token: 6 }, reward: paid(total, right) });

describe("the advantages of a group with continuations", () => {
  const group = () => [
    direct(0, { reward: paid(1) }),
    direct(1),
    direct(2),
    called(3, 0.5, { continuedAt: 6 }),
    continuation(4, 1),
    continuation(5, 0),
    continuation(6, 0),
    continuation(7, 0),
  ];
  const advantagesOf = (rollouts: Rollout[], normAdvByStd = true) => {
    setAdvantages(rollouts, { normAdvByStd });
    return rollouts.map(({ advantage }) => advantage!);
  };

  test("are the paper's: continuations among themselves, the prefix by whether one was right, the others as ever", () => {
    const found = advantagesOf(group());
    // The group's own: 1, 0, 0, 0 with mean 1/4 and deviation 1/2.
    expect(found.slice(0, 3)).toEqual([expect.closeTo(1.5, 5), expect.closeTo(-0.5, 5), expect.closeTo(-0.5, 5)]);
    // Eq. 3 and 4: recovered, so that 1, 0, 0, 1 have mean 1/2 and deviation 1 / sqrt 3.
    expect(found[3]).toBeCloseTo(0.5 * Math.sqrt(3), 5);
    // Eq. 2: 1, 0, 0, 0 again.
    expect(found.slice(4)).toEqual([1.5, -0.5, -0.5, -0.5].map((one) => expect.closeTo(one, 5)));
    expect(advantagesOf(group(), false)).toEqual(
      [0.75, -0.25, -0.25, 0.5, 0.75, -0.25, -0.25, -0.25].map((one) => expect.closeTo(one, 12)),
    );
  });

  test("without a right continuation the prefix has the rollout's own, and continuations have none to speak of", () => {
    const all = group().map((one) => (one.rolloutIndex === 4 ? continuation(4, 0) : one));
    expect(advantagesOf(all)).toEqual([1.5, -0.5, -0.5, -0.5, 0, 0, 0, 0].map((one) => expect.closeTo(one, 5)));
  });

  test("rewards of several parts: recovered is the best of the right ones; what is unjudged is out of it", () => {
    const all = group();
    all[4]!.reward = paid(1.8, true);
    all[5]!.reward = paid(2, true);
    all[6]!.reward = paid(5, false);
    all[7] = { ...all[7]!, reward: null, unjudged: "the judge failed" };
    const [first, recovered, continued] = comparisons(all);
    expect(first!.rewards).toEqual([1, 0, 0, 0]);
    expect(first!.of.map((one) => one?.rolloutIndex ?? null)).toEqual([0, 1, 2, null]);
    expect(recovered!.rewards).toEqual([1, 0, 0, 2]);
    expect(continued!.rewards).toEqual([1.8, 2, 5, null]);
    setAdvantages(all, { normAdvByStd: true });
    expect(all[7]!.advantage).toBeNull();
  });

  test("a second continued rollout of the group does not see the first one's recovery", () => {
    const all = [
      ...group().map((one) => (one.rolloutIndex === 2 ? called(2, 0.5, { continuedAt: 6 }) : one)),
      called(8, 0.5, { continues: { rollout: "1·0·2", token: 6 } }),
      called(9, 0.5, { continues: { rollout: "1·0·2", token: 6 } }),
    ];
    const found = advantagesOf(all);
    expect(found[2]).toBeCloseTo(-0.5, 5);
    expect(found[3]).toBeCloseTo(0.5 * Math.sqrt(3), 5);
    expect(found.slice(8)).toEqual([0, 0]);
  });

  test("a group of equal rewards has something to teach once a continuation was right", () => {
    const wrong = group().map((one) => (one.rolloutIndex === 0 ? direct(0) : one));
    expect(hasVariance(wrong.slice(0, 4))).toBe(false);
    expect(hasVariance(wrong)).toBe(true);
    expect(rewardDeviation(wrong)).toBeCloseTo(0.5, 12);
    expect(hasVariance(wrong.filter(({ rolloutIndex }) => rolloutIndex !== 4))).toBe(false);
    setAdvantages(wrong, { normAdvByStd: true });
    expect(batchWeights([wrong], resolveConfig({ zeroVariance: "drop" })).droppedGroups).toBe(0);
  });
});

describe("the loss of a group with continuations", () => {
  const vision = { patchSize: 8, spatialMergeSize: 2 } as VisionConfig;
  const group = [
    direct(0, { reward: paid(1) }),
    called(3, 0.5, { rolloutIndex: 1, continuedAt: 6 }),
    continuation(2, 1),
    continuation(3, 0),
  ];
  setAdvantages(group, { normAdvByStd: true });
  const rolled: Rolled = { rollouts: [group], promptImages: [[]], toolImages: [group.map(() => [])] };
  const config = resolveConfig({ lossAggMode: "seq-mean-token-mean" });

  test("trains the shared tokens once, of continuations what they sampled, and nothing of the call that was left (eq. 5)", () => {
    const [packed] = packRollouts(rolled, config, vision).miniBatches[0]!;
    expect(packed!.sequences.map(({ tokens }) => tokens.length)).toEqual([2, 6, 6, 6]);
    expect(packed!.sequences.map(({ targets }) => targets.map(({ token }) => token))).toEqual([
      [5, 6],
      [7, 8, 90],
      [20, 91, 66],
      [20, 91, 66],
    ]);
    // Each sequence by the mean of what it trains.
    expect(packed!.sequences.map(({ targets }) => targets[0]!.weight)).toEqual([1 / 8, 1 / 12, 1 / 12, 1 / 12]);
    expect(packed!.sequences.map(({ targets }) => targets[0]!.at)).toEqual([-1, -1, 2, 2]);
    expect(packed!.sequences[2]!.targets[0]!.oldLogprob).toBeCloseTo(Math.log(0.5), 12);
    // What a distance is charged for is the whole of each.
    expect(packAll(rolled, vision)[0]!.sequences.map(({ targets }) => targets.length)).toEqual([2, 6, 6, 6]);
  });

  test("the credit of a call (TACO) reaches its own tokens, of which the kept ones are trained in one rollout and the rest in the other", () => {
    const call = { segment: 1, name: "zoom", outcome: "ok", probe: { from: 2, before: 0.1, after: 0.9 } };
    const credited = group.map((one) => (one.segments[1]!.tokens.includes(90) ? { ...one, calls: [call] } : one));
    const { miniBatches } = packRollouts({ ...rolled, rollouts: [credited] }, { ...config, callCredit: 0.5 }, vision);
    const added = miniBatches[0]![0]!.sequences.map(({ targets }, i) =>
      targets.map(({ advantage }) => advantage! - group[i]!.advantage!),
    );
    const [none, all] = [expect.closeTo(0, 12), expect.closeTo(0.4, 12)];
    expect(added).toEqual([
      [none, none],
      [none, none, all],
      [all, all, all],
      [all, all, all],
    ]);
  });

  test("one rollout's loss, token by token, is the same", () => {
    const lossOf = (rolloutIndex: number, changes = {}) =>
      rolloutLoss(
        {
          groups: [group],
          taskIndex: 0,
          rolloutIndex,
          logprobs: [0.1, 0.1, 0.5, 0.5, 0.5, 0.1].map((p, i) => Math.log(p) + i / 100),
          refLogprobs: null,
        },
        { ...config, ...changes },
      );
    const continued = lossOf(1);
    expect(continued).toMatchObject({ advantage: group[1]!.advantage, reward: 1, rewards: [1, 1] });
    expect(continued.terms.map(({ loss }) => loss !== 0)).toEqual([false, false, false, false, false, false]);
    const one = lossOf(2);
    expect(one).toMatchObject({ advantage: group[2]!.advantage, reward: 1, rewards: [1, 0], weight: 1 / 12 });
    expect(one.terms.map(({ loss }) => loss !== 0)).toEqual([false, false, false, true, true, true]);
    // A ratio of the whole rollout is one of what is trained: the mean of .03, .04 and .05.
    expect(lossOf(2, { ratioLevel: "sequence" }).terms[3]!.ratio).toBeCloseTo(Math.exp(0.04), 12);
  });
});

test("metrics say how many groups were resampled, how many rescued, and how many continuations were right", () => {
  const plain = [direct(0), direct(1)];
  const rescued = [called(3, 0.5, { continuedAt: 6 }), continuation(1, 1), continuation(2, 0)];
  const lost = [called(3, 0.5, { continuedAt: 6 }), continuation(1, 0), continuation(2, 0)];
  expect(resamplingMetrics([plain, rescued, lost, plain])).toEqual({
    resampled_groups: 0.5,
    rescued_groups: 0.5,
    resampled_accuracy: 0.25,
  });
  expect(resamplingMetrics([plain])).toEqual({ resampled_groups: 0 });
});
