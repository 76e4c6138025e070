import { describe, expect, it } from "vitest";
import { Player, type PlayerState } from "../../../src/app/run/player.ts";
import type { Asked } from "../../../src/app/worker_api/event_batches.ts";
import type { TrainEvent } from "../../../src/train/events.ts";

const update = (step: number): TrainEvent => ({
  type: "update",
  step,
  metrics: {},
  durationMs: 1,
  rollMs: 1,
  updateMs: 0,
});
const alarm = (step: number): TrainEvent => ({ type: "alarm", step, message: "look" });

/** A run that gives the next event only when asked, and counts how many were asked for at once. */
function manualRun() {
  const asked: Asked[] = [];
  const waiting: ((event: TrainEvent | null | Error) => void)[] = [];
  return {
    waiting,
    asked,
    nextEvents: (what: Asked): Promise<TrainEvent[] | null> => {
      asked.push(what);
      if (what === "settled") return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        waiting.push((event) => (event instanceof Error ? reject(event) : resolve(event && [event])));
      });
    },
    async give(event: TrainEvent | null | Error): Promise<void> {
      expect(waiting).toHaveLength(1);
      waiting.shift()!(event);
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

function listen() {
  const seen = { events: [] as TrainEvent[], states: [] as PlayerState[], errors: [] as string[] };
  return {
    seen,
    event: (event: TrainEvent) => void seen.events.push(event),
    state: (state: PlayerState) => void seen.states.push(state),
    failed: (error: Error) => void seen.errors.push(error.message),
  };
}

describe("player", () => {
  it("asks for nothing until played", () => {
    const run = manualRun();
    expect(new Player(run, listen()).state).toBe("paused");
    expect(run.waiting).toHaveLength(0);
  });

  it("plays until the run is over, one event at a time", async () => {
    const run = manualRun();
    const listener = listen();
    const player = new Player(run, listener);
    const played = player.play();
    await run.give(alarm(1));
    await run.give(update(1));
    await run.give(null);
    await played;
    expect(listener.seen.events).toEqual([alarm(1), update(1)]);
    expect(listener.seen.states).toEqual(["playing", "over"]);
    await player.play();
    expect(run.waiting).toHaveLength(0);
  });

  it("finishes the event under way when paused, then asks for no more", async () => {
    const run = manualRun();
    const listener = listen();
    const player = new Player(run, listener);
    void player.play();
    const paused = player.pause();
    expect(player.state).toBe("paused");
    await run.give(alarm(1));
    await paused;
    expect(listener.seen.events).toEqual([alarm(1)]);
    expect(run.waiting).toHaveLength(0);
    expect(run.asked).toEqual(["frame", "settled"]);
  });

  it("reports what was on its way when it paused", async () => {
    const listener = listen();
    const batches: TrainEvent[][] = [[alarm(1), update(1)], [update(2)]];
    const player = new Player({ nextEvents: async () => batches.shift() ?? null }, listener);
    const played = player.play();
    void player.pause();
    await played;
    expect(listener.seen.events).toEqual([alarm(1), update(1), update(2)]);
    expect(player.state).toBe("paused");
  });

  it("does not ask twice when played again before the event under way arrived", async () => {
    const run = manualRun();
    const player = new Player(run, listen());
    void player.play();
    void player.pause();
    void player.play();
    expect(run.waiting).toHaveLength(1);
    await run.give(alarm(1));
    expect(run.waiting).toHaveLength(1);
  });

  it("steps up to the next update and no further", async () => {
    const run = manualRun();
    const listener = listen();
    const player = new Player(run, listener);
    const stepped = player.step();
    await run.give(alarm(1));
    await run.give(update(1));
    await stepped;
    expect(listener.seen.states).toEqual(["stepping", "paused"]);
    expect(run.waiting).toHaveLength(0);
    expect(run.asked).toEqual(["update", "update", "settled"]);
  });

  it("becomes a step when Step is pressed while playing", async () => {
    const run = manualRun();
    const player = new Player(run, listen());
    void player.play();
    void player.step();
    await run.give(update(1));
    expect(player.state).toBe("paused");
  });

  it("is over after an end event", async () => {
    const run = manualRun();
    const player = new Player(run, listen());
    void player.play();
    await run.give({ type: "end", step: 1, reason: "done" });
    expect(player.state).toBe("over");
    expect(run.waiting).toHaveLength(0);
  });

  it("pauses and reports when the run throws, and can be played again", async () => {
    const run = manualRun();
    const listener = listen();
    const player = new Player(run, listener);
    void player.play();
    await run.give(new Error("the GPU was lost"));
    expect(player.state).toBe("paused");
    expect(listener.seen.errors).toEqual(["the GPU was lost"]);
    void player.play();
    await run.give(update(1));
    expect(listener.seen.events).toEqual([update(1)]);
  });
});
