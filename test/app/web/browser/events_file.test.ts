import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { beginningOf, readEventsBlob, readEventsFile } from "../../../../src/app/web/browser/events_file.ts";
import { foldAll } from "../../../../src/app/web/run/run_state.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import type { TrainEvent } from "../../../../src/train/events.ts";
import { fakeEvents } from "../../../support/fake_run.ts";

const events = [...fakeEvents(resolveConfig({ steps: 2, tasksPerStep: 1, rolloutsPerTask: 2 }))];
const lines = events.map((event) => JSON.stringify(event));
const text = lines.join("\n");
const clean = { notices: [], leftOut: 0, unreadKnobs: new Set() };
const head = events[0] as Extract<TrainEvent, { type: "run" }>;
const group = events.find((event) => event.type === "group")!;
const update = events.find((event) => event.type === "update")!;

/** The log with one more line. */
const withLine = (value: unknown): string => `${text}\n${typeof value === "string" ? value : JSON.stringify(value)}\n`;
const last = events.length + 1;

describe("a log opened from a file", () => {
  it("reads every line, with and without a line end after the last", () => {
    expect(readEventsFile("events.jsonl", text)).toEqual({ events, ...clean });
    expect(readEventsFile("events.jsonl", `${text.replaceAll("\n", "\r\n")}\r\n\n`)).toEqual({ events, ...clean });
  });

  it("leaves out a last line that is cut off, and says so", () => {
    const { events: read, notices } = readEventsFile("events.jsonl", text.slice(0, -5));
    expect(read).toEqual(events.slice(0, -1));
    expect(notices).toEqual([`The last line of events.jsonl is cut off; ${events.length - 1} events are shown`]);
  });

  it.each([
    ["", "x is empty; choose"],
    [" \n\n", "x is empty; choose"],
    ["hello", "Line 1 of x is not JSON; choose"],
    ["[1]", 'Line 1 of x is not an event of a run (it has no "type")'],
    ["null", 'Line 1 of x is not an event of a run (it has no "type")'],
    ['{"type":{}}', 'Line 1 of x is not an event of a run (it has no "type")'],
    ['{"__proto__":{"type":"run"}}', 'Line 1 of x is not an event of a run (it has no "type")'],
    ['{"question":"how?","answer":"so"}', 'Line 1 of x is not an event of a run (it has no "type")'],
    ['{"type":"toString"}', 'x does not begin with a "run" event but with "toString"'],
    [lines[1]!, 'x does not begin with a "run" event but with "tasks"'],
    [JSON.stringify({ ...head, format: 3 }), "x has log format 3, this version reads 1 and 2"],
    [withLine({ ...head, format: { a: 1 } }), 'x has log format {"a":1}, this version reads 1 and 2'],
    [
      JSON.stringify({ ...head, config: [] }),
      "not the head of a run (config: expected an object, found a list of 0); choose",
    ],
    [JSON.stringify({ ...head, model: null }), "not the head of a run (model: expected an object, found null)"],
    [JSON.stringify({ ...head, resumedAt: -1 }), "(resumedAt: expected a whole number from 0 to 1000000000, found -1)"],
  ])("refuses what it cannot show (%#)", (bad, sentence) => {
    expect(() => readEventsFile("x", bad)).toThrow(sentence);
  });
});

