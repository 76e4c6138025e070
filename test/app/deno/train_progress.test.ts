import { expect, test } from "vitest";
import { durationText, progressBar, TimeLeft } from "../../../src/app/deno/commands/time_left.ts";
import { TrainProgress } from "../../../src/app/deno/commands/train_progress.ts";
import type { TrainEvent } from "../../../src/train/events.ts";

const update = (step: number): TrainEvent => ({
  type: "update",
  step,
  metrics: { reward: 1, accuracy: 0.5 },
  durationMs: 1000,
  rollMs: 600,
  updateMs: 400,
});

test("time left follows from the ends of the last steps, evaluations included", () => {
  const left = new TimeLeft();
  expect(left.text(100)).toBe("");
  left.made(41, 1_000);
  expect(left.text(100)).toBe("");
  left.made(42, 3_000);
  // 58 steps of 2 s
  expect(left.text(100)).toBe("about 2 min left");
  // A step with an evaluation of 10 s in it: 57 of 7 s on average
  left.made(43, 15_000);
  expect(left.text(100)).toBe("about 7 min left");
  expect(left.text(43)).toBe("");
  expect(left.text(44)).toBe("about 7 s left");
  // What was slow at first is forgotten.
  for (let step = 44; step < 80; step++) left.made(step, 15_000 + (step - 43) * 500);
  expect(left.text(100)).toBe("about 11 s left");
});

test.each([
  [7.4, "7 s"],
  [89, "89 s"],
  [91, "2 min"],
  [3599, "1 h"],
  [4800, "1 h 20 min"],
  [86_400, "1 d"],
  [100_000, "1 d 4 h"],
])("%d s is %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test("the bar is full at the end and not before", () => {
  expect(progressBar(0, 5)).toBe("[........................] 0/5");
  expect(progressBar(299, 300)).toBe("[#######################.] 299/300");
  expect(progressBar(5, 5)).toBe("[########################] 5/5");
});

test("a terminal shows bar, time left and what the step does; steps that are changed during the run count", () => {
  const printed: string[] = [];
  let shown = "";
  let nowMs = 0;
  const terminal = { print: (line: string) => printed.push(line), progress: (line: string) => (shown = line) };
  const progress = new TrainProgress(terminal, { steps: 4, made: 1, json: false }, () => (nowMs += 4000));
  progress.show({ type: "decode", step: 2, turn: 1, tokens: 9, waiting: 3, done: 1 });
  expect(shown).toBe("[######..................] 1/4  turn 1: 9 tokens, 3 rollouts still write");
  progress.show(update(2));
  progress.show({ type: "config", step: 3, changes: { steps: 8 } });
  progress.show(update(3));
  expect(shown).toBe("[#########...............] 3/8  about 20 s left");
  expect(printed.at(-1)).toMatch(/^step 3\/8 .+ {2}about 20 s left$/);
  progress.show({ type: "end", step: 3, reason: "stopped" });
  expect(printed.at(-1)).toBe("stopped after step 3");
});
