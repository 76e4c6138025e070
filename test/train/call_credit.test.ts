import { describe, expect, test } from "vitest";
import type { Rolled } from "../../src/agent/loop.ts";
import type { CallProbe, Rollout, Segment } from "../../src/agent/rollout.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { Task } from "../../src/tasks/task.ts";
import {
  callEffect,
  creditMetrics,
  creditsCalls,
  effectText,
  probedCalls,
  tokenAdvantages,
} from "../../src/train/call_credit.ts";
import { probeCalls } from "../../src/train/call_probes.ts";
import { probedTasks } from "../../src/train/causal_zoom.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { updateOn } from "../../src/train/own_update.ts";
import { type PackedGroup, sizes } from "../../src/train/pack.ts";
import { packRollouts } from "../../src/train/pack_rollouts.ts";
import { rolloutLoss } from "../../src/train/rollout_loss.ts";
import { rollout as readRollout } from "../../src/train/rollout_schema.ts";
import { rollout, zoomCall } from "../support/rollouts.ts";
import { needleModel } from "../support/shipped.ts";

const { tokenizer, model } = await needleModel();
const { vision, imageTokenId } = model.config;

const probe = (before: number, after: number, from = 2): CallProbe => ({ from, before, after });
const segment = (source: Segment["source"], tokens: number[], images: number[] = []): Segment => ({
  source,
  tokens,
  logprobs: tokens.map(() => (source === "model" ? -1 : Number.NaN)).filter(Number.isFinite),
  entropies: [],
  images,
});

/** Two thoughts and a call of three tokens, its result, and an answer of two. */
const called = (advantage: number, ...probes: CallProbe[]): Rollout =>
  rollout({
    advantage,
    segments: [
      segment("prompt", [1], [0]),
      ...probes.flatMap((_, i) => [segment("model", [10, 11, 12, 13, 14]), segment("tool", [20, 21], [i + 1])]),
      segment("model", [30, 31]),
    ],
    calls: probes.map((one, i) => zoomCall({ segment: 1 + 2 * i, probe: one })),
  });

const whole = { callCredit: 0.15, callRouting: "whole" as const };
const routed = { callCredit: 0, callRouting: "outcome" as const };

describe("what a call did", () => {
  test.each([
    [0.1, 0.9, "useful"],
    [0.9, 0.9, "redundant"],
    [0.9, 0.1, "misleading"],
    [0.1, 0.3, "failed"],
    // One half is not what greedy decoding is sure to give.
    [0.5, 0.5, "failed"],
  ])("from %f to %f: %s", (before, after, effect) => expect(callEffect({ before, after })).toBe(effect));

  test("is said to people", () => {
    expect(effectText({ before: 0.1, after: 0.934 })).toBe("useful: right answer 0.10 → 0.93");
    expect(effectText({ before: 0.1, after: 0.2 })).toBe("needed, did not help: right answer 0.10 → 0.20");
  });
});

