import { describe, expect, it, vi } from "vitest";
import { ReplayControl } from "../../../../src/app/web/run/replay_control.ts";
import { emptyRun, fold, type RunState } from "../../../../src/app/web/run/run_state.ts";
import { Store } from "../../../../src/app/web/run/store.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import type { TrainEvent } from "../../../../src/train/events.ts";
import { fakeEvents } from "../../../support/fake_run.ts";

const config = resolveConfig({ seed: 3, steps: 4, tasksPerStep: 2, rolloutsPerTask: 3, evalEvery: 2 });
const events = [...fakeEvents(config)];
const foldAll = (list: readonly TrainEvent[], keep?: number): RunState =>
  list.reduce((state, event) => fold(state, event, keep), emptyRun);
/** The state after the first event of a type. */
const stateAfter = (type: TrainEvent["type"]): RunState =>
  foldAll(events.slice(0, events.findIndex((event) => event.type === type) + 1));

describe("the fold of a run's events", () => {
  it("holds curves, groups and the end of a whole run", () => {
    const run = foldAll(events);
    expect(run.step).toBe(4);
    expect(run.updates.map((point) => point.step)).toEqual([1, 2, 3, 4]);
    expect(run.evals.map((point) => point.step)).toEqual([2, 4]);
    expect(run.steps.map((record) => record.step)).toEqual([1, 2, 3, 4]);
    expect(run.steps[0]!.groups.map((group) => group!.length)).toEqual([3, 3]);
    expect(run.steps[0]!.groups[1]![2]!.id).toBe("1·1·2");
    expect(run.end?.reason).toBe("done");
  });

  it("says what the run is doing, event by event", () => {
    expect(emptyRun.phase).toEqual({ name: "idle" });
    expect(stateAfter("tasks").phase).toEqual({ name: "encoding", rollouts: 6 });
    expect(stateAfter("decode").phase).toEqual({
      name: "sampling",
      turn: 1,
      tokens: 18,
      waiting: 5,
      done: 0,
      rollouts: 6,
    });
    const groups = events.findIndex((event) => event.type === "group");
    expect(foldAll(events.slice(0, groups)).phase).toMatchObject({
      name: "sampling",
      tokens: 108,
      done: 6,
      rollouts: 6,
    });
    const lastGroup = events.findIndex((event) => event.type === "update");
    expect(foldAll(events.slice(0, lastGroup)).phase).toEqual({ name: "updating" });
    expect(stateAfter("update").phase).toEqual({ name: "idle" });
    const second = events.findIndex((event) => event.type === "update" && event.step === 2);
    expect(foldAll(events.slice(0, second + 1)).phase).toEqual({ name: "evaluating" });
    expect(stateAfter("end").phase).toEqual({ name: "over" });
  });

  it("keeps the newest steps' rollouts only, and all points of the curves", () => {
    const run = foldAll(events, 2);
    expect(run.steps.map((record) => record.step)).toEqual([3, 4]);
    expect(run.updates).toHaveLength(4);
  });

  it("does not change the state it was given", () => {
    const before = stateAfter("group");
    const copy = structuredClone(before);
    fold(before, { type: "update", step: 1, metrics: {}, durationMs: 1, rollMs: 1, updateMs: 0 });
    expect(before).toEqual(copy);
  });

  it("measures tokens per second of sampling, where the log has the time", () => {
    const timed = fold(stateAfter("tasks"), {
      type: "update",
      step: 1,
      metrics: { response_tokens: 10 },
      durationMs: 9,
      rollMs: 500,
      updateMs: 1,
    });
    expect(timed.updates[0]!.metrics.tokens_per_second).toBe(120);
    const untimed = fold(stateAfter("tasks"), {
      type: "update",
      step: 1,
      metrics: { response_tokens: 10 },
      durationMs: 9,
    } as unknown as TrainEvent);
    expect(untimed.updates[0]!.metrics).toEqual({ response_tokens: 10, "time/step_s": 0.009 });
  });

  it("adds times, memory and the sum of failed calls to a step's metrics", () => {
    const { updates } = fold(stateAfter("tasks"), {
      type: "update",
      step: 1,
      metrics: { "call_error/bad_box": 0.25, "call_error/not_json": 0.5 },
      durationMs: 3000,
      rollMs: 2000,
      updateMs: 1000,
      peakMemoryBytes: 2 ** 31,
    });
    expect(updates[0]!.metrics).toMatchObject({
      "time/step_s": 3,
      "time/roll_s": 2,
      "time/update_s": 1,
      "memory/peak_gib": 2,
      failed_calls: 0.75,
    });
  });

  it("remembers what settings were changed, from what, and at which step; also by going on", () => {
    const changed = fold(stateAfter("update"), {
      type: "config",
      step: 3,
      changes: { temperature: 0.5, tasksPerStep: config.tasksPerStep },
    });
    const change = { step: 3, before: { temperature: config.temperature }, after: { temperature: 0.5 } };
    expect(changed.changes).toEqual([change]);
    // What was changed after the checkpoint is made anew.
    const head = { ...changed.head!, resumedAt: 2 };
    const back = fold(changed, { ...head, config });
    expect(back.changes).toEqual([
      { step: 3, before: { temperature: 0.5 }, after: { temperature: config.temperature } },
    ]);
    expect(fold(changed, { ...head, resumedAt: 7, config: { ...config, temperature: 0.5 } }).changes).toEqual([change]);
  });

  it("takes over a knob that was changed during the run", () => {
    const run = fold(stateAfter("update"), { type: "config", step: 1, changes: { temperature: 0.5 } });
    expect(run.config).toEqual({ ...config, temperature: 0.5 });
  });

  it("goes on after the checkpoint of a resumed run and forgets what came later", () => {
    const resumed = { ...(events[0] as Extract<TrainEvent, { type: "run" }>), resumedAt: 2 };
    const run = fold(foldAll(events), resumed);
    expect(run.step).toBe(2);
    expect(run.updates.map((point) => point.step)).toEqual([1, 2]);
    expect(run.steps.map((record) => record.step)).toEqual([1, 2]);
    expect(run.end).toBeNull();
  });

  it("starts empty with a fresh head", () => {
    expect(fold(foldAll(events), events[0]!)).toEqual(foldAll(events.slice(0, 1)));
  });

  it("passes over events that it does not know", () => {
    const run = stateAfter("update");
    expect(fold(run, { type: "weather", step: 1 } as unknown as TrainEvent)).toBe(run);
  });
});

