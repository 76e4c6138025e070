import { expect, test } from "vitest";
import { LogReader } from "../../../src/app/run/log_reader.ts";
import { resumedSettings } from "../../../src/app/run/resumed_settings.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import { loggedEvents } from "../../support/logged_run.ts";

/** A log of format 2 as the version before wrote it: what leads to an update counted from 0, and each rollout's end had a line. */
function asFormat1(event: TrainEvent): object[] {
  if (event.type === "run") return [{ ...event, format: 1 }];
  if (event.type === "tasks" || event.type === "config") return [{ ...event, step: event.step - 1 }];
  if (event.type !== "group") return [event];
  const step = event.step - 1;
  const rollouts = event.rollouts.map((one) => ({ ...one, step, id: one.id.replace(/^\d+/, String(step)) }));
  return [...rollouts.map(({ id, end }) => ({ type: "rolled", step, rollout: id, end })), { ...event, step, rollouts }];
}

/** Events whose rollouts have the number of their step. */
const events = loggedEvents.map((event) =>
  event.type === "group"
    ? {
        ...event,
        rollouts: event.rollouts.map((one, i) => ({ ...one, step: event.step, id: `${event.step}·0·${i}` })),
      }
    : event,
);

function read(lines: readonly object[]) {
  const reader = new LogReader("events.jsonl", "choose another");
  const found = lines.flatMap((line) => reader.line(JSON.stringify(line)) ?? []);
  return { found, ...reader.end() };
}

test("a log of format 1 is read as one of format 2, and nothing of it is reported as unknown", () => {
  const change: TrainEvent = { type: "config", step: 2, changes: { temperature: 0.5 } };
  const whole = [...events.slice(0, -1), change, events.at(-1)!];
  const { found, notices, leftOut } = read(whole.flatMap(asFormat1));
  expect(found).toEqual(read(whole).found);
  expect(found[0]).toMatchObject({ type: "run", format: 2 });
  expect([notices, leftOut]).toEqual([[], 0]);
});

test("a run that was begun under format 1 and resumed under format 2 has one numbering", () => {
  const [head, ...rest] = events;
  const resumed = { ...head, resumedAt: 1 };
  const second = rest.filter((event) => "step" in event && event.step === 2);
  const first = rest.filter((event) => "step" in event && event.step === 1);
  const { found } = read([head!, ...first].flatMap(asFormat1).concat([resumed, ...second]));
  expect(found.flatMap((event) => (event.type === "group" ? [event.step, event.rollouts[0]!.id] : []))).toEqual([
    1,
    "1·0·0",
    2,
    "2·0·0",
  ]);
});

test("a line that only early logs have is unknown in a later one", () => {
  const { notices } = read([events[0]!, { type: "rolled", step: 1, rollout: "1·0·0", end: "answer" }]);
  expect(notices.join()).toContain('1 × "rolled"');
});

test("a change in a log of format 1 comes at the same step again", () => {
  const config = resolveConfig({ steps: 20 });
  const latest = { ...config, temperature: 0.5 };
  const lines = (format: number, step: number) =>
    [
      { type: "run", format, config, resumedAt: 0 },
      { type: "update", step: 1 },
      { type: "checkpoint", step: 1 },
      { type: "update", step: 2 },
      { type: "config", step, changes: { temperature: 0.5 } },
      { type: "update", step: 3 },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
  const wanted = { config, upcoming: [{ step: 2, changes: { temperature: 0.5 } }] };
  expect(resumedSettings(latest, { step: 1, config }, lines(1, 2))).toEqual(wanted);
  expect(resumedSettings(latest, { step: 1, config }, lines(2, 3))).toEqual(wanted);
});