describe("advantages of tokens", () => {
  const rounded = (
    of: Rollout,
    settings: typeof whole | typeof routed | { callCredit: number; callRouting: "outcome" },
  ) => tokenAdvantages(of, settings).map((value) => Number(value.toFixed(6)));

  test("DAPR adds the weighted difference of the probes to the call's tokens alone", () => {
    // 0.15 (0.9 - 0.1) = 0.12
    expect(rounded(called(0.5, probe(0.1, 0.9)), whole)).toEqual([0.5, 0.5, 0.62, 0.62, 0.62, 0.5, 0.5]);
    expect(rounded(called(0.5, probe(0.9, 0.1)), whole)).toEqual([0.5, 0.5, 0.38, 0.38, 0.38, 0.5, 0.5]);
    expect(rounded(called(0.5, probe(0.4, 0.4)), whole)).toEqual(new Array(7).fill(0.5));
    // Without thoughts the call is its whole turn; an advantage of 0 leaves the credit.
    expect(rounded(called(0, probe(0, 1, 0)), whole)).toEqual([0.15, 0.15, 0.15, 0.15, 0.15, 0, 0]);
  });

  test.each<[string, CallProbe, number, number[]]>([
    ["useful, rewarded: all", probe(0.1, 0.9), 1, [1, 1, 1, 1, 1, 1, 1]],
    ["useful, penalised: all", probe(0.1, 0.9), -1, [-1, -1, -1, -1, -1, -1, -1]],
    ["redundant: no reward for the call", probe(0.8, 0.9), 1, [1, 1, 0, 0, 0, 1, 1]],
    ["redundant, penalised: all", probe(0.8, 0.9), -1, [-1, -1, -1, -1, -1, -1, -1]],
    ["misleading: no penalty for what was thought before", probe(0.9, 0.1), -1, [0, 0, -1, -1, -1, -1, -1]],
    ["misleading, rewarded: not the call", probe(0.9, 0.1), 1, [1, 1, 0, 0, 0, 1, 1]],
    ["needed but failed: no penalty for the call", probe(0.1, 0.2), -1, [-1, -1, 0, 0, 0, -1, -1]],
    ["needed but failed, rewarded: all", probe(0.1, 0.2), 1, [1, 1, 1, 1, 1, 1, 1]],
  ])("OGAR, %s", (_, one, advantage, expected) => expect(rounded(called(advantage, one), routed)).toEqual(expected));

  test("both channels add up, and each of several calls is its own", () => {
    const two = called(-1, probe(0.1, 0.9), probe(0.9, 0.2));
    // The second misled: nothing before it is penalised. 0.5 · 0.8 = 0.4 and 0.5 · -0.7 = -0.35.
    expect(rounded(two, { callCredit: 0.5, callRouting: "outcome" })).toEqual([
      0, 0, 0.4, 0.4, 0.4, 0, 0, -1.35, -1.35, -1.35, -1, -1,
    ]);
    expect(probedCalls(two).map(({ from, to }) => [from, to])).toEqual([
      [2, 5],
      [7, 10],
    ]);
  });

  test("are the rollout's own where nothing is asked for, no call was probed, or nobody judged", () => {
    const off = { callCredit: 0, callRouting: "whole" as const };
    expect(creditsCalls(off)).toBe(false);
    expect(creditsCalls(whole) && creditsCalls(routed)).toBe(true);
    expect(tokenAdvantages(called(0.5, probe(0.9, 0.1)), off)).toEqual(new Array(7).fill(0.5));
    expect(tokenAdvantages(rollout({ advantage: 0.5 }), { ...whole, ...routed })).toEqual(new Array(4).fill(0.5));
    expect(tokenAdvantages({ ...called(1, probe(0.1, 0.9)), advantage: null }, whole)).toEqual(new Array(7).fill(0));
  });

  test("are those of the update and of the formula that the page writes out", () => {
    const config = resolveConfig({ ...whole, callRouting: "outcome", zeroVariance: "keep" });
    const one = called(1, probe(0.8, 0.9));
    const reward = (total: number) => ({ parts: {}, total, right: total > 0, verdict: "" });
    const group = [
      { ...one, reward: reward(1), advantage: Math.SQRT1_2 },
      { ...one, reward: reward(0), advantage: -Math.SQRT1_2 },
    ];
    const rolled: Rolled = { rollouts: [group], promptImages: [[]], toolImages: [[[], []]] };
    const packed = packRollouts(rolled, config, vision).miniBatches[0]![0]!.sequences;
    for (const [i, sequence] of packed.entries()) {
      const trained = sequence.targets.map(({ advantage }) => advantage!);
      const loss = rolloutLoss(
        { groups: rolled.rollouts, taskIndex: 0, rolloutIndex: i, logprobs: new Array(7).fill(-1), refLogprobs: null },
        config,
      );
      for (const [t, value] of trained.entries()) {
        expect(loss.advantages[t]).toBeCloseTo(value, 5);
        expect(loss.terms[t]!.unclipped).toBeCloseTo(-value, 5);
      }
      expect(new Set(trained).size).toBe(2);
    }
  });
});

