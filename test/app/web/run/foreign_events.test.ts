import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Rollout } from "../../../../src/agent/rollout.ts";
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
    first!.continuedAt = 12;
    second!.continues = { rollout: first!.id, token: 12 };
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

/** The log with its first group's rollouts changed. */
function changedGroup(change: (rollouts: Rollout[]) => void): string[] {
  const group = structuredClone(events.find((event) => event.type === "group")!);
  change(group.rollouts);
  return [lines[0]!, lines.find((line) => line.startsWith('{"type":"tasks"'))!, JSON.stringify(group)];
}

test.each<[what: string, change: (rollouts: Rollout[]) => void, said: string]>([
  ["itself", ([, one]) => (one!.continues!.rollout = one!.id), "continues none itself"],
  [
    "one that continues it",
    ([first, one]) => (first!.continues = { rollout: one!.id, token: 1 }),
    "continues none itself",
  ],
  ["a rollout of another step", ([, one]) => (one!.continues!.rollout = "9·0·0"), 'found text "9·0·0"'],
  ["what was never written", ([, one]) => (one!.continues!.token = 1e6), "found 1000000"],
])("a rollout that continues %s is read as one that continues none", (_, change, said) => {
  const read = readEventsFile("x", changedGroup(change).join("\n"));
  expect(read.notices.join()).toContain(said);
  const group = read.events.find((event) => event.type === "group")!;
  expect(group.rollouts).toHaveLength(2);
  const continued = group.rollouts.filter(({ continues }) => continues);
  for (const { continues } of continued) expect(continues!.rollout).toBe(group.rollouts[0]!.id);
});

test("a probe that is no probability is left out, and another program's log says so once", async () => {
  const changed = changedGroup(([one]) => {
    const call = { segment: 1, name: "image_zoom_in_tool", outcome: "ok" };
    one!.calls = [Number.NaN, -1, 2, 0.5].map((before) => ({ ...call, probe: { from: 0, before, after: 1 } }));
  });
  const read = readEventsFile("x", changed.join("\n"));
  expect(read.leftOut).toBe(3);
  const group = read.events.find((event) => event.type === "group")!;
  expect(group.rollouts[0]!.calls.map(({ probe }) => probe?.before)).toEqual([undefined, undefined, undefined, 0.5]);
  const refused = await Array.fromAsync(eventsOf(changed, "x")).catch((error: Error) => error.message);
  expect(refused).toBe(
    "x, line 3, rollouts[0].calls[0].probe.before: expected a probability, 0 to 1, found null; choose the folder that train wrote, or remove the line",
  );
});

test("a log whose rollouts are continued is read as a whole", () => {
  expect(readEventsFile("x", lines.join("\n"))).toMatchObject({ notices: [], leftOut: 0 });
});

test("the sentence of a shipped log is that nothing is wrong with it", () => {
  const path = new URL("../../../golden/faults/hostile/events-import-fetches.jsonl", import.meta.url);
  expect(readEventsFile("x", readFileSync(path, "utf8"))).toMatchObject({ notices: [], leftOut: 0 });
});
