import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../../src/agent/rollout.ts";
import { otherRollout } from "../../../../src/app/web/run/other_rollouts.ts";
import type { StepRecord } from "../../../../src/app/web/run/run_state.ts";

const rollout = (step: number, taskIndex: number, rolloutIndex: number) =>
  ({ id: `${step}·${taskIndex}·${rolloutIndex}`, step, taskIndex, rolloutIndex }) as Rollout;

/** Groups by their sizes; null: still sampled. */
const record = (step: number, sizes: (number | null)[]): StepRecord => ({
  step,
  tasks: [],
  complete: true,
  groups: sizes.map(
    (size, task) => size && Array.from({ length: size }, (_, i) => rollout(step, task, i)),
  ) as StepRecord["groups"],
});

const steps = [record(2, [3, 3]), record(3, []), record(5, [3, null, 1]), record(9, [2, 2])];

describe("the next and the previous rollout", () => {
  test.each([
    ["siblings", 1, "2·0·2", "2·0·0"],
    ["siblings", -1, "2·0·0", "2·0·2"],
    ["siblings", 1, "5·2·0", null],
    ["tasks", 1, "2·0·2", "2·1·2"],
    ["tasks", 1, "2·1·2", "2·0·2"],
    // A group that is still sampled is passed over, and the first stands for a place that the other group lacks.
    ["tasks", 1, "5·0·2", "5·2·0"],
    ["tasks", -1, "5·0·2", "5·2·0"],
    ["steps", 1, "2·1·1", "5·0·1"],
    ["steps", 1, "5·2·0", "9·0·0"],
    ["steps", -1, "9·1·1", "5·0·1"],
    ["steps", 1, "9·1·1", null],
    ["steps", -1, "2·1·1", null],
    // Rollouts that left memory while they were looked at
    ["steps", 1, "4·0·0", "5·0·0"],
    ["steps", -1, "4·0·0", "2·0·0"],
    ["tasks", 1, "4·0·0", null],
  ] as const)("among %s, %i places on from %s: %s", (among, by, from, to) => {
    const [step, task, place] = from.split("·").map(Number) as [number, number, number];
    expect(otherRollout(steps, rollout(step, task, place), among, by)?.id ?? null).toBe(to);
  });

  test("are none where no step is kept", () => {
    expect(otherRollout([], rollout(1, 0, 0), "steps", 1)).toBeNull();
    expect(otherRollout([], rollout(1, 0, 0), "siblings", 1)).toBeNull();
  });
});
