import { describe, expect, test } from "vitest";
import type { Rollout, Segment } from "../../../../src/agent/rollout.ts";
import { readEventsFile } from "../../../../src/app/web/browser/events_file.ts";
import { groupEvent, holds, sizeOf } from "../../../../src/app/web/run/lazy_groups.ts";
import { readLog } from "../../../../src/app/web/run/read_log.ts";
import { type ListParts, RolloutLists } from "../../../../src/app/web/worker/rollout_lists.ts";
import type { GroupLine, LogPiece, LogSource } from "../../../../src/app/worker_api/list_api.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import type { TrainEvent } from "../../../../src/train/events.ts";
import type { RolloutMark } from "../../../../src/train/rollout_mark.ts";
import { fakeEvents } from "../../../support/fake_run.ts";

const config = resolveConfig({ seed: 5, steps: 6, tasksPerStep: 3, rolloutsPerTask: 4 });
const events = [...fakeEvents(config)].filter(({ type }) => type !== "decode");
const linesOf = (of: readonly TrainEvent[]) => of.map((event) => `${JSON.stringify(event)}\n`).join("");
const blob = (text: string) => new Blob([text]);
const file = (text: string): LogSource => ({ kind: "file", name: "events.jsonl", file: blob(text) });

/** Lists over stored logs, and what they asked. */
function lists(stored: Record<string, readonly TrainEvent[]> = {}, kept: RolloutMark[] = []) {
  const saved: [string, RolloutMark][] = [];
  const parts: ListParts = {
    async *storedPieces(name) {
      // In two halves, as a browser has more of them.
      const lines = (stored[name] ?? []).map((event) => JSON.stringify(event));
      const half = lines.length >> 1;
      yield { text: `${lines.slice(0, half).join("\n")}\n`, share: 0.5 };
      yield { text: lines.slice(half).join("\n"), share: 1 };
    },
    storedStep: async (name, step) =>
      (stored[name] ?? [])
        .filter((event) => (event.type === "tasks" || event.type === "group") && event.step === step)
        .map((event) => JSON.stringify(event)),
    keptMarks: async () => kept,
    keepMark: async (tree, mark) => void saved.push([tree, mark]),
  };
  return { lists: new RolloutLists(parts), saved };
}

const rolloutsOf = (of: readonly TrainEvent[]): Rollout[] =>
  of.flatMap((event) => (event.type === "group" ? [...event.rollouts] : []));

