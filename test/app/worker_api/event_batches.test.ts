import { describe, expect, test } from "vitest";
import { type BatchClock, EventBatches } from "../../../src/app/worker_api/event_batches.ts";

type Event = { type: string; n: number };

/** Time that passes only where a test lets it. */
class HandClock implements BatchClock {
  #now = 0;
  #timers: { at: number; work: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  later(work: () => void, ms: number): void {
    this.#timers.push({ at: this.#now + ms, work });
  }
  /** Lets time pass in steps of a millisecond, and all else happen in between. */
  async pass(ms: number): Promise<void> {
    for (let i = 0; i < ms; i++) {
      this.#now++;
      const due = this.#timers.filter(({ at }) => at <= this.#now);
      this.#timers = this.#timers.filter(({ at }) => at > this.#now);
      for (const { work } of due) work();
      for (let k = 0; k < 20; k++) await Promise.resolve();
    }
  }
}

/** A run whose events take so many milliseconds each; of every `perStep` the last is an update. */
function runAt(clock: HandClock, ms: number, { perStep = 5, count = Number.POSITIVE_INFINITY } = {}) {
  let made = 0;
  const next = (): Promise<Event | null> =>
    new Promise((resolve) =>
      clock.later(() => {
        made++;
        resolve(made > count ? null : { type: made % perStep === 0 ? "update" : "group", n: made });
      }, ms),
    );
  return { next, made: () => made };
}

/** What a page sees that asks again as soon as it has an answer, with the time of each. */
async function watched(batches: EventBatches<Event>, clock: HandClock, ms: number) {
  const messages: { at: number; events: number[] }[] = [];
  let isOver = false;
  const asking = async () => {
    while (!isOver) {
      const events = await batches.next("frame");
      if (events === null) return;
      messages.push({ at: clock.now(), events: events.map(({ n }) => n) });
    }
  };
  const asked = asking();
  await clock.pass(ms);
  isOver = true;
  await clock.pass(200);
  await asked;
  return messages;
}

describe("events in batches", () => {
  test("are one message a frame at most, whatever happens in it, and none is lost or late", async () => {
    const clock = new HandClock();
    // 60 steps a second of 20 events each.
    const run = runAt(clock, 1, { perStep: 20 });
    const messages = await watched(new EventBatches(run.next, clock), clock, 1000);
    for (let i = 1; i < messages.length; i++) expect(messages[i]!.at - messages[i - 1]!.at).toBeGreaterThanOrEqual(16);
    const seen = messages.flatMap(({ events }) => events);
    expect(seen).toEqual(seen.map((_, i) => i + 1));
    expect(messages.length).toBeLessThanOrEqual(62);
    expect(seen.length).toBeGreaterThan(900);
  });

  test("come at once where little happens", async () => {
    const clock = new HandClock();
    const run = runAt(clock, 300);
    const messages = await watched(new EventBatches(run.next, clock), clock, 1000);
    expect(messages.slice(0, 3)).toEqual([
      { at: 300, events: [1] },
      { at: 600, events: [2] },
      { at: 900, events: [3] },
    ]);
  });

  test("are made ahead for a moment while nobody asks, and no longer", async () => {
    const clock = new HandClock();
    const run = runAt(clock, 1);
    const batches = new EventBatches(run.next, clock);
    const first = batches.next("frame");
    await clock.pass(20);
    await first;
    await clock.pass(1000);
    expect(run.made()).toBeGreaterThan(50);
    expect(run.made()).toBeLessThan(125);
  });

  test("end with a step where one was asked for, and are all there where it settles", async () => {
    const clock = new HandClock();
    const run = runAt(clock, 1);
    const batches = new EventBatches(run.next, clock);
    // The first event of all comes at once, the others a frame later.
    const begun = batches.next("update");
    await clock.pass(50);
    expect((await begun)!.map(({ n }) => n)).toEqual([1]);
    expect((await batches.next("update"))!.map(({ n }) => n)).toEqual([2, 3, 4, 5]);
    expect(run.made()).toBe(5);
    const playing = batches.next("frame");
    await clock.pass(40);
    const seen = (await playing)!.map(({ n }) => n);
    const settled = batches.next("settled");
    await clock.pass(40);
    const rest = (await settled)!.map(({ n }) => n);
    expect([...seen, ...rest].at(-1)).toBe(run.made());
    const { length } = [...seen, ...rest];
    await clock.pass(200);
    expect(run.made()).toBe(5 + length);
  });

  test("come before the error behind them, and before the end", async () => {
    const clock = new HandClock();
    const events = [1, 2];
    const batches = new EventBatches<Event>(async () => {
      const n = events.shift();
      if (n === undefined) throw new Error("The GPU device was lost");
      return { type: "group", n };
    }, clock);
    expect((await batches.next("frame"))!.map(({ n }) => n)).toEqual([1, 2]);
    await expect(batches.next("frame")).rejects.toThrow("The GPU device was lost");
    const few = new EventBatches(runAt(clock, 1, { count: 2 }).next, clock);
    const first = few.next("frame");
    await clock.pass(40);
    expect((await first)!.map(({ n }) => n)).toEqual([1]);
    expect((await few.next("frame"))!.map(({ n }) => n)).toEqual([2]);
    expect(await few.next("frame")).toBeNull();
  });
});
