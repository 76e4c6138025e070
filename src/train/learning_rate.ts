import type { RunConfig } from "./knobs.ts";

/** The knobs that the rate of a step follows from. */
export type RateSettings = Pick<
  RunConfig,
  "learningRate" | "warmupSteps" | "lrSchedule" | "lrDecaySteps" | "minLrRatio" | "steps"
>;

/**
 * The learning rate of a step, counted from 0: a linear warm-up to `learningRate`, then as the schedule says. The decays are those
 * of transformers (optimization.py: get_linear_schedule_with_warmup, get_cosine_schedule_with_warmup with half a cycle), which
 * without warm-up are torch's LinearLR and CosineAnnealingLR. Two things differ: the warm-up begins with one part of the rate and
 * not with 0, so that the first step trains, and after its last step a decay stays where it ended.
 */
export function learningRateAt(config: RateSettings, step: number): number {
  const { learningRate, warmupSteps, lrSchedule } = config;
  if (step < warmupSteps) return learningRate * Math.min(1, (step + 1) / warmupSteps);
  if (lrSchedule === "constant") return learningRate;
  const length = Math.max(1, (config.lrDecaySteps || config.steps) - warmupSteps);
  const done = Math.min(1, (step - warmupSteps) / length);
  const left = lrSchedule === "linear" ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  return learningRate * (config.minLrRatio + (1 - config.minLrRatio) * left);
}