describe("a part that is not what a run writes is left out, and said", () => {
  const rollout = group.rollouts[0]!;
  const [model] = rollout.segments.filter(({ source }) => source === "model");
  const withRollout = (changes: object): string => withLine({ ...group, rollouts: [{ ...rollout, ...changes }] });
  const huge = `{"type":"update","step":9,"metrics":{"reward":1e999,"loss":0.5},"durationMs":1,"rollMs":1,"updateMs":1}`;

  test.each<[what: string, log: string, reason: string, rest: unknown]>([
    ["text that is no JSON", withLine("{]") + lines[1], "is not JSON", events.concat(events[1]!)],
    ["a list for an event", withLine([]), "expected an event, an object with a type, found a list of 0", events],
    ["no type", withLine({ step: 3 }), "type: expected text, found nothing", events],
    ["a fraction of a step", withLine({ ...update, step: 1.5 }), "step: expected a whole number from 0 to", events],
    ["a step below 0", withLine({ ...update, step: -1 }), "step: expected a whole number from 0 to", events],
    [
      "text for a step",
      withLine({ ...update, step: "9" }),
      'step: expected a whole number from 0 to 1000000000, found text "9"',
      events,
    ],
    [
      "a metric that is infinite",
      withLine(huge),
      "metrics.reward: expected a number, found Infinity",
      [...events, { type: "update", step: 9, metrics: { loss: 0.5 }, durationMs: 1, rollMs: 1, updateMs: 1 }],
    ],
    [
      "a rollout without segments",
      withRollout({ segments: null }),
      "rollouts[0].segments: expected a list, found null",
      events,
    ],
    [
      "a token below 0",
      withRollout({ segments: [{ ...model, tokens: [-1] }] }),
      "rollouts[0].segments[0].tokens[0]: expected a whole number",
      events,
    ],
    [
      "a box of three",
      withRollout({ calls: [{ segment: 1, name: "a", outcome: "ok", boxSourcePx: [1, 2, 3] }] }),
      "rollouts[0].calls[0].boxSourcePx: expected four numbers, found a list of 3",
      undefined,
    ],
    [
      "an end that nobody knows",
      withRollout({ end: "heaven" }),
      "end: expected one of answer, malformed, length, turns, error",
      events,
    ],
    [
      "a knob out of its range",
      withLine({ ...head, config: { ...head.config, objects: 1e9 } }),
      "config.objects: expected 1 to 8, found 1000000000",
      undefined,
    ],
    [
      "a knob of another type",
      withLine({ ...head, config: { ...head.config, data: { a: 1 } } }),
      "config.data: expected text, found an object",
      undefined,
    ],
    [
      "a setting that cannot change midway",
      withLine({ type: "config", step: 1, changes: { data: "https://example.org/a.parquet" } }),
      "changes.data: expected no change, since it holds for the whole run",
      undefined,
    ],
  ])("%s", (_, log, reason, rest) => {
    const read = readEventsFile("x", log);
    expect(read.leftOut).toBeGreaterThan(0);
    expect(read.notices[0]).toMatch(/^Left out of x, since they are not what a run writes: /);
    expect(read.notices[0]).toContain(`in line ${last}; first line ${last}`);
    expect(read.notices[0]).toContain(reason);
    if (rest !== undefined) expect(read.events).toEqual(rest);
  });

  test("a rollout goes by itself, its group stays", () => {
    const { events: read } = readEventsFile(
      "x",
      withLine({ ...group, rollouts: [{ ...rollout, id: 7 }, group.rollouts[1]] }),
    );
    expect(read.at(-1)).toEqual({ ...group, rollouts: [group.rollouts[1]] });
  });

  test("a knob that could not be read is named: what it decides must not be shown as if it had", () => {
    const changed = { ...head, config: { ...head.config, objects: "9", glyphPx: null } };
    expect(readEventsFile("x", JSON.stringify(changed)).unreadKnobs).toEqual(new Set(["objects", "glyphPx"]));
  });

  test("what a later version may write is left out by its name, and nothing is wrong with it", () => {
    const {
      events: read,
      notices,
      leftOut,
    } = readEventsFile(
      "x",
      `${JSON.stringify({ ...head, config: { ...head.config, dreams: 3 }, mood: "good" })}\n{"type":"dream","step":1}\n{"type":"dream","step":2}`,
    );
    expect([read, leftOut]).toEqual([[head], 0]);
    expect(notices).toEqual([
      'x has what this version does not know, as a later one may write it, and it is left out: events 2 × "dream"; settings "dreams"',
    ]);
  });

  test("null stands for what is not a number, as JSON has it", () => {
    const nothing = { ...update, metrics: { loss: null } };
    const { events: read, leftOut } = readEventsFile("x", withLine(nothing));
    expect(leftOut).toBe(0);
    expect((read.at(-1) as typeof update).metrics.loss).toBeNaN();
  });

  test("names of JavaScript's own bring nothing along", () => {
    const log = withLine(
      `{"type":"update","step":3,"metrics":{"__proto__":1,"constructor":2},"durationMs":1,"rollMs":1,"updateMs":1,"__proto__":{"polluted":1}}`,
    );
    const read = readEventsFile("x", log);
    const event = read.events.at(-1) as typeof update;
    expect(Object.entries(event.metrics)).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
    expect(Object.keys(event)).not.toContain("__proto__");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
  });

  test("the first lines are named and the others counted", () => {
    const [sentence] = readEventsFile(
      "x",
      [...lines, ...new Array(12).fill('{"type":"alarm","step":{}}')].join("\n"),
    ).notices;
    expect(sentence).toContain(
      `12 parts in lines ${last}, ${last + 1}, ${last + 2}, ${last + 3}, ${last + 4} and 7 more;`,
    );
  });
});

