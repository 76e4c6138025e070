import { expect, test } from "vitest";
import { type Clock, DawnPolls } from "../../../src/app/deno/gpu/dawn_polls.ts";

/** Time that passes only while it is waited for; a turn of the event loop takes 2 microseconds. */
class FakeClock implements Clock {
  ms = 0;
  #due: { at: number; work: () => void }[] = [];
  now = () => this.ms;
  soon = (work: () => void) => this.later(work, 0.002);
  later = (work: () => void, ms: number) => {
    this.#due.push({ at: this.ms + ms, work });
  };
  /** Lets time pass until nothing is waited for. */
  run() {
    while (this.#due.length > 0) {
      this.#due.sort((a, b) => a.at - b.at);
      const { at, work } = this.#due.shift()!;
      this.ms = Math.max(this.ms, at);
      work();
    }
  }
}

/** Dawn as it waits for work that ends at `endMs`: looks, and asks for another look while it is not done. Returns when it saw the end. */
function wait(polls: DawnPolls, clock: FakeClock, endMs: number): number {
  let seen = Number.NaN;
  const look = () => {
    if (clock.now() >= endMs) seen = clock.now();
    else polls.schedule(look);
  };
  polls.schedule(look);
  clock.run();
  return seen;
}

test.each([
  [0.05, 40],
  [1, 160],
  [50, 450],
  [10_000, 1500],
  [300_000, 31_000],
])("a wait of %f ms takes at most %i looks and is seen to end within 2 % or 10 ms", (ms, looks) => {
  const clock = new FakeClock();
  const polls = new DawnPolls(clock);
  const seen = wait(polls, clock, ms);
  expect(seen - ms).toBeGreaterThanOrEqual(0);
  expect(seen - ms).toBeLessThanOrEqual(Math.min(10, 0.02 * ms + 0.01));
  expect(polls.count).toBeLessThanOrEqual(looks);
});

test("the next wait is looked at often again", () => {
  const clock = new FakeClock();
  const polls = new DawnPolls(clock);
  const first = wait(polls, clock, 5000);
  expect(wait(polls, clock, first + 0.1) - first).toBeLessThan(0.12);
});

test("what begins while something long is waited for is looked at often too", () => {
  const clock = new FakeClock();
  const polls = new DawnPolls(clock);
  let shortSeen = Number.NaN;
  const look = () => {
    if (clock.now() >= 3000.5 && Number.isNaN(shortSeen)) shortSeen = clock.now();
    if (clock.now() < 6000) polls.schedule(look);
  };
  polls.schedule(look);
  clock.later(() => polls.begin(), 3000);
  clock.run();
  expect(shortSeen - 3000.5).toBeLessThan(0.02);
  expect(polls.count).toBeGreaterThan(600);
});