test("a loop of one's own says that it does not probe", () => {
  const one = { ...called(1, probe(0.1, 0.9)), calls: [zoomCall()] };
  const rolled: Rolled = { rollouts: [[one]], promptImages: [[]], toolImages: [[[]]] };
  expect(() => updateOn(rolled, resolveConfig({ callCredit: 1 }), {} as never, { step: 0, updates: 0 })).toThrow(
    "Expected probed calls",
  );
});

test("metrics are means over the probed calls, and none without one", () => {
  const group = [called(0, probe(0.1, 0.9), probe(0.9, 0.7)), called(0, probe(0.2, 0.1)), rollout()];
  const metrics = creditMetrics([group]);
  expect(metrics["call_credit/mean"]).toBeCloseTo((0.8 - 0.2 - 0.1) / 3, 9);
  expect(metrics["call_credit/before"]).toBeCloseTo(1.2 / 3, 9);
  expect(metrics["call_credit/after"]).toBeCloseTo(1.7 / 3, 9);
  expect(metrics).toMatchObject({
    "call_credit/useful": 1 / 3,
    "call_credit/redundant": 1 / 3,
    "call_credit/misleading": 0,
    "call_credit/failed": 1 / 3,
  });
  expect(creditMetrics([[rollout()]])).toEqual({});
});

test("a log gives probes back, and leaves out what is none", () => {
  const one = called(0.5, probe(0.1, 0.9));
  expect(readRollout(structuredClone(one), "rollout", () => {}).calls).toEqual(one.calls);
  const broken = { ...one, calls: [{ ...one.calls[0]!, probe: { from: -1, before: 0, after: 1 } }] };
  const leftOut: string[] = [];
  expect(readRollout(broken, "rollout", (misfit) => leftOut.push(misfit.message)).calls[0]!.probe).toBeUndefined();
  expect(leftOut).toEqual([expect.stringContaining("probe")]);
});

