import { expect, test } from "vitest";
import { noSummary, resultOf, withEvent, withLines } from "../../../src/app/run/run_summary.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";

const head = (resumedAt: number): TrainEvent => ({
  type: "run",
  format: 2,
  config: resolveConfig({}),
  model: { name: "needle", parameters: 1 },
  adapter: "A card",
  resumedAt,
  startedAt: "2026-01-01",
});
const update = (step: number, accuracy?: number): TrainEvent => ({
  type: "update",
  step,
  metrics: { reward: step / 10, zoom_rate: 0.5, ...(accuracy !== undefined && { accuracy }) },
  durationMs: 10,
  rollMs: 5,
  updateMs: 5,
});
const evaluation = (step: number, greedy: boolean, accuracy: number): TrainEvent => ({
  type: "eval",
  step,
  greedy,
  tasks: 8,
  metrics: { accuracy, zoom_rate: 1 },
  durationMs: 1,
});

test("a run is summed up by the mean of its last ten steps and the best ten in a row", () => {
  const accuracies = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const events = [head(0), ...accuracies.map((accuracy, i) => update(i + 1, accuracy))];
  const summary = events.reduce(withEvent, noSummary);
  expect(summary).toMatchObject({ device: "A card", step: 22, trainedMs: 220, end: null });
  expect(summary.recent).toHaveLength(10);
  // Steps 4 to 13 are the first ten in a row with three right ones.
  expect(resultOf(summary)).toMatchObject({
    accuracy: 0.1,
    best: { step: 13, accuracy: 0.3 },
    zoomRate: 0.5,
    isHeldOut: false,
  });
  expect(resultOf(summary).reward).toBeCloseTo(1.75);
});

test("the first step alone is not the best of a long run", () => {
  const all = [1, ...Array.from({ length: 9 }, () => 0)].map((accuracy, i) => update(i + 1, accuracy));
  expect(resultOf(all.slice(0, 1).reduce(withEvent, noSummary)).best).toEqual({ step: 1, accuracy: 1 });
  expect(resultOf(all.reduce(withEvent, noSummary)).best).toEqual({ step: 10, accuracy: 0.1 });
});

test("sampled evaluations on held-out tasks count before training steps", () => {
  const events = [
    head(0),
    update(1, 0.1),
    evaluation(1, false, 0.8),
    evaluation(1, true, 0.95),
    evaluation(2, false, 0.7),
  ];
  expect(resultOf(events.reduce(withEvent, noSummary))).toEqual({
    accuracy: 0.7,
    best: { step: 1, accuracy: 0.8 },
    zoomRate: 1,
    calls: null,
    gain: null,
    harm: null,
    reward: 0.1,
    seconds: 0.01,
    device: "A card",
    isHeldOut: true,
  });
});

test("calls of steps; calls, gain and harm of an evaluation that measured them", () => {
  const step = update(1, 0.1) as Extract<TrainEvent, { type: "update" }>;
  const trained = withEvent(noSummary, { ...step, metrics: { ...step.metrics, calls_ok: 2.5 } });
  expect(resultOf(trained)).toMatchObject({ calls: 2.5, gain: null, harm: null, isHeldOut: false });
  const found = evaluation(1, false, 0.8) as Extract<TrainEvent, { type: "eval" }>;
  const metrics = { ...found.metrics, calls_ok: 2, "causal/gain": 0.6, "causal/harm": 0.02 };
  expect(resultOf(withEvent(trained, { ...found, metrics }))).toMatchObject({ calls: 2, gain: 0.6, harm: 0.02 });
});

test("lines of a log give the same, wherever they are cut; damaged ones count nothing", () => {
  const events = [head(0), update(1, 0.2), update(2), evaluation(2, false, 0.5), update(3, 0.4)];
  const end: TrainEvent = { type: "end", step: 3, reason: "done" };
  const lines = [...events, end].map((event) => `${JSON.stringify(event)}\n`);
  const whole = [...events, end].reduce(withEvent, noSummary);
  expect(whole.end).toBe("done");
  for (let cut = 0; cut <= lines.length; cut++)
    expect(withLines(withLines(noSummary, lines.slice(0, cut).join("")), lines.slice(cut).join(""))).toEqual(whole);
  expect(withLines(noSummary, '{"type":"update","step":1,"met\n{"type":"tasks"}\n')).toEqual(noSummary);
});

test("a run that begins anew forgets, one that goes on does not; nothing judged is no accuracy of 0", () => {
  const made = [head(0), update(1, 1)].reduce(withEvent, noSummary);
  expect(withEvent(made, head(1))).toMatchObject({ step: 1, recent: [{ accuracy: 1 }] });
  expect(withEvent(made, head(0)).recent).toEqual([]);
  expect(resultOf(withEvent(noSummary, update(1)))).toMatchObject({ accuracy: null, best: null });
});
