import { describe, expect, test } from "vitest";
import { builtInTools } from "../../src/agent/tools/table.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { compactChat } from "../../src/policy/chat.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import type { AnswerJudge } from "../../src/reward/judges/judge.ts";
import { openJudge, rulesJudge } from "../../src/reward/judges/remote_judge.ts";
import { generatedScenes } from "../../src/tasks/sources/scenes.ts";
import type { TaskSource } from "../../src/tasks/sources/task_source.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { evaluate, rollTasks } from "../../src/train/evaluation.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import { knobs, type RunConfig } from "../../src/train/knobs.ts";
import type { UpdateOptions, UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import type { Progress, TrainingParts } from "../../src/train/run_parts.ts";
import { train } from "../../src/train/trainer.ts";
import tokenizerFile from "../golden/tokenizer-needle.json" with { type: "json" };
import { openFakeJudge } from "../support/fake_judge.ts";
import { ScriptedPolicy } from "../support/scripted_policy.ts";
import { stillUpdate } from "../support/still_learner.ts";

const tokenizer = new Tokenizer(tokenizerFile);
const flat = (side: number): Pixels => ({ width: side, height: side, data: new Uint8Array(side * side * 3).fill(90) });

const answer = (text: string) => `<answer>${text}</answer><|im_end|>`;
const call =
  '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [100, 100, 400, 400], "label": "the red square"}}\n</tool_call><|im_end|>';

/** Row 0 of a task zooms and answers, row 1 answers, row 2 breaks the format; digits are guesses. */
const chatter = (rowsPerTask: number) => (row: number, turn: number) => {
  const rollout = row % rowsPerTask;
  if (rollout === 0) return turn === 0 ? call : answer("1");
  return rollout === 1 ? answer("2") : "<answer><|im_end|>";
};

/** A run on scenes whose pictures nobody looks at. `calls` are the trainer's requests, in order. */
function scripted(changes: Partial<RunConfig> = {}) {
  let config = resolveConfig({ seed: 3, steps: 2, tasksPerStep: 2, rolloutsPerTask: 3, evalTasks: 3, ...changes });
  const calls: string[] = [];
  const updates: { groups: readonly PackedGroup[]; settings: UpdateSettings; options: UpdateOptions }[] = [];
  const policy = new ScriptedPolicy(tokenizer, (row, turn) => chatter(config.rolloutsPerTask)(row, turn));
  const scenes = generatedScenes(config, config.seed);
  const source: TaskSource = {
    ...scenes,
    take: async (step, count) => {
      calls.push(`take ${step}`);
      return scenes.take(step, count);
    },
    pictures: async () => [flat(512)],
  };
  const parts: TrainingParts = {
    config: () => config,
    source,
    policy,
    chat: compactChat(tokenizer),
    tools: builtInTools,
    tokenizer,
    judge: rulesJudge(),
    vision: { patchSize: 8, spatialMergeSize: 2 } as VisionConfig,
    reference: { logprobs: () => Promise.reject(new Error("no reference was asked for")) },
    view: { frame: "relative-1000", minSidePx: 32, modelInput: () => flat(64), imageTokens: () => 16 },
    learner: {
      update: async (groups, settings, options) => {
        calls.push(`update ${options.updatesBefore}`);
        updates.push({ groups, settings, options });
        return stillUpdate(groups);
      },
    },
  };
  const change = (more: Partial<RunConfig>) => {
    config = { ...config, ...more };
  };
  return { parts, policy, calls, updates, change };
}

/** A run of which so many steps were made, each of one update. */
const at = (step: number): Progress => ({ step, updates: step });

async function collect(events: AsyncGenerator<TrainEvent>): Promise<TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
const linesOf = (events: readonly TrainEvent[]): string[] =>
  events
    .filter(({ type }) => type !== "decode")
    .map((event) => `${event.type}${"step" in event ? ` ${event.step}` : ""}`);

describe("train", () => {
  test("emits each step in order: tasks, rollouts as they end, scored groups, the update, and at last the end", async () => {
    const { parts, calls } = scripted();
    const events = await collect(train(parts, at(0)));
    const step = (n: number) => [`tasks ${n}`, `group ${n}`, `group ${n}`, `update ${n}`];
    expect(linesOf(events).filter((line) => !line.startsWith("alarm"))).toEqual([...step(1), ...step(2), "end 2"]);
    expect(events.at(-1)).toEqual({ type: "end", step: 2, reason: "done" });
    // The next scenes are asked for as a step begins.
    expect(calls).toEqual(["take 0", "take 1", "update 0", "take 2", "update 1"]);
  });

  test("ends after a step, as stopped and with a sentence, where a budget is used up", async () => {
    const timed = scripted({ steps: 5, timeBudget: 1e-9 });
    expect((await collect(train(timed.parts, at(0)))).at(-1)).toEqual({
      type: "end",
      step: 1,
      reason: "stopped",
      message: "The time budget of 1e-9 min is used up; go on with the run for as long again",
    });
    // It goes on from there, and the last step ends the run whatever the budget.
    const rest = await collect(train(scripted({ steps: 2, timeBudget: 1e-9 }).parts, at(1)));
    expect(rest.at(-1)).toEqual({ type: "end", step: 2, reason: "done" });
    const { parts } = scripted({ steps: 5, judge: "hardened", judgeUrl: "http://127.0.0.1:9/v1", judgeBudget: 7 });
    const judge = { ...rulesJudge(), name: "hardened" };
    const counting: AnswerJudge = {
      ...judge,
      verdict: (...asked) => {
        judge.counts.connection.calls++;
        return rulesJudge().verdict(...asked);
      },
    };
    const events = await collect(train({ ...parts, judge: counting }, at(0)));
    expect(events.at(-1)).toMatchObject({
      type: "end",
      reason: "stopped",
      message: expect.stringContaining("7 times"),
    });
    expect(events.filter(({ type }) => type === "update").length).toBeLessThan(5);
  });

  test("has as few events where many rollouts are made as where few are", async () => {
    const count = async (rolloutsPerTask: number) => {
      const { parts } = scripted({ steps: 3, tasksPerStep: 4, rolloutsPerTask });
      const events = (await collect(train(parts, at(0)))).filter(({ type }) => type !== "alarm" && type !== "end");
      return events.length / 3;
    };
    const few = await count(3);
    expect(await count(12)).toBe(few);
    // Tasks, a group each, the update, and how far the turns are.
    expect(few).toBeLessThanOrEqual(1 + 4 + 1 + 16);
    const { parts } = scripted({ steps: 1, tasksPerStep: 4 });
    const kinds = new Set((await collect(train(parts, at(0)))).map(({ type }) => type));
    expect([...kinds].filter((kind) => kind !== "alarm")).toEqual(["tasks", "decode", "group", "update", "end"]);
  });

  test("puts the next prompts behind the update, once, and again where settings change or others took the cache", async () => {
    const { parts, policy, change } = scripted({ steps: 4, evalEvery: 3 });
    const begun: number[] = [];
    for await (const event of train(parts, at(0))) {
      if (event.type !== "update") continue;
      // Those of this step and of the next; an evaluation comes before the step behind it.
      begun.push(policy.batches.length);
      if (event.step === 1) change({ temperature: 0.5 });
    }
    const ofRun = policy.batches.filter(({ sampling }) => sampling.step < 100);
    expect(ofRun.map(({ sampling }) => [sampling.step, sampling.temperature])).toEqual([
      [0, 1],
      [1, 1],
      [1, 0.5],
      [2, 0.5],
      [3, 0.5],
    ]);
    expect(begun.slice(0, 3)).toEqual([2, 4, 4]);
    expect(policy.batches.every(({ closed }) => closed)).toBe(true);
  });

  test("scores rollouts, gives each its advantage in the group, and hands the same to the update", async () => {
    const { parts, updates } = scripted({ steps: 1, bonus: "unconditional" });
    const events = await collect(train(parts, at(0)));
    const groups = events.filter((event) => event.type === "group");
    expect(groups.map(({ taskIndex }) => taskIndex)).toEqual([0, 1]);
    for (const { rollouts } of groups) {
      const totals = rollouts.map(({ reward }) => reward!.total);
      // 1.2 for the zoom, 0 and -0.2 for the broken format; 0.8 more where the guess is right.
      expect(rollouts[0]!.reward!.parts.zoom).toBe(1.2);
      expect(rollouts[2]!.reward!.parts).toEqual({ answer: 0, format: -0.2, zoom: 0 });
      const mean = totals.reduce((a, b) => a + b) / 3;
      const deviation = Math.sqrt(totals.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2);
      rollouts.forEach(({ advantage }, i) => {
        expect(advantage).toBeCloseTo((totals[i]! - mean) / (deviation + 1e-6), 6);
      });
    }
    const packed = updates[0]!.groups.map(({ sequences }) => sequences);
    expect(packed.map((sequences) => sequences.map(({ targets }) => targets[0]!.advantage))).toEqual(
      groups.map(({ rollouts }) => rollouts.map(({ advantage }) => advantage)),
    );
    expect(packed[1]!.map(({ images }) => images.length)).toEqual([1, 0, 0]);
    const update = events.find((event) => event.type === "update")!;
    expect(update.metrics).toMatchObject({ grad_norm: 1, loss: 0, zoom_rate: 1 / 3, "end/malformed": 1 / 3 });
    expect(update.durationMs).toBeGreaterThanOrEqual(update.rollMs);
  });

  test("uses a changed knob for the whole of the next step and for no part of the one under way", async () => {
    const { parts, policy, updates, change } = scripted({
      steps: 3,
      warmupSteps: 0,
      answerWeight: 0.5,
      formatWeight: 0.25,
    });
    const weights: number[] = [];
    for await (const event of train(parts, at(0))) {
      if (event.type === "tasks" && event.step === 2)
        change({ temperature: 0.5, formatWeight: 4, learningRate: 0.125, steps: 2 });
      if (event.type === "group") weights.push(event.rollouts[2]!.reward!.parts.format!);
      if (event.type === "end") change({ steps: 4 });
    }
    // It changed after step 1 had begun; only the number of steps is looked at between two of them.
    expect(weights).toEqual([-0.25, -0.25, -0.25, -0.25]);
    expect(policy.batches.map(({ sampling }) => sampling.temperature)).toEqual([1, 1]);
    expect(updates.map(({ settings }) => settings.learningRate)).toEqual([2e-4, 2e-4]);

    const events = await collect(train(parts, at(2)));
    expect(linesOf(events).filter((line) => /tasks|end/.test(line))).toEqual(["tasks 3", "tasks 4", "end 4"]);
    expect(policy.batches.slice(2).map(({ sampling }) => sampling.temperature)).toEqual([0.5, 0.5]);
    expect(updates.slice(2).map(({ settings }) => settings.learningRate)).toEqual([0.125, 0.125]);
    const format = events.flatMap((event) => (event.type === "group" ? [event.rollouts[2]!.reward!.parts.format] : []));
    expect(format).toEqual([-4, -4, -4, -4]);
  });

  test("takes every setting of advantages, loss and optimizer that changes midway as a run that had it from there on", async () => {
    const other: Partial<RunConfig> = {
      normAdvByStd: false,
      lossAggMode: "seq-mean-token-sum",
      microBatchRollouts: 1,
      miniBatchTasks: 1,
      updatesPerStep: 2,
      zeroVariance: "drop",
      overlong: "mask",
      weightDecay: 0.25,
      maxGradNorm: 0.5,
    };
    for (const key of Object.keys(other) as (keyof RunConfig)[]) expect(knobs[key].applies, key).toBe("next step");
    const plain = scripted({ steps: 3 });
    const from = scripted({ steps: 3, ...other });
    const changed = scripted({ steps: 3 });
    const advantages = async (
      { parts, change }: ReturnType<typeof scripted>,
      begun: Progress,
      changes?: Partial<RunConfig>,
    ) => {
      const found: (number | null)[] = [];
      for await (const event of train(parts, begun)) {
        if (event.type === "group") found.push(...event.rollouts.map(({ advantage }) => advantage));
        if (event.type === "update" && event.step === 1 && changes) change(changes);
      }
      return found;
    };
    const whole = await advantages(plain, at(0));
    const midway = await advantages(changed, at(0), other);
    const rest = await advantages(from, at(1));
    const inStep = whole.length / 3;
    expect(midway).toEqual([...whole.slice(0, inStep), ...rest]);
    expect(midway.slice(inStep)).not.toEqual(whole.slice(inStep));
    // A step after the change has two passes over two mini-batches.
    expect(changed.updates.map(({ settings, groups }) => [settings, groups])).toEqual(
      [...plain.updates.slice(0, 1), ...from.updates].map(({ settings, groups }) => [settings, groups]),
    );
    expect(changed.updates).toHaveLength(1 + 2 * 4);
    expect(changed.updates.at(-1)!.settings).toMatchObject({ weightDecay: 0.25, maxGradNorm: 0.5 });
  });

  test("changes ToolsRL's stage where its knob moves, for whole steps", async () => {
    const { parts, change } = scripted({ steps: 3, reward: "tools-rl", toolStageSteps: 3 });
    const paid: string[] = [];
    for await (const event of train(parts, at(0))) {
      if (event.type === "group")
        paid.push(...event.rollouts.map(({ step, reward }) => `${step} ${(reward?.parts.tool ?? 0) > 0}`));
      if (event.type === "update" && event.step === 1) change({ toolStageSteps: 1 });
    }
    // The first rollout of each group zooms.
    expect(paid.slice(0, 3)).toEqual(["1 true", "1 false", "1 false"]);
    expect(new Set(paid.slice(6))).toEqual(new Set(["2 false", "3 false"]));
  });

  test("has calls probed before advantages are told, under the settings of the step", async () => {
    const { parts, updates, change } = scripted({ steps: 2, callCredit: 0.5, normAdvByStd: false });
    await expect(collect(train(parts, at(0)))).rejects.toThrow(/needs a model here that can be asked, found none/);
    const asked: [number, number][] = [];
    const probes: TrainingParts["probes"] = {
      worths: async () => [],
      sight: async () => null,
      calls: async ({ rollouts }, tasks, { callCredit }) => {
        asked.push([tasks.length, callCredit]);
        for (const { calls } of rollouts.flat())
          for (const call of calls) call.probe = { from: 0, before: 0, after: 1 };
      },
    };
    const metrics: (number | undefined)[] = [];
    for await (const event of train({ ...parts, probes }, at(0))) {
      if (event.type === "group" && event.step === 1)
        expect(event.rollouts[0]!.calls[0]!.probe).toEqual({ from: 0, before: 0, after: 1 });
      if (event.type === "update") metrics.push(event.metrics["call_credit/mean"]);
      if (event.type === "update" && event.step === 1) change({ callCredit: 0 });
    }
    expect(asked).toEqual([[2, 0.5]]);
    expect(metrics).toEqual([1, undefined]);
    // The call's tokens have the credit over the others' of their rollout.
    const [first] = updates.map(({ groups }) => groups[0]!.sequences[0]!.targets.map(({ advantage }) => advantage!));
    expect(first![0]! - first!.at(-1)!).toBeCloseTo(0.5, 9);
  });

  test("continues after any step with the tasks and samples that the run would have had", async () => {
    const whole = scripted({ steps: 3 });
    const events = await collect(train(whole.parts, at(0)));
    const rest = scripted({ steps: 3 });
    const resumed = await collect(train(rest.parts, at(2)));
    const tasks = (list: TrainEvent[]) =>
      list.flatMap((event) => (event.type === "tasks" && event.step === 3 ? event.tasks : []));
    expect(tasks(resumed)).toEqual(tasks(events));
    expect(tasks(resumed)).toHaveLength(2);
    expect(rest.policy.batches[0]!.sampling).toEqual(whole.policy.batches[2]!.sampling);
    expect(rest.policy.batches[0]!.sampling).toMatchObject({ seed: 3, step: 2 });
  });

  test("counts updates from where the run stands, through passes and steps", async () => {
    const { parts, calls } = scripted({ steps: 4, updatesPerStep: 2, miniBatchTasks: 1 });
    await collect(train(parts, { step: 2, updates: 7 }));
    const updates = calls.filter((line) => line.startsWith("update"));
    expect(updates).toEqual([7, 8, 9, 10, 11, 12, 13, 14].map((before) => `update ${before}`));
  });

  test("evaluates every so many steps, sampled and greedy, on held-out scenes", async () => {
    const { parts, policy } = scripted({ steps: 4, evalEvery: 2 });
    const events = await collect(train(parts, at(0)));
    const evals = events.filter((event) => event.type === "eval");
    expect(evals.map(({ step, greedy, tasks }) => [step, greedy, tasks])).toEqual([
      [2, false, 3],
      [2, true, 3],
      [4, false, 3],
      [4, true, 3],
    ]);
    expect(linesOf(events).filter((line) => /update|eval/.test(line))).toEqual([
      "update 1",
      "update 2",
      "eval 2",
      "eval 2",
      "update 3",
      "update 4",
      "eval 4",
      "eval 4",
    ]);
    const evaluations = policy.batches.filter(({ rolloutsPerPrompt }) => rolloutsPerPrompt === 1);
    expect(evaluations.map(({ sampling }) => sampling.temperature)).toEqual([1, 0, 1, 0]);
    // No random number of training is used again.
    expect(evaluations.every(({ sampling }) => sampling.step >= 2 ** 31)).toBe(true);
  });

  test("evaluates before the first step too where it measures what zooming is worth, and not where a run goes on", async () => {
    const steps = async (first: number) => {
      const { parts } = scripted({ steps: 4, evalEvery: 2, evalCausal: true });
      const events = await collect(train(parts, at(first)));
      return events.flatMap((event) => (event.type === "eval" && !event.greedy ? [event.step] : []));
    };
    expect(await steps(0)).toEqual([0, 2, 4]);
    expect(await steps(2)).toEqual([4]);
  });

  test("an evaluation without anything held out is said to be none, once", async () => {
    const { parts } = scripted({ steps: 4, evalEvery: 2 });
    const source = { ...parts.source, heldOut: async () => [], heldOutNotes: () => ["0 of 6 rows are set apart"] };
    const alarms = async (first: number) =>
      (await collect(train({ ...parts, source }, at(first)))).filter(
        (event) => event.type === "alarm" && /evaluation/.test(event.message),
      );
    expect(await alarms(0)).toEqual([
      {
        type: "alarm",
        step: 2,
        message:
          "No evaluation: nothing is held out of the training that could be asked (0 of 6 rows are set apart); begin a run with --held-out-rows above 0, or set --eval-every to 0",
      },
    ]);
    expect(await alarms(1)).toHaveLength(1);
    expect(await alarms(2)).toHaveLength(0);
  });

  test("emits alarms after the update that raised them", async () => {
    const { parts } = scripted({ steps: 1 });
    const events = await collect(
      train({ ...parts, learner: { update: async (groups) => stillUpdate(groups, Number.NaN) } }, at(0)),
    );
    expect(linesOf(events).slice(-3)).toEqual(["update 1", "alarm 1", "end 1"]);
    expect(events.find((event) => event.type === "alarm")!.message).toMatch(/^The gradient is not a number/);
  });

  test("throws what an update throws, after the groups were emitted", async () => {
    const { parts } = scripted();
    const seen: TrainEvent[] = [];
    const running = async () => {
      for await (const event of train(
        { ...parts, learner: { update: () => Promise.reject(new Error("The GPU device was lost")) } },
        at(0),
      ))
        seen.push(event);
    };
    await expect(running()).rejects.toThrow("The GPU device was lost");
    expect(linesOf(seen).at(-1)).toBe("group 1");
  });

  test("gives the policy's cache back where someone stops in the middle of rolling", async () => {
    const { parts, policy } = scripted();
    for await (const event of train(parts, at(0))) if (event.type === "decode") break;
    expect(policy.batches).toHaveLength(1);
    expect(policy.batches[0]!.closed).toBe(true);
  });
});

/** A judge that answers later, and only for some answers. */
function slowJudge(verdicts: Record<string, boolean | null>, log: string[]): AnswerJudge {
  const { counts } = rulesJudge();
  return {
    name: "hardened",
    counts,
    async verdict({ answer }) {
      counts.asked++;
      log.push(`asked ${answer}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const right = verdicts[answer ?? ""] ?? null;
      if (right !== null) return { right, rule: "script" };
      counts.failed++;
      counts.lastFailure = "the script has none";
      return null;
    },
  };
}

test("rolls as many tasks together as the run wants, with the same events", async () => {
  const groups = async (tasksPerRoll: number) => {
    const { parts, policy } = scripted({ steps: 1, tasksPerStep: 5, tasksPerRoll });
    const events = await collect(train(parts, at(0)));
    return {
      batches: policy.batches.map(({ prompts, sampling }) => [prompts.length, sampling.firstTask]),
      groups: events.filter((event) => event.type === "group"),
    };
  };
  const whole = await groups(0);
  const parts = await groups(2);
  expect([whole.batches, parts.batches]).toEqual([
    [[5, 0]],
    [
      [2, 0],
      [2, 2],
      [1, 4],
    ],
  ]);
  expect(parts.groups).toEqual(whole.groups);
});

describe("a remote judge", () => {
  test("is asked for a group as soon as it has ended, and what it cannot say leaves the group's statistics", async () => {
    const log: string[] = [];
    const { parts, updates } = scripted({ steps: 1, tasksPerStep: 1 });
    const judge = slowJudge({ "1": true, "2": null }, log);
    const events = await collect(train({ ...parts, judge }, at(0)));
    const [group] = events.filter((event) => event.type === "group");
    expect(group!.rollouts.map(({ reward }) => reward?.total ?? null)).toEqual([2, null, null]);
    expect(group!.rollouts.map(({ advantage }) => advantage === null)).toEqual([false, true, true]);
    expect(updates[0]!.groups[0]!.sequences).toHaveLength(1);
    const update = events.find((event) => event.type === "update")!;
    expect(update.metrics).toMatchObject({ "judge/asked": 3, "judge/failed": 2 });
  });

  test("the originals' switch pays 0 where no verdict could be had", async () => {
    const { parts } = scripted({ steps: 1, tasksPerStep: 1, judgeFailure: "zero" });
    const events = await collect(train({ ...parts, judge: slowJudge({ "1": true }, []) }, at(0)));
    const [group] = events.filter((event) => event.type === "group");
    expect(group!.rollouts.map(({ reward }) => reward?.total ?? null)).toEqual([2, 0, 0]);
    expect(group!.rollouts[1]!.reward!.verdict).toBe("no verdict, paid 0");
  });

  test("what is paid where nobody judged is no accuracy, and why stands on the rollout", async () => {
    const { parts } = scripted({ steps: 1, tasksPerStep: 1, judgeFailure: "zero" });
    const events = await collect(train({ ...parts, judge: slowJudge({}, []) }, at(0)));
    const [group] = events.filter((event) => event.type === "group");
    expect(group!.rollouts.map(({ unjudged }) => unjudged)).toEqual(Array(3).fill("The judge gave no verdict"));
    const { metrics } = events.find((event) => event.type === "update")!;
    expect(metrics.reward).toBe(0);
    expect(metrics).not.toHaveProperty("accuracy");
    expect(metrics).not.toHaveProperty("accuracy_with_zoom");
  });

  test("that fails is an alarm at the first step that it fails in, with its share and reason", async () => {
    const { parts } = scripted({ steps: 3, tasksPerStep: 1 });
    const judge = slowJudge({ "1": true, "2": false }, []);
    const events = await collect(train({ ...parts, judge }, at(0)));
    const alarms = events.filter((event) => event.type === "alarm" && event.message.startsWith("The judge gave"));
    expect(alarms).toEqual([
      {
        type: "alarm",
        step: 1,
        message: "The judge gave no verdict for 1 of 3 answers (33 %); the last time: the script has none",
      },
    ]);
  });

  /** Tasks that are no needles, so that rules do not decide them all. */
  const read = (parts: TrainingParts): TaskSource => ({
    ...parts.source,
    take: async (step, count) =>
      (await parts.source.take(step, count)).map((task) => ({
        ...task,
        source: "described",
        answer: "a bowl of cherries",
      })),
  });
  const question = { url: "", model: "fake", canaryRate: 0, timeoutMs: 30_000 };

  test("that refuses all questions ends the run at once, its weights whole", async () => {
    for (const status of [401, 403, 404]) {
      const fake = await openFakeJudge({
        behave: ({ index }) => (index < 2 ? { kind: "reply", text: '{"verdict": 1}' } : { kind: "status", status }),
      });
      const { parts, updates } = scripted({ steps: 9, tasksPerStep: 1 });
      const judge = openJudge({ ...question, url: fake.url });
      const events = await collect(train({ ...parts, source: read(parts), judge }, at(0)));
      await fake.close();
      // Two of the three rollouts of a step have an answer.
      expect(fake.questions.length).toBeLessThan(5);
      const end = events.at(-1)!;
      expect(end).toMatchObject({ type: "end", step: updates.length, reason: "failed" });
      expect((end as { message: string }).message).toMatch(
        new RegExp(
          `\\(${status}\\): "told to fail"; no answer can be judged so: enter the right key, address or model`,
        ),
      );
      expect(events.filter(({ type }) => type === "update")).toHaveLength(updates.length);
    }
  });

  test("that never answers is not waited for once the run is stopped: no update, no end", async () => {
    const fake = await openFakeJudge({ behave: () => ({ kind: "hang" }) });
    const { parts, updates } = scripted({ steps: 9 });
    const judge = openJudge({ ...question, url: fake.url });
    const stop = new AbortController();
    const running = collect(train({ ...parts, source: read(parts), judge, signal: stop.signal }, at(0)));
    while (fake.questions.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const stoppedMs = performance.now();
    stop.abort();
    const events = await running;
    expect(performance.now() - stoppedMs).toBeLessThan(1000);
    await fake.close();
    expect(events.map(({ type }) => type)).not.toContain("end");
    expect(updates).toEqual([]);
    expect(judge.counts.lastFailure).toBeNull();
  });

  test("that never answers is not waited for in an evaluation either", async () => {
    const fake = await openFakeJudge({ behave: () => ({ kind: "hang" }) });
    const { parts } = scripted();
    const judge = openJudge({ ...question, url: fake.url });
    const stop = new AbortController();
    const tasks = await read(parts).take(0, 2);
    const running = evaluate({ ...parts, judge, signal: stop.signal }, tasks, true);
    while (fake.questions.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    await fake.close();
  });

  test("an evaluation that is stopped while it is sampled ends with the signal's reason, whatever stops it", async () => {
    const { parts } = scripted();
    const stop = new AbortController();
    const reason = new Error("enough");
    const tasks = await read(parts).take(0, 2);
    const view = {
      ...parts.view,
      modelInput: (pixels: Pixels) => {
        stop.abort(reason);
        return parts.view.modelInput(pixels);
      },
    };
    await expect(evaluate({ ...parts, view, signal: stop.signal }, tasks, true)).rejects.toBe(reason);
  });

  test("which breaks the rules of its own contract ends the run with its sentence", async () => {
    const { parts } = scripted({ steps: 1 });
    const judge = { ...slowJudge({}, []), verdict: () => Promise.reject(new Error("a bug in the judge")) };
    await expect(collect(train({ ...parts, judge }, at(0)))).rejects.toThrow("a bug in the judge");
  });
});

describe("groups without variance", () => {
  test("are replaced by groups of other tasks, at most so often; the update leaves out those without", async () => {
    const { parts, updates, calls } = scripted({ steps: 1, zeroVariance: "resample", bonus: "none", formatWeight: 0 });
    let asked = 0;
    // The first two groups are all wrong; of the two that replace them one has a right answer.
    const judge: AnswerJudge = {
      ...rulesJudge(),
      verdict: async () => ({ right: asked++ === 6, rule: "script" }),
    };
    const events = await collect(train({ ...parts, judge }, at(0)));
    const tasks = events.filter((event) => event.type === "tasks");
    expect(tasks.map(({ tasks, more = false }) => [tasks.length, more])).toEqual([
      [2, false],
      [2, true],
      [1, true],
      [1, true],
      [1, true],
    ]);
    expect(new Set(tasks.flatMap(({ tasks }) => tasks.map(({ id }) => id))).size).toBe(7);
    expect(events.filter((event) => event.type === "group").map(({ taskIndex }) => taskIndex)).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
    expect(updates[0]!.groups).toHaveLength(1);
    expect(events.find((event) => event.type === "update")!.metrics.dropped_groups).toBe(6);
    expect(calls.filter((line) => line.startsWith("update"))).toHaveLength(1);
  });
});

describe("evaluate", () => {
  test("rolls each held-out task once, in batches with random numbers of their own, and trains nothing", async () => {
    const { parts, policy, updates } = scripted({ rolloutsPerTask: 2, evalTasks: 300 });
    const { metrics } = await evaluate(parts, await parts.source.heldOut(300), false);
    expect(policy.batches.map(({ prompts }) => prompts.length)).toEqual([128, 128, 44]);
    expect(new Set(policy.batches.map(({ sampling }) => sampling.step)).size).toBe(3);
    expect(updates).toEqual([]);
    expect(metrics.zoom_rate).toBe(0.5);
    expect(metrics.accuracy).toBeGreaterThan(0);
  });

  test("rollTasks gives task by task its scored rollouts, without advantages", async () => {
    const { parts, policy } = scripted();
    const rolled = [];
    for await (const one of rollTasks(parts, await parts.source.heldOut(50), { rolloutsPerTask: 3, greedy: true }))
      rolled.push(one);
    expect(policy.batches.map(({ prompts }) => prompts.length)).toEqual([42, 8]);
    expect(rolled.map(({ task }) => task.id)).toEqual(Array.from({ length: 50 }, (_, i) => `needle/3/heldout/0/${i}`));
    for (const { task, rollouts } of rolled) {
      expect(rollouts).toHaveLength(3);
      for (const { reward, advantage, task: of } of rollouts) {
        expect(reward).not.toBeNull();
        expect([advantage, of]).toEqual([null, task.id]);
      }
    }
  });
});
