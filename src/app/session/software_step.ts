import { chosenWorlds } from "../../tasks/worlds/table.ts";
import type { RunConfig } from "../../train/knobs.ts";

/**
 * What a step of a shipped model takes on a software adapter, in products of `productSeconds`: one for each rollout, and some for a
 * task's prompt and pictures, which its rollouts share. Measured on lavapipe and SwiftShader (LOG.md), where
 * products are most of a step.
 */
const productsPerRollout = 4.4;
const rolloutsInPrompt = 4;

/**
 * A turn of the model of several worlds, in rollouts of the small ones: it is three times as large, and its turns are longer.
 * From steps of 4 x 4 on lavapipe, processor time: 4, 6.4 and 11 times a step of needle for read, relate and hunt (LOG.md).
 */
const turnOfWorlds = 2.2;

/** How many times as much a rollout takes as one of needle. */
function rolloutCost({ model, worlds, hopsMax }: Pick<RunConfig, "model" | "worlds" | "hopsMax">): number {
  if (model !== "worlds") return 1;
  const calls = Math.max(1, ...chosenWorlds(worlds).map((world) => world.mostZooms({ hopsMax })));
  return turnOfWorlds * (1 + calls);
}

/** Steps small enough to be watched on a software adapter, and which still learn (LOG.md). */
export const smallSteps = { tasksPerStep: 4, rolloutsPerTask: 4 } as const;

/** Of such steps from the shipped needle with its usual settings, until the mean accuracy of ten steps was .8 (seed 0, lavapipe). */
export const smallStepsToLearn = 90;

/** Seconds of a step of generated scenes. @param productSeconds  measured on the device */
export const softwareStepSeconds = (
  productSeconds: number,
  config: Pick<RunConfig, "tasksPerStep" | "rolloutsPerTask" | "model" | "worlds" | "hopsMax">,
): number => {
  const { tasksPerStep, rolloutsPerTask } = config;
  return (
    productSeconds * productsPerRollout * rolloutCost(config) * tasksPerStep * (rolloutsPerTask + rolloutsInPrompt)
  );
};
