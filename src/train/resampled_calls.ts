import type { ContinuedRollout } from "../agent/continuations.ts";
import type { Rollout } from "../agent/rollout.ts";
import type { Task } from "../tasks/task.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { MetricEntry } from "./metrics.ts";

/*
 * AXPO: Agent eXplorative Policy Optimization (Kang et al., NVIDIA and KAIST, arXiv 2605.28774). The paper itself was not at hand:
 * its rules are those of its abstract, of its project page (byungkwanlee.github.io/AXPO-page) and of readers' notes that
 * quote its equations. Its code is not public.
 *
 * The paper's: where rollouts of a group used a tool and all of these are wrong, GRPO gives their calls an advantage that is
 * negative or 0. Such a rollout is taken up again behind the tag that opens its call: the thought stays, and K = 4 calls
 * with what follows are sampled. Which rollouts: those whose call the model was least sure of, by the mean probability of
 * the call's tokens, at most r = .25 as many continuations as the step has rollouts, whole sets of K, each group
 * once before any has a second. Advantages: advantage.ts (eq. 2 to 4). Loss (eq. 5): the shared tokens once, as tokens of the
 * continued rollout, whose own call and what followed are left out; of each continuation what it sampled.
 *
 * Ours, where nothing could be found or where our runs differ:
 * - A rollout used a tool where it opened a call, whatever became of that. The turn is the first that does, and the tag in it the last, which
 *   is the one that environments read. Models without a thought (the shipped ones) keep the tag alone.
 * - The call's tokens are counted with both tags. The probabilities are those that they were sampled with, at the run's temperature.
 * - Rollouts without a verdict count neither as wrong nor as right, and are not continued.
 * - Sets that are left over go to the groups whose call is least sure. Of a step that is too small for one set one is made all the same.
 * - Each continuation is a sequence of the step's aggregation (lossAggMode) like every other rollout. What is known of a
 *   group, such as Pixel-Reasoner's share of tool users, is counted among the continuations of one rollout.
 * - The paper clips at .2 and .4 and has a KL of .001 in the loss, which are knobs of their own.
 */

type Rules = Pick<RunConfig, "resampledCalls" | "resampledShare">;

/** Ids of the tags around a call. */
export interface CallTags {
  opening: number;
  closing: number;
}

/** Where a rollout opened its first call, and how sure the model was of it. */
export interface OpenedCall {
  segment: number;
  /** Tokens of the turn up to the call's own, the opening tag included. */
  kept: number;
  /** Mean probability of the call's tokens, tags included. */
  confidence: number;
}

/** Null where the rollout opens no call. */
export function openedCall({ segments }: Pick<Rollout, "segments">, { opening, closing }: CallTags): OpenedCall | null {
  const segment = segments.findIndex(({ source, tokens }) => source === "model" && tokens.includes(opening));
  const turn = segments[segment];
  if (!turn) return null;
  const first = turn.tokens.lastIndexOf(opening);
  const closed = turn.tokens.indexOf(closing, first);
  const probabilities = turn.logprobs.slice(first, closed < 0 ? undefined : closed + 1).map(Math.exp);
  const confidence = probabilities.reduce((sum, one) => sum + one, 0) / probabilities.length;
  return { segment, kept: first + 1, confidence };
}

/** Whether a group has rollouts that used a tool, and none of them is right. */
export function isAllWrong(group: readonly Rollout[], tags: CallTags): boolean {
  const users = group.filter((rollout) => hasVerdict(rollout) && openedCall(rollout, tags) !== null);
  return users.length > 0 && users.every(({ reward }) => !reward?.right);
}

const hasVerdict = ({ reward, unjudged }: Rollout): boolean => reward !== null && unjudged === undefined;

/** The most rollouts of a step that are continued, each by a set of `resampledCalls`. */
export const mostSets = ({ resampledCalls, resampledShare }: Rules, rollouts: number): number =>
  resampledCalls === 0 ? 0 : Math.max(1, Math.floor((resampledShare * rollouts) / resampledCalls));

/**
 * The rollouts of a scored step that are continued, those of a group one after another. They are not marked yet.
 * @param groups  (tasks, rolloutsPerTask)
 */
export function chooseContinued(
  groups: readonly (readonly Rollout[])[],
  tasks: readonly Task[],
  { resampledCalls, resampledShare }: Rules,
  tags: CallTags,
): ContinuedRollout[] {
  const rollouts = groups.reduce((n, group) => n + group.length, 0);
  const sets = mostSets({ resampledCalls, resampledShare }, rollouts);
  const candidates = groups.flatMap((group, task) => {
    if (!isAllWrong(group, tags)) return [];
    const opened = group.flatMap((rollout) => {
      const call = hasVerdict(rollout) ? openedCall(rollout, tags) : null;
      // A turn that was cut right behind the tag has no room for a call.
      const hasRoom = call && rollout.segments[call.segment]!.tokens.length > call.kept;
      return hasRoom ? [{ task, rollout, call }] : [];
    });
    opened.sort((a, b) => a.call.confidence - b.call.confidence);
    return opened.map((one, round) => ({ ...one, round }));
  });
  // Sorting keeps the order of equal ones: that of the step.
  const chosen = candidates
    .sort((a, b) => a.round - b.round || a.call.confidence - b.call.confidence)
    .slice(0, sets)
    .sort((a, b) => a.task - b.task);
  return chosen.map(({ task, rollout, call: { segment, kept }, round }) => ({
    rollout,
    task: tasks[task]!,
    segment,
    kept,
    firstRollout: groups[task]!.length + round * resampledCalls,
  }));
}

/** Curves of a run that samples calls again. */
export const resamplingMetricTable = {
  resampled_groups: {
    label: "Groups resampled",
    unit: "share",
    line: "groups in which a call was sampled again, since all rollouts that opened one were wrong (knob resampledCalls)",
  },
  rescued_groups: {
    label: "Groups rescued",
    unit: "share",
    line: "of these groups, those in which a continuation was right",
  },
  resampled_accuracy: {
    label: "Accuracy of continuations",
    unit: "share",
    line: "right answers among the rollouts that continue another, where there is a verdict; no other metric counts these",
  },
} as const satisfies Record<string, MetricEntry>;

export type ResamplingMetricName = keyof typeof resamplingMetricTable;

/** What came of a step's continuations. A mean over nothing is left out. */
export function resamplingMetrics(groups: readonly (readonly Rollout[])[]): Metrics {
  const continued = groups
    .map((group) => group.filter(({ continues }) => continues))
    .filter((continuations) => continuations.length > 0);
  const judged = continued.map((continuations) => continuations.filter(hasVerdict).map(({ reward }) => reward!.right));
  const all = judged.flat();
  const share = (list: readonly boolean[]) => list.filter(Boolean).length / list.length;
  const values: Record<ResamplingMetricName, number> = {
    resampled_groups: continued.length / groups.length,
    rescued_groups: share(judged.map((ofGroup) => ofGroup.some(Boolean))),
    resampled_accuracy: share(all),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}
