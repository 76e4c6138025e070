import { beforeAll, describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { parseSorting } from "../../../src/app/rollout_list/fields.ts";
import { find } from "../../../src/app/rollout_list/find.ts";
import { listRow } from "../../../src/app/rollout_list/list_row.ts";
import { parseQuery } from "../../../src/app/rollout_list/query.ts";
import { RolloutIndex } from "../../../src/app/rollout_list/rollout_index.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import { fakeEvents } from "../../support/fake_run.ts";

const config = resolveConfig({ seed: 5, steps: 6, tasksPerStep: 4, rolloutsPerTask: 4 });

/** As a person would go through them one by one. */
const all = (events: readonly TrainEvent[]): Rollout[] =>
  events.flatMap((event) => (event.type === "group" ? event.rollouts : []));

const indexOf = (events: readonly TrainEvent[]): RolloutIndex => {
  const index = new RolloutIndex();
  for (const event of events) index.receive(event);
  return index;
};

describe("what a filter finds is what one finds going through all rollouts", () => {
  let events: TrainEvent[];
  let index: RolloutIndex;
  beforeAll(() => {
    events = [...fakeEvents(config)];
    const some = all(events)[3]!;
    some.end = "length";
    some.answer = null;
    const judgeFailed = all(events)[9]!;
    judgeFailed.reward = null;
    judgeFailed.advantage = null;
    all(events)[11]!.continues = { rollout: all(events)[8]!.id, token: 30 };
    all(events)[17]!.response = { plain: "I see a Heliotrope\n square, 50% (grey)" };
    index = indexOf(events);
  });
  const ids = (text: string, sorting = ""): string[] =>
    [...find(index, parseQuery(text), parseSorting(sorting)).rows].map((row) => index.ids[row]!);
  const used = (rollout: Rollout) => rollout.calls.some(({ outcome }) => outcome === "ok");

  test.each<[string, (rollout: Rollout) => boolean]>([
    ["", () => true],
    ["is:wrong", (one) => one.end === "answer" && one.reward?.right === false],
    ["is:right tool:used", (one) => one.end === "answer" && one.reward?.right === true && used(one)],
    ["-tool:used", (one) => !used(one)],
    ["is:right is:wrong", (one) => one.end === "answer" && one.reward !== null],
    ["is:unjudged", (one) => one.reward === null],
    ["end:length", (one) => one.end === "length"],
    ["from:rollout", (one) => one.continues !== undefined],
    ["from:prompt is:wrong", (one) => !one.continues && one.end === "answer" && one.reward?.right === false],
    ["called:image_zoom_in_tool", (one) => one.calls.length > 0],
    ["reward>0", (one) => (one.reward?.total ?? Number.NaN) > 0],
    ["-reward>0", (one) => !((one.reward?.total ?? Number.NaN) > 0)],
    ["advantage<0 step:2..3", (one) => (one.advantage ?? 1) < 0 && one.step >= 2 && one.step <= 3],
    ["task:1 rollout:2", (one) => one.taskIndex === 0 && one.rolloutIndex === 1],
    ["heliotrope", (one) => one.response !== undefined],
    ['"heliotrope square" 50%', (one) => one.response !== undefined],
    ["-heliotrope is:right", (one) => one.response === undefined && one.reward?.right === true && one.end === "answer"],
    ["answer:heliotrope", () => false],
  ])("%s", (text, wanted) => {
    const expected = all(events).filter(wanted);
    expect(ids(text)).toEqual(expected.map(({ id }) => id));
    if (!text.startsWith("answer:")) expect(expected.length).toBeGreaterThan(0);
  });

  test("sorted by a number, those without one last, and equal ones in the order of the run", () => {
    for (const [sorting, way] of [
      ["reward", 1],
      ["-reward", -1],
    ] as const) {
      const expected = all(events)
        .map((one, at) => ({ one, at }))
        .sort((a, b) => {
          const x = a.one.reward?.total;
          const y = b.one.reward?.total;
          if (x === undefined || y === undefined)
            return Number(x === undefined) - Number(y === undefined) || a.at - b.at;
          return (x - y) * way || a.at - b.at;
        });
      expect(ids("", sorting)).toEqual(expected.map(({ one }) => one.id));
    }
  });

  test("a facet counts what its own field would let through beside the rest", () => {
    const { facets } = find(index, parseQuery("is:wrong tool:used"), null);
    const count = (wanted: (rollout: Rollout) => boolean) => all(events).filter(wanted).length;
    const outcomes = Object.fromEntries(facets.is.map(({ value, count }) => [value, count]));
    expect(outcomes.right).toBe(count((one) => used(one) && one.reward?.right === true && one.end === "answer"));
    expect(outcomes.wrong).toBe(count((one) => used(one) && one.reward?.right === false && one.end === "answer"));
    const tools = Object.fromEntries(facets.tool.map(({ value, count }) => [value, count]));
    expect(tools.unused).toBe(count((one) => !used(one) && one.reward?.right === false && one.end === "answer"));
  });

  test("marks are found by what they say, and so are notes", () => {
    const { id } = all(events)[20]!;
    const mark = { rollout: id, note: "looks past the Target", tags: ["blur", "two words"], judgeWrong: true };
    index.mark({ ...mark, madeAt: "" });
    for (const text of ["tag:blur", 'tag:"two words"', "has:note", "has:disagreement", '"past the target"'])
      expect(ids(text), text).toEqual([id]);
    expect(ids("-has:note").length).toBe(all(events).length - 1);
    expect(find(index, parseQuery(""), null).facets.tag).toContainEqual({ value: "blur", count: 1 });
    const row = listRow(index, index.rowOf(id)!, parseQuery(""));
    expect(row).toMatchObject({ id, mark });
    index.mark({ rollout: id, note: "", tags: [], judgeWrong: false, madeAt: "" });
    expect(ids("has:note")).toEqual([]);
  });

  test("a row names the rollout that it continues", () => {
    const continuesOf = (at: number) => listRow(index, index.rowOf(all(events)[at]!.id)!, parseQuery("")).continues;
    expect([continuesOf(8), continuesOf(11)]).toEqual([null, all(events)[8]!.id]);
  });

  test("a row has an excerpt around what was searched", () => {
    const query = parseQuery("heliotrope");
    const row = listRow(index, find(index, query, null).rows[0]!, query);
    expect(row.excerpt).toEqual({ before: "I see a ", found: "Heliotrope", after: "\n square, 50% (grey)" });
    expect(row.answer).toBe(all(events)[17]!.answer);
  });
});

test("a run that goes on from its checkpoint makes later steps again", () => {
  const first = [...fakeEvents(config)];
  const again = [...fakeEvents({ ...config, seed: 6 }, { resumedAt: 3 })];
  const index = indexOf([...first, ...again]);
  expect(index.size).toBe(config.steps * 16);
  expect(new Set(index.ids).size).toBe(index.size);
  const late = all(again)[0]!;
  const row = index.rowOf(late.id)!;
  expect(listRow(index, row, parseQuery("")).answer).toBe(late.answer);
  expect(index.taskOf(row).id).toBe(late.task);
});

test("groups without their tasks, as a shortened log has them, are left out", () => {
  const events = [...fakeEvents(config)].filter((event) => event.type !== "tasks" || event.step !== 2);
  expect(indexOf(events).size).toBe((config.steps - 1) * 16);
});
