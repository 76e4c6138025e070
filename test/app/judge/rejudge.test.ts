import { describe, expect, test } from "vitest";
import type { Reward, Rollout } from "../../../src/agent/rollout.ts";
import { builtInTools } from "../../../src/agent/tools/table.ts";
import { type RejudgedStep, type Rejudging, rejudge, rejudgedGroups } from "../../../src/app/judge/rejudge.ts";
import { noCalls } from "../../../src/connection/server_connection.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import type { VisionConfig } from "../../../src/model/config.ts";
import { compactChat } from "../../../src/policy/chat.ts";
import { Tokenizer } from "../../../src/policy/tokenizer.ts";
import { noCounts } from "../../../src/reward/judges/counts.ts";
import type { AnswerJudge } from "../../../src/reward/judges/judge.ts";
import { rulesJudge } from "../../../src/reward/judges/remote_judge.ts";
import { judgeNamed } from "../../../src/reward/judges/table.ts";
import { generatedScenes } from "../../../src/tasks/sources/scenes.ts";
import type { TaskSource } from "../../../src/tasks/sources/task_source.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { ChoiceKnob } from "../../../src/train/knob_kinds.ts";
import { knobs, type RunConfig } from "../../../src/train/knobs.ts";
import { train } from "../../../src/train/trainer.ts";
import tokenizerFile from "../../golden/tokenizer-needle.json" with { type: "json" };
import { ScriptedPolicy } from "../../support/scripted_policy.ts";
import { stillLearner } from "../../support/still_learner.ts";

const tokenizer = new Tokenizer(tokenizerFile);
const flat = (side: number): Pixels => ({ width: side, height: side, data: new Uint8Array(side * side * 3).fill(90) });
const rewards = (knobs.reward as ChoiceKnob).choices as readonly RunConfig["reward"][];

const call = (box: string) =>
  `<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": ${box}, "label": "it"}}\n</tool_call>`;
const good = call("[100, 100, 400, 400]");
/** What a rollout says, turn by turn: zooms, calls that fail, broken tags, thoughts, boxes, answers that are too long. */
const scripts: readonly (readonly string[])[] = [
  [good, "<answer>1</answer>"],
  ["<answer>2</answer>"],
  ["<answer>"],
  [call("[9, 9, 2, 2]"), "<answer>3</answer>"],
  ["<think>It is 4.</think><answer>\\boxed{4}</answer>"],
  ["<think>no end <answer>5</answer>"],
  [`<answer>${"6 ".repeat(600)}</answer>`],
  [good, good, "<think>so</think><answer>7</answer>"],
  ["é 8"],
];

/** Approves of two answers in three, by what it is shown; sometimes has no verdict. Under the name that is given. */
function reading(name: Exclude<AnswerJudge["name"], "rules">): AnswerJudge {
  const sum = (text: string) => Array.from(text).reduce((total, sign) => (total * 31 + sign.codePointAt(0)!) % 9973, 7);
  return {
    name,
    counts: noCounts(noCalls()),
    verdict: async ({ answer, response, goldAnswer }) => {
      const original = judgeNamed(name).asks?.("");
      const shown = original ? original.answerIn(response!) : answer;
      if (shown === null) return { right: false, rule: "no answer" };
      const at = sum(`${shown}|${response}|${goldAnswer}`);
      return at % 7 === 0 ? null : { right: at % 3 > 0, rule: `judge ${name}` };
    },
    consistent: async (thought, answer) => (sum(thought + answer) % 5 === 0 ? null : sum(thought + answer) % 2 === 0),
  };
}
const judges = {
  rules: rulesJudge,
  hardened: () => reading("hardened"),
  verl: () => reading("verl"),
  deepeyes: () => reading("deepeyes"),
};