describe("a log that the worker reads", () => {
  test("is the same as one that the page reads, groups read when they are looked at", async () => {
    for (const source of [file(linesOf(events)), { kind: "stored", name: "a" } as const]) {
      const { lists: own } = lists({ a: events });
      const shares: number[] = [];
      const read = await readLog(own, source, "shown", (share) => shares.push(share));
      expect(shares.at(-1)).toBe(1);
      const whole = readEventsFile("x", linesOf(events));
      expect(read.events.map(({ type }) => type)).toEqual(whole.events.map(({ type }) => type));
      expect(JSON.stringify(read.events)).toBe(JSON.stringify(whole.events));
      expect({ ...read, events: [] }).toEqual({ ...whole, events: [] });
    }
  });

  test("a log of format 1, and one with parts left out, have their groups as they were read", async () => {
    const early = events.map((event) => {
      if (event.type === "run") return { ...event, format: 1 };
      if (event.type === "tasks") return { ...event, step: event.step - 1 };
      if (event.type !== "group") return event;
      const step = event.step - 1;
      const rollouts = event.rollouts.map((one) => ({ ...one, step, id: one.id.replace(/^\d+/, `${step}`) }));
      return { ...event, step, rollouts };
    });
    const read = await readLog(lists().lists, file(linesOf(early as TrainEvent[])), "shown");
    expect(rolloutsOf(read.events)).toEqual(rolloutsOf(events));

    const broken = structuredClone(events);
    const [first] = rolloutsOf(broken);
    Object.assign(first!, { answer: 7, error: 8 });
    const mended = await readLog(lists().lists, file(linesOf(broken)), "shown");
    expect(mended.leftOut).toBe(2);
    expect(rolloutsOf(mended.events)[0]).toMatchObject({ id: first!.id, answer: "(left out)" });
  });

  test("one that is no log leaves the list of the run that is shown as it was", async () => {
    const { lists: own } = lists();
    await readLog(own, file(linesOf(events)), "shown");
    await expect(readLog(own, file("{}"), "shown")).rejects.toThrow("is not an event of a run");
    expect(await own.find({ of: "shown", query: "", sorting: "" })).toMatchObject({ total: 72, found: 72 });
  });

  test("who is in a group, and how many, is known without reading it; what was not looked at for long is let go", () => {
    let parsed = 0;
    const line = (i: number): GroupLine => {
      const rollouts = Array.from({ length: 4000 }, (_, j) => ({ ...rolloutsOf(events)[0]!, id: `${i}·0·${j}` }));
      const text = JSON.stringify({ type: "group", step: i, taskIndex: 0, rollouts });
      return { type: "group", step: i, taskIndex: 0, ids: rollouts.map(({ id }) => id), line: text };
    };
    const parse = JSON.parse;
    JSON.parse = (...given: Parameters<typeof parse>) => {
      parsed++;
      return parse(...given);
    };
    try {
      const groups = [1, 2, 3, 4, 5].map((i) => groupEvent(line(i)).rollouts);
      expect(holds(groups[0]!, "1·0·3999")).toBe(true);
      expect(holds(groups[0]!, "2·0·0")).toBe(false);
      expect(sizeOf(groups[0]!)).toBe(4000);
      expect(parsed).toBe(0);
      const first = groups[0]![1];
      expect(groups[0]!.find(({ id }) => id === "1·0·1")).toBe(first);
      expect(parsed).toBe(1);
      // Four of them fit.
      for (const group of groups.slice(1)) expect(group.length).toBe(4000);
      expect(parsed).toBe(5);
      expect(groups[4]!.map(({ id }) => id).at(-1)).toBe("5·0·3999");
      expect(parsed).toBe(5);
      expect(groups[0]!.length).toBe(4000);
      expect(parsed).toBe(6);
      expect(groups[0]![1]).toEqual(first);
    } finally {
      JSON.parse = parse;
    }
  });
});

describe("a list", () => {
  test("has rows by their place, and the place of a rollout", async () => {
    const { lists: own } = lists();
    await readLog(own, file(linesOf(events)), "shown");
    const { search, found, total } = await own.find({ of: "shown", query: "step:2..3", sorting: "-step" });
    expect({ found, total }).toEqual({ found: 24, total: 72 });
    const rows = await own.rows(search, 12, 3);
    expect(rows.map(({ id }) => id)).toEqual(["2·0·0", "2·0·1", "2·0·2"]);
    expect(await own.placeOf(search, "2·0·1")).toBe(13);
    expect(await own.placeOf(search, "5·0·1")).toBe(null);
    expect(await own.rows(search, 23, 10)).toHaveLength(1);
    expect(await own.rows(search + 1, 0, 10)).toEqual([]);
    await expect(own.find({ of: "shown", query: "is:odd", sorting: "" })).rejects.toThrow('found "odd"');
  });

  test("of the run of this page grows with it, also where that goes on with a stored one", async () => {
    const before = events.slice(
      0,
      events.findIndex(({ type, step }: TrainEvent & { step?: number }) => type === "update" && step === 4) + 1,
    );
    const { lists: own } = lists({ a: before });
    own.begin("other");
    for (const event of fakeEvents(config)) own.receive(event);
    expect((await own.find({ of: "live", query: "", sorting: "" })).total).toBe(72);
    await readLog(own, { kind: "stored", name: "a" }, "live");
    own.begin("a");
    for (const event of fakeEvents(config, { resumedAt: 3 })) own.receive(event);
    const { total, search } = await own.find({ of: "live", query: "", sorting: "" });
    expect(total).toBe(72);
    expect((await own.rows(search, 71, 1))[0]!.id).toBe("6·2·3");
    expect((await own.recall(2))!.groups.map((group) => group?.length)).toEqual([4, 4, 4]);
    expect(await own.recall(99)).toBe(null);
  });

  test("is saved as lines with what was said, in its order", async () => {
    const said = { note: "odd", tags: ["blur"], judgeWrong: true, madeAt: "2026-01-02T03:04:05Z" };
    const { lists: own, saved } = lists({ a: events }, [{ rollout: "2·0·1", ...said }]);
    await readLog(own, { kind: "stored", name: "a" }, "shown");
    expect(await own.marks("shown", "a")).toHaveLength(1);
    await own.mark("shown", "a", { rollout: "3·0·0", ...said, note: "also" });
    expect(saved).toEqual([["a", { rollout: "3·0·0", ...said, note: "also" }]]);
    const { search } = await own.find({ of: "shown", query: "has:disagreement", sorting: "-step" });
    const lines = (await (await own.saveFound(search)).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ id, note, tags, judge_wrong }) => [id, note, tags, judge_wrong])).toEqual([
      ["3·0·0", "also", ["blur"], true],
      ["2·0·1", "odd", ["blur"], true],
    ]);
    expect(lines[0].task).toMatchObject({ id: rolloutsOf(events).find(({ id }) => id === "3·0·0")!.task });
    expect(lines[0].segments.length).toBeGreaterThan(0);
  });
});

