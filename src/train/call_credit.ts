import type { CallProbe, Rollout } from "../agent/rollout.ts";
import { elapsing } from "../timeline.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { RolledTasks } from "./rolling.ts";
import type { TrainingParts } from "./run_parts.ts";

/**
 * TACO (arXiv 2606.30251): what single calls get of the advantage, in two channels.
 *
 * The paper's: an answer is asked for before a call and after its result by opening `<answer>` there (`call_probes.ts`); r is
 * whether that answer is right, and the call's credit is r after - r before (DAPR): above 0 for a useful call, below for a
 * misleading one, 0 for one that changes nothing. The outcome's advantage reaches by that only those who are responsible
 * (OGAR): after a useful call all of the rollout; a redundant call is not rewarded; of a misleading one the penalty does not
 * reach what was thought before it; a call that was needed and did not help is not penalised.
 *
 * Ours, since the paper's text was not at hand beside summaries of it: r is the probability of the right answer in the credit
 * (what r is on average where the answer is sampled; the paper decodes greedily), and in the routing whether that is above
 * 1/2 (greedy decoding gives the right answer then). The credit is added as it is, by a weight that is a knob: summaries name
 * weights of 1.0 and 0.15 for the channels without saying whose, and do not say that the credit is normalised. A call is
 * the tokens of its turn from the tool call on; what stands before it in the turn counts as thought before it, and what comes
 * behind keeps the outcome's advantage, so that answers are always learned from. Where summaries speak of rewards and
 * penalties, only that sign of the advantage is held back. Several calls (the paper has one): each is probed at its own place,
 * so that credits add up to the whole gain, and each holds back on its own.
 */
export type CreditSettings = Pick<RunConfig, "callCredit" | "callRouting">;

/** Whether a run needs probes of its calls. */
export const creditsCalls = ({ callCredit, callRouting }: CreditSettings): boolean =>
  callCredit > 0 || callRouting !== "whole";

/** What a call did for the answer. failed: the answer was wrong before, and still is. */
export const callEffects = ["useful", "redundant", "misleading", "failed"] as const;
export type CallEffect = (typeof callEffects)[number];

export function callEffect({ before, after }: Pick<CallProbe, "before" | "after">): CallEffect {
  const [wasRight, isRight] = [before > 0.5, after > 0.5];
  if (isRight) return wasRight ? "redundant" : "useful";
  return wasRight ? "misleading" : "failed";
}

/** The credit of a call, -1 to 1: how much likelier the right answer is with its result. */
export const creditOf = ({ before, after }: Pick<CallProbe, "before" | "after">): number => after - before;

/** For people: "useful: right answer 0.12 → 0.93". */
export const effectText = (probe: Pick<CallProbe, "before" | "after">): string =>
  `${effectNames[callEffect(probe)]}: right answer ${probe.before.toFixed(2)} → ${probe.after.toFixed(2)}`;

const effectNames: Record<CallEffect, string> = {
  useful: "useful",
  redundant: "redundant",
  misleading: "misleading",
  failed: "needed, did not help",
};

/** A call that was probed, by the tokens that the model wrote in the rollout. */
export interface ProbedCall {
  /** Index of its first token among them, and the one behind its last. */
  from: number;
  to: number;
  probe: CallProbe;
}

/** The probed calls of a rollout in order. Calls of one turn are one. */
export function probedCalls({ segments, calls }: Pick<Rollout, "segments" | "calls">): ProbedCall[] {
  const found: ProbedCall[] = [];
  let at = 0;
  for (const [s, { source, tokens }] of segments.entries()) {
    if (source !== "model") continue;
    const probe = calls.find((call) => call.segment === s && call.probe)?.probe;
    if (probe) found.push({ from: at + Math.min(probe.from, tokens.length), to: at + tokens.length, probe });
    at += tokens.length;
  }
  return found;
}

/**
 * The advantage of each token that the model wrote: the rollout's own, held back where calls are answerable for less, and
 * the weighted credit of each call on its tokens. A rollout without an advantage has 0 (it weighs nothing).
 */
export function tokenAdvantages(
  rollout: Pick<Rollout, "segments" | "calls" | "advantage">,
  settings: CreditSettings,
): number[] {
  const count = rollout.segments.reduce((n, { source, tokens }) => n + (source === "model" ? tokens.length : 0), 0);
  const advantages = new Array<number>(count).fill(rollout.advantage ?? 0);
  if (!creditsCalls(settings) || rollout.advantage === null) return advantages;
  const calls = probedCalls(rollout);
  if (settings.callRouting === "outcome") for (const call of calls) holdBack(advantages, call);
  for (const { from, to, probe } of calls)
    for (let t = from; t < to; t++) advantages[t]! += settings.callCredit * creditOf(probe);
  return advantages;
}

function holdBack(advantages: number[], { from, to, probe }: ProbedCall): void {
  const effect = callEffect(probe);
  const limit = (first: number, end: number, bounded: (advantage: number) => number) => {
    for (let t = first; t < end; t++) advantages[t] = bounded(advantages[t]!);
  };
  const unrewarded = (advantage: number) => Math.min(advantage, 0);
  const unpenalised = (advantage: number) => Math.max(advantage, 0);
  if (effect === "redundant" || effect === "misleading") limit(from, to, unrewarded);
  if (effect === "misleading") limit(0, from, unpenalised);
  if (effect === "failed") limit(from, to, unpenalised);
}

/** What calls were given in a step: means over the probed ones; none where no call was probed. */
export function creditMetrics(rollouts: readonly (readonly Rollout[])[]): Metrics {
  const probes = rollouts.flat().flatMap((rollout) => probedCalls(rollout).map(({ probe }) => probe));
  const mean = (of: (probe: CallProbe) => number) => probes.reduce((sum, one) => sum + of(one), 0) / probes.length;
  if (probes.length === 0) return {};
  return {
    "call_credit/mean": mean(creditOf),
    "call_credit/before": mean(({ before }) => before),
    "call_credit/after": mean(({ after }) => after),
    ...Object.fromEntries(
      callEffects.map((effect) => [`call_credit/${effect}`, mean((probe) => Number(callEffect(probe) === effect))]),
    ),
  };
}

/** Probes the calls of a step. Resolves to its metrics. @throws Error where nothing can be asked about rollouts */
export async function creditCalls({ probes }: TrainingParts, rolled: RolledTasks, config: RunConfig): Promise<Metrics> {
  if (!probes)
    throw new Error(
      "Credit of single calls (callCredit, callRouting) needs a model here that can be asked, found none; set callCredit to 0 and callRouting to whole",
    );
  await elapsing("probes of calls", probes.calls(rolled, rolled.tasks, config));
  return creditMetrics(rolled.rollouts.map((group) => group.filter(({ continues }) => !continues)));
}