async function live(judge: keyof typeof judges, changes: Partial<RunConfig> = {}): Promise<TrainEvent[]> {
  const config = resolveConfig({
    seed: 3,
    steps: 2,
    tasksPerStep: 2,
    rolloutsPerTask: scripts.length,
    firstTurnTokens: 2000,
    nextTurnTokens: 2000,
    ...changes,
  });
  const scenes = generatedScenes(config, config.seed);
  const sources = ["vstar", "thinklite_eureka", "geoguessr"];
  const source: TaskSource = {
    ...scenes,
    take: async (step, count) =>
      (await scenes.take(step, count)).map((task, i) => ({ ...task, dataSource: sources[(step + i) % 3] })),
    pictures: async () => [flat(512)],
  };
  const events = train(
    {
      config: () => config,
      source,
      policy: new ScriptedPolicy(tokenizer, (row, turn) => `${scripts[row % scripts.length]![turn]!}<|im_end|>`),
      chat: compactChat(tokenizer),
      tools: builtInTools,
      tokenizer,
      judge: judges[judge](),
      reader: { read: async () => [{ text: "4", confidence: 1 }] },
      vision: { patchSize: 8, spatialMergeSize: 2 } as VisionConfig,
      // A distance of 0.3 nats to the starting model, and 0.1 more for each rollout of a group.
      reference: {
        logprobs: async (groups) =>
          Float32Array.from(
            groups.flatMap(({ sequences }) =>
              sequences.flatMap(({ targets }, i) =>
                targets.map(({ oldLogprob = 0 }) => oldLogprob - (0.1 * i + 0.3) / targets.length),
              ),
            ),
          ),
      },
      view: { frame: "relative-1000", minSidePx: 32, modelInput: () => flat(64), imageTokens: () => 16 },
      learner: stillLearner,
    },
    { step: 0, updates: 0 },
  );
  const all: TrainEvent[] = [
    {
      type: "run",
      format: 2,
      config: { ...config, judge },
      model: { name: "m", parameters: 1 },
      adapter: "a",
      resumedAt: 0,
      startedAt: "",
    },
  ];
  for await (const event of events) all.push(event);
  // As it comes back from a file.
  return all.map((event) => JSON.parse(JSON.stringify(event)));
}

const rolloutsOf = (events: readonly TrainEvent[]): Rollout[] =>
  events.flatMap((event) => (event.type === "group" ? event.rollouts : []));

const asItWas: Rejudging = {
  judge: null,
  settings: (own) => ({ reward: own.reward, weights: own, failure: own.judgeFailure }),
};

async function again(events: readonly TrainEvent[], rejudging: Partial<Rejudging>): Promise<RejudgedStep[]> {
  const steps: RejudgedStep[] = [];
  for await (const step of rejudge(events, { ...asItWas, ...rejudging })) steps.push(step);
  return steps;
}

async function rewardsAgain(events: readonly TrainEvent[], rejudging: Partial<Rejudging>) {
  const found: (Reward | null)[] = [];
  for await (const { groups } of rejudgedGroups(events, { ...asItWas, ...rejudging }))
    found.push(...groups.flatMap(({ after }) => after.map((rollout) => rollout.reward)));
  return found;
}
const rewardsOf = (events: readonly TrainEvent[]) => rolloutsOf(events).map((rollout) => rollout.reward);
const under =
  (reward: RunConfig["reward"]): Rejudging["settings"] =>
  (own) => ({ reward, weights: own, failure: own.judgeFailure });

test("a log of a run without a reader cannot be paid for what was read", async () => {
  const events = await live("rules");
  for (const { calls } of rolloutsOf(events)) for (const one of calls) delete one.legible;
  await expect(rewardsAgain(events, { settings: under("legible") })).rejects.toThrow("which this log does not say");
});

