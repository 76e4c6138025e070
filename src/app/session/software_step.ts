import type { RunConfig } from "../../train/knobs.ts";

/**
 * What a step of a shipped model takes on a software adapter, in products of `productSeconds`: one for each rollout, and some for a
 * task's prompt and pictures, which its rollouts share. Measured on lavapipe and SwiftShader (LOG.md), where
 * products are most of a step.
 */
const productsPerRollout = 4.4;
const rolloutsInPrompt = 4;

/** Steps small enough to be watched on a software adapter, and which still learn (LOG.md). */
export const smallSteps = { tasksPerStep: 4, rolloutsPerTask: 4 } as const;

/** Of such steps from the shipped needle with its usual settings, until the mean accuracy of ten steps was .8 (seed 0, lavapipe). */
export const smallStepsToLearn = 90;

/** Seconds of a step of generated scenes. @param productSeconds  measured on the device */
export const softwareStepSeconds = (
  productSeconds: number,
  { tasksPerStep, rolloutsPerTask }: Pick<RunConfig, "tasksPerStep" | "rolloutsPerTask">,
): number => productSeconds * productsPerRollout * tasksPerStep * (rolloutsPerTask + rolloutsInPrompt);
