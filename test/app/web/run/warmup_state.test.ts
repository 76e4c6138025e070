import { describe, expect, it } from "vitest";
import { modelName } from "../../../../src/app/web/labels/model_name.ts";
import { foldWarmup, noWarmup } from "../../../../src/app/web/run/warmup_state.ts";
import { trainedName } from "../../../../src/app/web/worker/model_store.ts";
import { resolveConfig } from "../../../../src/train/config.ts";

const step = (made: number, loss: number, durationMs = 100) => ({
  type: "warmup" as const,
  stage: "warm" as const,
  step: made,
  steps: 40,
  loss,
  gradNorm: 1,
  rows: 256 * made,
  durationMs,
});

describe("the state of a warm-up", () => {
  it("holds the losses from where this page began, and the pace without jumps", () => {
    const state = [step(21, 3), step(22, 2), step(23, 1, 1100)].reduce(foldWarmup, noWarmup);
    expect(state.losses).toEqual([3, 2, 1]);
    expect(state.before).toBe(20);
    expect(state.stepMs).toBeCloseTo(200);
    expect(noWarmup.losses).toEqual([]);
  });

  it("holds evaluations and the end", () => {
    const evaluated = {
      type: "eval" as const,
      step: 40,
      tasks: 8,
      greedy: true,
      metrics: { accuracy: 0.5 },
      durationMs: 1,
    };
    const end = { type: "end" as const, step: 40, reason: "done" as const };
    const state = [evaluated, end].reduce(foldWarmup, noWarmup);
    expect(state.evals).toEqual([evaluated]);
    expect(state.end).toEqual(end);
  });
});

describe("the name of a model that was made here", () => {
  it("says what it was made with, for machines and for people", () => {
    const name = trainedName(resolveConfig({ preset: "story", seed: 3, warmupRows: 50_000 }));
    expect(name).toBe("trained-here/story-seed-3-examples-50000");
    expect(modelName(name)).toBe("story from scratch, seed 3, 50,000 examples");
    expect(modelName("needle")).toBe("needle");
  });
});