test("the handed log of other types keeps its curves and tokens, and says what it lost", () => {
  const path = new URL("../../../golden/faults/hostile/events-blank-view-types.jsonl", import.meta.url);
  const read = readEventsFile("events.jsonl", readFileSync(path, "utf8"));
  expect(read.notices).toHaveLength(1);
  expect(read.notices[0]).toContain(
    "lines 2, 5, 7, 8, 11 and 1 more; first line 2, tasks[0].answer: expected text, found an object",
  );
  const run = foldAll(read.events);
  expect(run.updates.map(({ step }) => step)).toEqual([1, 2]);
  expect(run.steps[0]!.groups[0]![0]).toMatchObject({
    answer: "(left out)",
    reward: { parts: { format: 0, zoom: 0 }, total: 0 },
  });
  expect(run.steps[0]!.groups[0]![0]!.reward!.parts).not.toHaveProperty("answer");
  expect(run.alarms.map(({ message }) => message)).toEqual(["(left out)", "(left out)"]);
});

describe("a file is read piece by piece", () => {
  const plain = new TextEncoder().encode(`${text}\n`);
  const utf16 = (bigEndian: boolean): Uint8Array<ArrayBuffer> => {
    const codes = Uint16Array.from(`\uFEFF${text}\n`, (letter) => letter.charCodeAt(0));
    const bytes = new Uint8Array(codes.buffer);
    if (bigEndian) for (let i = 0; i < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1]!, bytes[i]!];
    return bytes;
  };

  test.each([
    ["as it is", plain],
    ["with a byte order mark", new TextEncoder().encode(`\uFEFF${text}`)],
    ["in UTF-16, as PowerShell saves it", utf16(false)],
    ["in the other UTF-16", utf16(true)],
    ["with carriage returns", new TextEncoder().encode(text.replaceAll("\n", "\r\n"))],
  ])("%s", async (_, bytes) => {
    expect(await readEventsBlob("events.jsonl", new Blob([bytes]))).toEqual({ events, ...clean });
  });

  const gzipped = async (content: BlobPart): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(
      await new Response(new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
    );

  test("packed by gzip", async () => {
    expect(await readEventsBlob("x.gz", new Blob([await gzipped(plain)]))).toEqual({ events, ...clean });
  });

  test("an archive that ends too soon gives what it has", async () => {
    const noise = Array.from({ length: 20_000 }, (_, i) =>
      JSON.stringify({ type: "alarm", step: i, message: `${i * 7919}` }),
    );
    const whole = await gzipped([...lines, ...noise].join("\n"));
    const { events: read, notices } = await readEventsBlob("x.gz", new Blob([whole.slice(0, whole.length / 2)]));
    expect(read.slice(0, events.length)).toEqual(events);
    expect(notices).toEqual([
      `x.gz ends before its archive does; ${read.length.toLocaleString("en")} events are shown`,
    ]);
  });

  test("an archive of nothing, and of noise", async () => {
    await expect(readEventsBlob("x", new Blob([]))).rejects.toThrow("x is empty");
    await expect(readEventsBlob("x", new Blob([new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3])]))).rejects.toThrow(
      "x is not a whole gzip file",
    );
  });

  test("a line of 40 MB, and a hundred thousand events, in a moment", async () => {
    const prompt = { ...group.rollouts[0]!.segments[0]!, tokens: new Array(3_900_000).fill(123456789) };
    const long = { ...group, rollouts: [{ ...group.rollouts[0]!, segments: [prompt] }] };
    const many = Array.from({ length: 100_000 }, (_, i) =>
      JSON.stringify({ ...update, step: i + 3, metrics: { reward: i } }),
    );
    const before = performance.now();
    const read = await readEventsBlob("x", new Blob([`${text}\n${JSON.stringify(long)}\n${many.join("\n")}`]));
    const run = foldAll(read.events);
    expect(performance.now() - before).toBeLessThan(20_000);
    expect([read.notices, run.updates.length, run.step]).toEqual([[], 100_002, 100_002]);
  });

  test("tells how far it is", async () => {
    const shares: number[] = [];
    const padded = `${text}\n${new Array(200).fill(" ".repeat(100_000)).join("\n")}`;
    await readEventsBlob("x", new Blob([padded]), (share) => shares.push(share));
    expect(shares.length).toBeGreaterThan(2);
    expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
  });
});

test("a log is known by its beginning, packed or not, in each encoding that is read", async () => {
  const text = `{"type":"run"}\n${"x".repeat(20_000)}`;
  const wide = (littleEndian: boolean) => {
    const view = new DataView(new ArrayBuffer(2 * text.length + 2));
    view.setUint16(0, 0xfeff, littleEndian);
    for (let i = 0; i < text.length; i++) view.setUint16(2 * i + 2, text.charCodeAt(i), littleEndian);
    return view;
  };
  const packed = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
  for (const part of [text, wide(true), wide(false), packed])
    expect(await beginningOf(new Blob([part]))).toMatch(/^\{"type":"run"\}\nx+$/);
  expect(await beginningOf(new Blob([new Uint8Array([0x1f, 0x8b, 8, 7, 6, 5])]))).toBe("");
});
