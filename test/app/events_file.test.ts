import { describe, expect, it } from "vitest";
import { readEventsFile } from "../../src/app/web/events_file.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeEvents } from "../support/fake_run.ts";

const events = [...fakeEvents(resolveConfig({ steps: 2, tasksPerStep: 1, rolloutsPerTask: 2 }))];
const text = events.map((event) => JSON.stringify(event)).join("\n");

describe("a log opened from a file", () => {
  it("reads every line, with and without a line end after the last", () => {
    expect(readEventsFile("events.jsonl", text)).toEqual({ events, notice: null });
    expect(readEventsFile("events.jsonl", `${text}\r\n\n`)).toEqual({ events, notice: null });
  });

  it("leaves out a last line that is cut off, and says so", () => {
    const { events: read, notice } = readEventsFile("events.jsonl", text.slice(0, -5));
    expect(read).toEqual(events.slice(0, -1));
    expect(notice).toBe(`The last line of events.jsonl is cut off; ${events.length - 1} events are shown`);
  });

  it.each([
    ["", "x is empty; choose"],
    ["hello", "Line 1 of x is not JSON; choose"],
    [`${text}\n{]\n${JSON.stringify(events[1])}`, `Line ${events.length + 1} of x is not JSON`],
    ["[1]", 'Line 1 of x is no event of a run (it has no "type")'],
    [JSON.stringify(events[1]), 'x does not begin with a "run" event but with "tasks"'],
    [JSON.stringify({ ...events[0], format: 2 }), "x has log format 2, this page reads 1"],
    [
      `${text}\n${JSON.stringify({ type: "group", step: 1, taskIndex: 0, rollouts: [{}] })}`,
      'a "group" event without a proper "rollouts"',
    ],
  ])("refuses %j with one sentence", (bad, sentence) => {
    expect(() => readEventsFile("x", bad)).toThrow(sentence);
  });
});