describe("the store", () => {
  const filled = (): Store => {
    const store = new Store();
    for (const event of events) store.receive(event);
    store.publish();
    return store;
  };

  it("shows the newest whole step and, where nobody chose, a rollout of it that zoomed", () => {
    const store = filled();
    expect(store.record.value?.step).toBe(4);
    expect(store.chosen.value?.rollout.id).toMatch(/^4·/);
    expect(store.chosen.value?.step).toBe(4);
    expect(store.chosen.value?.rollout.calls).not.toHaveLength(0);
  });

  it("shows the last whole step while the next is being sampled", () => {
    const store = new Store();
    const second = events.findIndex((event) => event.type === "group" && event.step === 1);
    for (const event of events.slice(0, second + 1)) store.receive(event);
    store.publish();
    expect(store.record.value?.step).toBe(1);
  });

  it("keeps a pinned rollout after its step has left memory", () => {
    const store = filled();
    store.pinned.value = "1·0·1";
    expect(store.chosen.value?.rollout.id).toBe("1·0·1");
    for (let step = 5; step < 60; step++) store.receive({ type: "tasks", step, tasks: [] });
    store.publish();
    expect(store.live.value.steps.some((record) => record.step === 1)).toBe(false);
    expect(store.chosen.value?.rollout.id).toBe("1·0·1");
  });

  it("shows no rollout of another run under its id, and keeps no branches of two logs of one name together", () => {
    const store = new Store();
    const replay = new ReplayControl(store);
    const open = (seed: number, startedAt: string, most: number) => {
      const made = [...fakeEvents({ ...config, seed })].flatMap((event): TrainEvent[] => {
        if (event.type === "run") return [{ ...event, startedAt }];
        return event.type === "group" && event.step > most ? [] : [event];
      });
      replay.open(
        { name: "events.jsonl", link: "file:events.jsonl", about: null, origin: "file", unreadKnobs: new Set() },
        made,
      );
    };
    open(3, "2026-01-01T00:00:00.000Z", 4);
    const tree = store.tree.value;
    store.pinned.value = "4·0·1";
    expect(store.chosen.value?.rollout.id).toBe("4·0·1");
    replay.seek(1);
    expect(store.tree.value).toBe(tree);
    // The same name, another run, without that step.
    open(4, "2026-01-02T00:00:00.000Z", 2);
    expect(store.tree.value).not.toBe(tree);
    store.pinned.value = "4·0·1";
    expect(store.chosen.value?.rollout.id).not.toBe("4·0·1");
    replay.close();
    expect(store.tree.value).toBeNull();
  });

  it("names the knobs that wait for a new run", () => {
    const store = filled();
    store.changes.value = { ...config, objects: 6, temperature: 0.5 };
    expect(store.pending.value).toEqual(["objects"]);
  });

  it("sets a run with curves aside for comparison when it starts over", () => {
    const store = filled();
    store.startOver();
    expect(store.previous.value?.updates).toHaveLength(4);
    expect(store.live.value).toBe(emptyRun);
    store.startOver();
    expect(store.previous.value?.updates).toHaveLength(4);
  });
});

describe("the step that is shown while steps fly by", () => {
  const updates = events.flatMap((event, i) => (event.type === "update" ? i + 1 : []));
  const through = (store: Store, from: number, to: number): void => {
    for (const event of events.slice(from, to)) store.receive(event);
    store.publish();
  };

  it("stays long enough to be looked at, and is the newest once the run stands still", () => {
    vi.useFakeTimers();
    try {
      const store = new Store();
      store.player.value = "playing";
      through(store, 0, updates[0]!);
      expect(store.record.value?.step).toBe(1);
      vi.advanceTimersByTime(200);
      through(store, updates[0]!, updates[1]!);
      expect(store.record.value?.step).toBe(1);
      vi.advanceTimersByTime(1400);
      through(store, updates[1]!, updates[2]!);
      expect(store.record.value?.step).toBe(3);
      vi.advanceTimersByTime(200);
      through(store, updates[2]!, updates[3]!);
      expect(store.record.value?.step).toBe(3);
      store.player.value = "paused";
      expect(store.record.value?.step).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a log that was shortened", () => {
  it("shows a step's groups that are there, and no step without groups", () => {
    const kept = events.filter(
      (event) =>
        !(event.type === "tasks" && event.step === 2) &&
        !(event.type === "group" && (event.step === 2 || event.taskIndex === 0)),
    );
    const run = foldAll(kept);
    expect(run.updates).toHaveLength(4);
    expect(run.steps.map(({ step, tasks, groups }) => [step, tasks.length, groups[0]![0]!.taskIndex])).toEqual([
      [1, 1, 1],
      [3, 1, 1],
      [4, 1, 1],
    ]);
  });
});
