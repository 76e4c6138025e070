import { expect, test } from "vitest";
import { markedLines } from "../../../src/app/run/marked_log.ts";
import { readEventsFile } from "../../../src/app/web/browser/events_file.ts";
import { loggedSteps } from "../../../src/interop/logs/logged_steps.ts";
import { verlLog } from "../../../src/interop/logs/verl_log.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { RolloutMark } from "../../../src/train/rollout_mark.ts";
import { fakeEvents } from "../../support/fake_run.ts";

const events = [...fakeEvents(resolveConfig({ seed: 5, steps: 3, tasksPerStep: 2, rolloutsPerTask: 2 }))];
const logOf = (of: readonly TrainEvent[]) => of.map((event) => JSON.stringify(event));
const marked = (of: readonly TrainEvent[], marks: readonly RolloutMark[]) =>
  readEventsFile("x", [...markedLines(logOf(of), marks)].join("\n")).events;
const mark = (rollout: string, note: string) => ({ rollout, note, tags: ["a", "b"], judgeWrong: true, madeAt: "now" });

const verlLines = async (of: Iterable<TrainEvent>): Promise<Record<string, unknown>[][]> => {
  const texts = {
    texts: (tokens: readonly number[]) => tokens.map((token) => `${token} `),
    decode: (tokens: readonly number[]) => tokens.join(" "),
  };
  const steps: Record<string, unknown>[][] = [];
  const one = async function* () {
    yield* of;
  };
  for await (const { bytes } of verlLog(loggedSteps(one()), texts))
    steps.push(
      new TextDecoder()
        .decode(bytes)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
  return steps;
};

test("what was said stands before the update of its step, is read again, and goes to other programs", async () => {
  const lines = [...markedLines(logOf(events), [mark("2·1·0", "odd"), mark("9·9·9", "of another run")])];
  expect(lines.length).toBe(events.length + 1);
  const read = readEventsFile("x", lines.join("\n"));
  expect(read.notices).toEqual([]);
  const at = read.events.findIndex(({ type }) => type === "mark");
  expect(read.events[at]).toEqual({ type: "mark", step: 2, mark: mark("2·1·0", "odd") });
  expect(read.events[at + 1]).toMatchObject({ type: "update", step: 2 });
  // All else as it was, to the letter.
  expect(lines.filter((line) => !line.startsWith('{"type":"mark"'))).toEqual(logOf(events));

  const [first, second] = await verlLines(read.events);
  expect(first!.every((line) => !("note" in line))).toBe(true);
  expect(second!.map(({ request_id, note, tags, judge_wrong }) => [request_id, note, tags, judge_wrong])).toEqual([
    ["2·0·0", null, null, false],
    ["2·0·1", null, null, false],
    ["2·1·0", "odd", "a, b", true],
    ["2·1·1", null, null, false],
  ]);
});

test("what is said later takes the place of what a log says; nothing said, it goes", () => {
  const once = marked(events, [mark("2·1·0", "odd")]);
  const notes = (of: readonly TrainEvent[]) => of.flatMap((event) => (event.type === "mark" ? event.mark.note : []));
  expect(notes(marked(once, []))).toEqual(["odd"]);
  expect(notes(marked(once, [mark("2·1·0", "even")]))).toEqual(["even"]);
  expect(notes(marked(once, [{ ...mark("2·1·0", ""), tags: [], judgeWrong: false }]))).toEqual([]);
});