describe.each(Object.keys(judges) as (keyof typeof judges)[])("a run judged by %s", (judge) => {
  test.each(rewards)("under %s: stored equals live, bit for bit", async (reward) => {
    const events = await live(judge, { reward });
    expect(new Set(rewardsOf(events).map((one) => one?.total)).size).toBeGreaterThan(1);
    for (const who of [null, judges[judge]()]) {
      expect(await rewardsAgain(events, { judge: who })).toEqual(rewardsOf(events));
      for (const step of await again(events, { judge: who })) {
        expect(step).toMatchObject({ changed: [], rewardsDiffer: 0, verdictsFromRewards: 0 });
        expect(step.after).toEqual(step.before);
      }
    }
  });

  test("under every other reward: as a run that had it, without asking anybody", async () => {
    const plain = await live(judge);
    const original = await live(judge, { reward: "deepeyes" });
    for (const reward of rewards.filter((name) => name !== "thyme" || judge === "rules")) {
      const wanted = rewardsOf(await live(judge, { reward }));
      // Also where the first reward took verdicts back.
      for (const events of [plain, original])
        expect(await rewardsAgain(events, { settings: under(reward) }), reward).toEqual(wanted);
    }
  });

  test("by another judge: as a run that had it", async () => {
    const events = await live(judge, { reward: "verl" });
    for (const other of Object.keys(judges) as (keyof typeof judges)[])
      expect(await rewardsAgain(events, { judge: judges[other](), settings: under("deepeyes") }), other).toEqual(
        rewardsOf(await live(other, { reward: "deepeyes" })),
      );
  });
});

test("what was charged for the distance to the starting model, failures that cost, and knobs changed on the way", async () => {
  const events = await live("verl", { klRewardCoef: 0.5, judgeFailure: "zero", reward: "verl" });
  expect(rewardsOf(events).filter((one) => one?.parts.kl === undefined)).toEqual([]);
  expect(rewardsOf(events).some((one) => one!.verdict === "no verdict, paid 0")).toBe(true);
  expect(await rewardsAgain(events, {})).toEqual(rewardsOf(events));

  const [first, second] = [await live("rules"), await live("rules", { formatWeight: 0.75 })];
  const isLater = (event: TrainEvent) => "step" in event && (event.type === "update" ? event.step > 1 : event.step > 0);
  const changed: TrainEvent[] = [
    ...first.filter((event) => !isLater(event)),
    { type: "config", step: 1, changes: { formatWeight: 0.75 } },
    ...second.filter(isLater),
  ];
  expect(rewardsOf(changed)).not.toEqual(rewardsOf(first));
  expect(await rewardsAgain(changed, {})).toEqual(rewardsOf(changed));
});

describe("logs of earlier versions", () => {
  const early = (events: readonly TrainEvent[]): TrainEvent[] =>
    events.map((event) =>
      event.type === "group"
        ? { ...event, rollouts: event.rollouts.map(({ response: _, judged: __, ...rollout }) => rollout) }
        : event,
    );

  test("their verdicts are read from their rewards, and their number is reported", async () => {
    const events = await live("hardened");
    const wanted = rewardsOf(await live("hardened", { reward: "chain-of-focus" }));
    expect(await rewardsAgain(early(events), { settings: under("chain-of-focus") })).toEqual(wanted);
    const steps = await again(early(events), {});
    expect(steps.map((step) => [step.rewardsDiffer, step.verdictsFromRewards])).toEqual([
      [0, 18],
      [0, 18],
    ]);
  });

  test("their texts come from the run's tokenizer, where it is at hand", async () => {
    const events = await live("verl", { reward: "verl" });
    const asked: string[] = [];
    const open = async (model: string) => {
      asked.push(model);
      return tokenizer;
    };
    const parts = { judge: judges.verl(), tokenizer: open };
    expect(await rewardsAgain(early(events), parts)).toEqual(rewardsOf(events));
    expect(new Set(asked)).toEqual(new Set([resolveConfig({}).model]));
    await expect(rewardsAgain(early(events), { judge: judges.verl() })).rejects.toThrow(
      "Expected the text of each response",
    );
    // Nobody reads them here.
    expect(await rewardsAgain(early(events), { settings: under("vtool-r1") })).toHaveLength(36);
  });
});

test("thyme needs to know whether answers follow from their thoughts, and says so", async () => {
  const events = await live("hardened");
  await expect(rewardsAgain(events, { settings: under("thyme") })).rejects.toThrow("choose a judge that reads");
});