describe("a hundred thousand rollouts", () => {
  const groups = 12_500;
  const many: TrainEvent[] = [events[0]!];
  const task = events.find((event) => event.type === "tasks")!.tasks[0]!;
  const short = {
    source: "model",
    tokens: [1, 2, 3],
    logprobs: [-1, -1, -1],
    entropies: [1, 1, 1],
    images: [],
  } as const;
  const some = rolloutsOf(events).map((one) => ({ ...one, segments: [structuredClone(short) as unknown as Segment] }));
  for (let step = 1; step <= groups / 10; step++) {
    many.push({
      type: "tasks",
      step,
      tasks: Array.from({ length: 10 }, (_, i) => ({ ...task, question: `What is ${step} and ${i}?` })),
    });
    for (let taskIndex = 0; taskIndex < 10; taskIndex++) {
      const rollouts = Array.from({ length: 8 }, (_, rolloutIndex) => ({
        ...some[(7 * step + 3 * taskIndex + rolloutIndex) % some.length]!,
        id: `${step}·${taskIndex}·${rolloutIndex}`,
        step,
        taskIndex,
        rolloutIndex,
      }));
      many.push({ type: "group", step, taskIndex, rollouts });
    }
  }

  test("the page gets pieces of some megabytes, and no rollout as an object; a filter looks at the columns alone", async () => {
    const { lists: own } = lists();
    const log = await own.openLog(file(linesOf(many)), "shown");
    let pieces = 0;
    let read = 0;
    for (let piece: LogPiece = await own.nextPiece(log); piece.over === null; piece = await own.nextPiece(log)) {
      pieces++;
      let characters = 0;
      for (const event of piece.events) {
        expect("rollouts" in event).toBe(false);
        if (event.type !== "group") continue;
        read += event.ids.length;
        characters += event.line.length;
      }
      expect(characters).toBeLessThan(2 ** 22 + 2 ** 16);
    }
    expect(read).toBe(100_000);
    expect(pieces).toBeGreaterThan(10);

    // Beside what it takes to read the log once, and the best of three: other programs run beside this one. On a machine at rest it
    // is some hundredths of a second.
    const readingMs = performance.now();
    for (const event of many) JSON.parse(JSON.stringify(event));
    const mostMs = Math.max(200, (performance.now() - readingMs) / 2);
    for (const [query, sorting] of [
      ["is:wrong tool:used", ""],
      ["", "-reward"],
      ['"1250 and 7" -nothing', "-advantage"],
    ] as const) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 3; i++) {
        const startedMs = performance.now();
        const { search, found } = await own.find({ of: "shown", query, sorting });
        expect((await own.rows(search, found - 20, 40)).length).toBe(Math.min(found, 20));
        best = Math.min(best, performance.now() - startedMs);
      }
      expect(best).toBeLessThan(mostMs);
    }
    expect((await own.find({ of: "shown", query: '"1250 and 7"', sorting: "" })).found).toBe(8);
  });
});
