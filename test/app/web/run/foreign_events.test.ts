import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventsOf } from "../../../../src/app/run/log_reader.ts";
import { readEventsFile } from "../../../../src/app/web/browser/events_file.ts";
import { foldAll } from "../../../../src/app/web/run/run_state.ts";
import { loggedSteps } from "../../../../src/interop/logs/logged_steps.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import { fakeEvents } from "../../../support/fake_run.ts";
import { mutatedLogs } from "../../../support/mutations.ts";

const config = resolveConfig({ steps: 2, tasksPerStep: 2, rolloutsPerTask: 2, evalEvery: 1 });
const events = [...fakeEvents(config)];
for (const event of events)
  if (event.type === "group") {
    const [first, second] = event.rollouts;
    first!.continuedAt = 40;
    second!.continues = { rollout: first!.id, token: 40 };
  }
const lines = events.map((event) => JSON.stringify(event));
lines.push(
  '{"type":"config","step":1,"changes":{"temperature":0.5}}',
  '{"type":"alarm","step":1,"message":"look"}',
  '{"type":"checkpoint","step":1,"path":"a"}',
  '{"type":"mark","step":1,"mark":{"rollout":"1·0·0","note":"odd","tags":["blur"],"judgeWrong":true,"madeAt":"2026-01-02T03:04:05Z"}}',
);

/** What is said of a log that is refused as a whole. */
const refusal =
  /^(Line 1 of x is not (?:an event|the head) of a run \(.+\)|x does not begin with a "run" event|x has log format)/;

test("a log with one value changed is read, or refused by its head; what is read is what a run writes", () => {
  let leftOut = 0;
  let refused = 0;
  const count = 1500;
  for (const { what, log } of mutatedLogs(lines, 7, count)) {
    let read: ReturnType<typeof readEventsFile>;
    try {
      read = readEventsFile("x", log);
    } catch (error) {
      refused++;
      expect((error as Error).message, what).toMatch(refusal);
      expect(what).toMatch(/^line 1,/);
      continue;
    }
    if (read.leftOut > 0) leftOut++;
    expect(read.notices.length > 0, what).toBe(
      read.leftOut > 0 || read.notices.some((line) => line.includes("does not know")),
    );
    foldAll(read.events);
    const again = readEventsFile("x", read.events.map((event) => JSON.stringify(event)).join("\n"));
    expect(again.leftOut, what).toBe(0);
    expect(JSON.stringify(again.events) === JSON.stringify(read.events), what).toBe(true);
  }
  expect(leftOut).toBeGreaterThan(count / 4);
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(count / 4);
});

test("what the page would leave out, a log for other programs refuses in one sentence", async () => {
  for (const { what, log } of mutatedLogs(lines, 8, 500)) {
    let left: number | null = null;
    try {
      left = readEventsFile("x", log).leftOut;
    } catch {
      // Refused there as well.
    }
    let sentence: string | null = null;
    try {
      for await (const _ of loggedSteps(eventsOf(log.split("\n"), "x"), "x"));
    } catch (error) {
      expect(error, what).not.toBeInstanceOf(TypeError);
      sentence = (error as Error).message;
    }
    if (left !== 0) expect(sentence, what).toMatch(/x/);
    expect(sentence ?? "", what).not.toMatch(/\n|undefined is|cannot read/i);
  }
});

test("the sentence of a shipped log is that nothing is wrong with it", () => {
  const path = new URL("../../../golden/faults/hostile/events-import-fetches.jsonl", import.meta.url);
  expect(readEventsFile("x", readFileSync(path, "utf8"))).toMatchObject({ notices: [], leftOut: 0 });
});
