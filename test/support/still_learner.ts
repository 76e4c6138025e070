import type { Learner, UpdateResult } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";

/** An update that changes nothing: its losses are 0 and its ratios 1. */
export function stillUpdate(groups: readonly PackedGroup[], gradNorm = 1): UpdateResult {
  const targets = groups.flatMap(({ sequences }) => sequences.flatMap((sequence) => sequence.targets));
  return {
    logprobs: Float32Array.from(targets, ({ oldLogprob = 0 }) => oldLogprob),
    entropies: new Float32Array(targets.length),
    terms: Float32Array.from(targets.flatMap(() => [0, 0, 0, 0, 1, 0])),
    gradNorm,
  };
}

export const stillLearner: Pick<Learner, "update"> = { update: async (groups) => stillUpdate(groups) };