describe("probes of calls", () => {
  const picture = (level: number): Pixels => ({ width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).fill(level) });
  const callText = '<tool_call>\n{"name": "image_zoom_in_tool"}\n</tool_call><|im_end|>';
  const prompt = segment("prompt", [imageTokenId, ...tokenizer.encode("What?")], [0]);
  const turns = (thought: string, end: "answer" | "call", calls = 1): Rollout => {
    const call = segment("model", tokenizer.encode(`${thought}${callText}`));
    const result = (i: number) => segment("tool", [imageTokenId, ...tokenizer.encode("</tool_response>")], [1 + i]);
    const segments = [prompt, ...Array.from({ length: calls }, (_, i) => [call, result(i)]).flat()];
    segments.push(end === "answer" ? segment("model", tokenizer.encode("<answer>7</answer><|im_end|>")) : call);
    const made = calls + (end === "call" ? 1 : 0);
    return rollout({ segments, calls: Array.from({ length: made }, (_, i) => zoomCall({ segment: 1 + 2 * i })) });
  };

  async function probed(rollouts: Rollout[], toolImages: Pixels[][], answer = "3") {
    const asked: PackedGroup[] = [];
    const learner = {
      logprobs: async (groups: readonly PackedGroup[]) => {
        asked.push(...groups);
        const sequences = groups.flatMap((group) => group.sequences);
        // The more pictures, the likelier.
        return Float32Array.from(
          sequences.flatMap(({ images, targets }) =>
            targets.map((_, i) => (i === 0 ? Math.log(0.1 + 0.4 * images.length) : 0)),
          ),
        );
      },
    };
    const toolCallStart = tokenizer.id("<tool_call>");
    const rolled: Rolled = { rollouts: [rollouts], promptImages: [[picture(1)]], toolImages: [toolImages] };
    const tasks = [{ id: "1", answer } as Task];
    const settings = { temperature: 1, suppressed: [] };
    await probeCalls({ learner, tokenizer, vision, settings, toolCallStart }, probedTasks(rolled, tasks));
    const texts = asked.flatMap((group) => group.sequences.map(({ tokens }) => tokenizer.decode([...tokens])));
    return { asked, texts };
  }

  test("stand in the place of the call and behind its result, the first shared by the group", async () => {
    const group = [turns("", "answer"), turns("", "answer"), rollout({ segments: [prompt, segment("model", [5])] })];
    const { asked, texts } = await probed(group, [[picture(2)], [picture(3)], []]);
    expect(texts).toEqual([
      "<answer>3</answer>",
      `${callText}<|image_pad|></tool_response><answer>3</answer>`,
      `${callText}<|image_pad|></tool_response><answer>3</answer>`,
    ]);
    expect(asked[0]!.prefix.tokens).toEqual(prompt.tokens);
    for (const { tokens, targets } of asked[0]!.sequences) {
      // What opens the answer is put there, and not measured.
      expect(tokenizer.decode(targets.map(({ token }) => token))).toBe("3</answer>");
      for (const { at, token } of targets) expect(tokens[at + 1]).toBe(token);
    }
    for (const { calls } of group.slice(0, 2)) {
      expect(calls[0]!.probe).toMatchObject({ from: 0 });
      expect(calls[0]!.probe!.before).toBeCloseTo(0.1, 6);
      expect(calls[0]!.probe!.after).toBeCloseTo(0.5, 6);
    }
    expect(group[2]!.calls).toEqual([]);
  });

  test("are about as many rows as the update that follows", async () => {
    const group = Array.from({ length: 8 }, () => ({ ...turns("", "answer"), advantage: 1 }));
    const pictures = group.map((_, i) => [picture(i)]);
    const { asked } = await probed(group, pictures);
    const rolled: Rolled = { rollouts: [group], promptImages: [[picture(1)]], toolImages: [pictures] };
    const trained = packRollouts(rolled, resolveConfig({}), vision).miniBatches[0]!;
    const rows = (groups: readonly PackedGroup[]) => groups.reduce((sum, one) => sum + sizes(one).rows, 0);
    expect(asked.map(({ sequences }) => sequences.length)).toEqual([9]);
    expect(rows(asked)).toBeLessThan(1.1 * rows(trained));
  });

  test("keep what was thought before the call, and go on from result to result", async () => {
    const two = turns("Look. ", "answer", 2);
    const { asked, texts } = await probed([two], [[picture(2), picture(3)]]);
    const thought = tokenizer.encode("Look. ").length;
    expect(two.calls.map(({ probe: one }) => one?.from)).toEqual([thought, thought]);
    const result = "<|image_pad|></tool_response>";
    expect(texts).toEqual([
      "Look. <answer>3</answer>",
      `Look. ${callText}${result}<answer>3</answer>`,
      `Look. ${callText}${result}Look. <answer>3</answer>`,
      `Look. ${callText}${result}Look. ${callText}${result}<answer>3</answer>`,
    ]);
    expect(two.calls[1]!.probe!.after).toBeCloseTo(0.9, 6);
    // As many at a time as an update has.
    expect(asked.map(({ sequences }) => sequences.length)).toEqual([2, 2]);
  });

  test("are none for a call that ended its rollout, and for a task without an answer", async () => {
    const ended = turns("", "call", 1);
    await probed([ended], [[picture(2)]]);
    expect(ended.calls.map(({ probe: one }) => one !== undefined)).toEqual([true, false]);
    const unanswered = turns("", "answer");
    expect((await probed([unanswered], [[picture(2)]], "")).asked).toEqual([]);
    expect(unanswered.calls[0]!.probe).toBeUndefined();
  });
});
