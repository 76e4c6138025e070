import { expect, test } from "vitest";
import { eventLine } from "../../../src/app/deno/commands/reports.ts";
import type { TrainEvent } from "../../../src/train/events.ts";

const evaluated = (metrics: Record<string, number>): TrainEvent => ({
  type: "eval",
  step: 5,
  tasks: 8,
  greedy: true,
  metrics,
  durationMs: 1500,
});

test("calls are said where rollouts make several", () => {
  const line = (metrics: Record<string, number>) => eventLine(evaluated(metrics), 10, "");
  expect(line({ accuracy: 0.5, zoom_rate: 0.75, calls_executed: 2.125 })).toBe(
    "held-out after step 5: accuracy 0.500  zoom rate 0.750  calls 2.13 on 8 tasks, greedy  1.50 s",
  );
  expect(line({ accuracy: 0.5, zoom_rate: 0.75, calls_executed: 0.75 })).toBe(
    "held-out after step 5: accuracy 0.500  zoom rate 0.750 on 8 tasks, greedy  1.50 s",
  );
});
