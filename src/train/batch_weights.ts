import type { Rollout } from "../agent/rollout.ts";
import { hasVariance, rewardDeviation } from "./advantage.ts";
import { tokenWeights } from "./aggregation.ts";
import type { RunConfig } from "./knobs.ts";
import { trainedTokens } from "./trained_tokens.ts";

/** The knobs that say what of a step enters the loss, and with which weight. */
export type BatchSettings = Pick<
  RunConfig,
  | "lossAggMode"
  | "microBatchRollouts"
  | "miniBatchTasks"
  | "rankedTasks"
  | "responseTokens"
  | "zeroVariance"
  | "overlong"
>;

/** A task of which something enters the loss. */
export interface WeighedTask {
  taskIndex: number;
  /** Its rollouts that enter, and what each of their tokens weighs. */
  rollouts: { rolloutIndex: number; weight: number }[];
}

export interface BatchWeights {
  /** The tasks of each mini-batch, in order. */
  miniBatches: WeighedTask[][];
  /** Groups that are left out for their equal rewards. */
  droppedGroups: number;
  /** Groups that are left out since others differ more. */
  outrankedGroups: number;
  /** Rollouts that are left out since they ran out of turns or tokens. */
  maskedRollouts: number;
}

/** Tokens after the prompt, those of tools included. */
const responseTokens = ({ segments }: Rollout): number =>
  segments.reduce((n, s) => n + (s.source === "prompt" ? 0 : s.tokens.length), 0);

/**
 * What of the rollouts of a step, (tasks, rolloutsPerTask), enters the loss. Left out are rollouts without an advantage (the
 * judge failed), where asked for those that ran out of turns or tokens and groups of equal rewards (resampling leaves some
 * where it gives up), all but the `rankedTasks` whose rewards differ most, and tasks of which nothing remains: means are over
 * the rest.
 *
 * A mini-batch is `miniBatchTasks` of the remaining tasks; the weights of its tokens make up the aggregation within it, by
 * micro-batches of its remaining rollouts where that is asked for. The length that seq-mean-token-sum-norm divides by
 * is verl's, to which it pads every response: the longest allowed, or without a limit the longest of the step.
 */
export function batchWeights(groups: readonly (readonly Rollout[])[], config: BatchSettings): BatchWeights {
  const drop = config.zeroVariance !== "keep";
  const mask = config.overlong === "mask";
  const isMasked = ({ end }: Rollout) => mask && (end === "turns" || end === "length");
  const isTrained = (rollout: Rollout) =>
    !isMasked(rollout) && rollout.advantage !== null && trainedTokens(rollout) > 0;
  const varied = [...groups.entries()].filter(([, rollouts]) => !drop || hasVariance(rollouts));
  const ranked = mostVaried(varied, config.rankedTasks);
  const trained = ranked
    .map(([taskIndex, rollouts]) => ({
      taskIndex,
      rollouts: [...rollouts.entries()].filter(([, rollout]) => isTrained(rollout)),
    }))
    .filter(({ rollouts }) => rollouts.length > 0);
  const paddedLength = config.responseTokens || Math.max(0, ...groups.flat().map(responseTokens));

  const perUpdate = config.miniBatchTasks || Math.max(1, trained.length);
  const miniBatches: WeighedTask[][] = [];
  for (let first = 0; first < trained.length; first += perUpdate) {
    const tasks = trained.slice(first, first + perUpdate);
    const lengths = tasks.flatMap(({ rollouts }) => rollouts.map(([, rollout]) => trainedTokens(rollout)));
    const weights = tokenWeights(lengths, config.lossAggMode, paddedLength, config.microBatchRollouts);
    let at = 0;
    miniBatches.push(
      tasks.map(({ taskIndex, rollouts }) => ({
        taskIndex,
        rollouts: rollouts.map(([rolloutIndex]) => ({ rolloutIndex, weight: weights[at++]! })),
      })),
    );
  }
  return {
    miniBatches,
    droppedGroups: groups.length - varied.length,
    outrankedGroups: varied.length - ranked.length,
    maskedRollouts: groups.flat().filter(isMasked).length,
  };
}

/** The tasks whose rewards have the largest standard deviation, in their own order; of equal ones the first. All where `most` is 0. */
function mostVaried(
  tasks: readonly [taskIndex: number, rollouts: readonly Rollout[]][],
  most: number,
): readonly [number, readonly Rollout[]][] {
  if (most === 0 || tasks.length <= most) return tasks;
  const byDeviation = tasks
    .map((task) => ({ task, deviation: rewardDeviation(task[1]) }))
    .sort((a, b) => b.deviation - a.deviation);
  const kept = new Set(byDeviation.slice(0, most).map(({ task }) => task));
  return tasks.filter((task) => kept.has(task));
}
