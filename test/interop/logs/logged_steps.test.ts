import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { eventsOf } from "../../../src/app/run/log_reader.ts";
import { type Logged, type LoggedStep, loggedSteps } from "../../../src/interop/logs/logged_steps.ts";
import { listsOf } from "../../../src/interop/step_metrics.ts";
import { trlMetrics } from "../../../src/interop/trl/metrics.ts";
import { verlMetrics } from "../../../src/interop/verl/metrics.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import { linesOf, loggedEvents, unjudgedRollout, zoomedRollout } from "../../support/logged_run.ts";
import { needleTask } from "../../support/rollouts.ts";

async function read(lines: readonly string[]): Promise<Logged[]> {
  const log: Logged[] = [];
  for await (const one of loggedSteps(eventsOf(lines, "events.jsonl"), "first")) log.push(one);
  return log;
}

const lines = linesOf(loggedEvents);
type Of<K extends TrainEvent["type"]> = Extract<TrainEvent, { type: K }>;
const [head, tasks, group, update] = loggedEvents as [Of<"run">, Of<"tasks">, Of<"group">, Of<"update">];

describe("the steps of a log", () => {
  test("count tokens of continuations, and nothing else of them", async () => {
    const [prompt, call] = zoomedRollout.segments;
    const continuation: Rollout = {
      ...zoomedRollout,
      id: "0·0·2",
      rolloutIndex: 2,
      reward: { ...zoomedRollout.reward!, total: 100 },
      continues: { rollout: "0·0·0", token: prompt!.tokens.length + 1 },
    };
    const stepOf = async (rollouts: Rollout[]) => {
      const found = await read(linesOf([head, tasks, { ...group, rollouts }, update]));
      return found[0] as LoggedStep;
    };
    const plain = await stepOf([zoomedRollout, unjudgedRollout]);
    const continued = await stepOf([zoomedRollout, unjudgedRollout, continuation]);
    expect(continued.groups[0]!.rollouts).toHaveLength(3);
    const names = Object.keys(plain.metrics).filter((name) => continued.metrics[name] !== plain.metrics[name]);
    expect(names.sort()).toEqual(["perf/throughput", "perf/total_num_tokens", "timing_per_token_ms/update_actor"]);
    const own = continuation.segments.reduce((n, segment) => n + segment.tokens.length, 0) - prompt!.tokens.length - 1;
    const [tokens, before] = [continued, plain].map(({ metrics }) => metrics["perf/total_num_tokens"]!);
    expect(tokens! - before!).toBe(own);
    expect(own).toBeGreaterThan(call!.tokens.length);
  });

  test("come with their rollouts, their time, and metrics under every name", async () => {
    const log = await read(lines);
    expect(log.map(({ kind, step, endedAtMs }) => [kind, step, endedAtMs])).toEqual([
      ["step", 1, 1_600_000_000_250],
      ["step", 2, 1_600_000_000_500],
      ["evaluation", 2, 1_600_000_001_500],
    ]);
    const step = log[0] as LoggedStep;
    expect(step.groups).toEqual([{ task: needleTask, rollouts: [zoomedRollout, unjudgedRollout] }]);
    expect(step.metrics).toMatchObject({
      accuracy: 1,
      reward: 1.75,
      "critic/score/mean": 2,
      "actor/pg_loss": 0.25,
      "timing_s/gen": 0.1,
      "rewards/zoom/mean": 1.2,
    });
    for (const one of log) expect(one).toMatchObject({ run: "first", config: { steps: 2 } });
    expect(log[2]).toMatchObject({ greedy: true, metrics: { accuracy: 0.5 } });
  });

  test("count TRL's tokens through the run, until a step's rollouts were not kept", async () => {
    const [one, two] = (await read(lines)) as [LoggedStep, LoggedStep];
    expect(one.metrics.num_tokens).toBeGreaterThan(0);
    expect(two.metrics.num_tokens).toBe(2 * one.metrics.num_tokens!);
    const thinned = await read(linesOf([head, update, tasks, group, { ...update, step: 2 } as TrainEvent]));
    expect(thinned.map(({ metrics }) => metrics.num_tokens)).toEqual([undefined, undefined]);
    expect(thinned[0]!.metrics).toMatchObject({ accuracy: 1, "actor/grad_norm": 2 });
    expect(thinned[0]!.metrics).not.toHaveProperty(["perf/throughput"]);
  });

  test("of a log of an earlier version, which has the others' names in its events, are the same", async () => {
    const withOthersNames = loggedEvents.map((event): TrainEvent => {
      if (event.type !== "update") return event;
      const lists = listsOf({
        rollouts: [[zoomedRollout, unjudgedRollout]],
        metrics: event.metrics,
        timings: event,
        limits: head.config,
      });
      const { num_tokens: _, ...derived } = { ...verlMetrics(lists), ...trlMetrics(lists) };
      return { ...event, metrics: { ...derived, ...event.metrics } };
    });
    const earlier = linesOf(withOthersNames);
    expect(earlier[3]!.length).toBeGreaterThan(lines[3]!.length);
    expect(await read(earlier)).toEqual(await read(lines));
  });

  test("take tasks that came in the place of others with them", async () => {
    const later = { ...needleTask, id: "later", answer: "4" };
    const log = await read(
      linesOf([
        head,
        tasks,
        { type: "tasks", step: 1, tasks: [later], more: true },
        group,
        { type: "group", step: 1, taskIndex: 1, rollouts: [zoomedRollout] },
        update,
      ]),
    );
    expect((log[0] as LoggedStep).groups.map(({ task }) => task.answer)).toEqual(["9", "4"]);
  });

  test("leave out what was begun when the run stopped", async () => {
    const log = await read(linesOf([head, tasks, group, tasks, group, update]));
    expect(log).toHaveLength(1);
    expect((log[0] as LoggedStep).groups).toHaveLength(1);
  });

  test("read null, as JSON has it, as what is not a number", async () => {
    const [step] = await read([
      lines[0]!,
      '{"type":"update","step":1,"metrics":{"loss":null},"durationMs":1,"rollMs":1,"updateMs":0}',
    ]);
    expect(step!.metrics.loss).toBeNaN();
  });

  test("follow the head of a resumed run", async () => {
    const responseTokens = zoomedRollout.segments.slice(1).reduce((sum, { tokens }) => sum + tokens.length, 0);
    const [step] = await read(
      linesOf([head, { ...head, config: { ...head.config, responseTokens } }, tasks, group, update]),
    );
    expect(step!.metrics["response_length/clip_ratio"]).toBe(0.5);
  });
});

describe("a log that is", () => {
  test("cut off in its last line is read without it", async () => {
    expect(await read([...lines.slice(0, 5), '{"type":"tas'])).toHaveLength(1);
  });

  test.each([
    ["broken in the middle", [lines[0]!, "{", lines[1]!], "events.jsonl, line 2 is not JSON; choose"],
    [
      "of a warm start",
      ['{"type":"warmup"}'],
      'events.jsonl does not begin with a "run" event but with "warmup"; choose the folder that train wrote',
    ],
    ["not of events", ["null"], 'Line 1 of events.jsonl is not an event of a run (it has no "type")'],
    ["of another format", ['{"type":"run","format":3}'], "events.jsonl has log format 3, this version reads 1 and 2"],
    ["empty", [], "events.jsonl is empty"],
    [
      "of values of other types",
      linesOf([head, { ...tasks, tasks: [{ ...tasks.tasks[0]!, answer: {} as string }] }]),
      "events.jsonl, line 2, tasks[0].answer: expected text, found an object",
    ],
    ["without tasks", linesOf([head, group]), "rollouts of step 1 without their tasks"],
  ])("%s is refused", async (_, given, message) => {
    await expect(read(given)).rejects.toThrow(message);
  });
});
