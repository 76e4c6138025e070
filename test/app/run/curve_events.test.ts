import { expect, test } from "vitest";
import { curveEvents } from "../../../src/app/run/curve_events.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { fakeEvents } from "../../support/fake_run.ts";

const events = [...fakeEvents(resolveConfig({ seed: 1, steps: 6, evalEvery: 3 }))];
const log = events.map((event) => `${JSON.stringify(event)}\n`).join("");

test("are those of the log without tasks and rollouts", () => {
  const wanted = events.filter(({ type }) => !["tasks", "turn", "decode", "rolled", "group"].includes(type));
  expect(wanted.length).toBeGreaterThan(8);
  expect(curveEvents(log, "one").map(({ type, step }: { type: string; step?: number }) => [type, step])).toEqual(
    wanted.map((event) => [event.type, "step" in event ? event.step : undefined]),
  );
});

test("lines of rollouts are not parsed, and a last one that was cut off is left out", () => {
  const broken = log.replaceAll(/^\{"type":"group".*$/gm, '{"type":"group",');
  expect(curveEvents(broken, "one")).toEqual(curveEvents(log, "one"));
  expect(curveEvents(log.slice(0, -20), "one").length).toBe(curveEvents(log, "one").length - 1);
});

test("a log that is none says what to do", () => {
  expect(() => curveEvents("", "one")).toThrow('the run "one" is empty; remove it or choose another');
  expect(() => curveEvents('{"type":"update","step":1}\n', "one")).toThrow("does not begin with");
});
