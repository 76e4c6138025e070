import type { Rollout } from "../../src/agent/rollout.ts";
import { mostPaid } from "../../src/app/web/labels/reward_labels.ts";
import { type Verdict, verdictOf, verdicts } from "../../src/app/web/labels/verdict.ts";
import type { RunState } from "../../src/app/web/run/run_state.ts";
import type { IntroRun } from "../../src/app/web/welcome/intro_run.ts";

/** Steps of the recording of which the start page shows a group. */
const shownSteps = [1, 3, 6, 10, 15, 25, 44, 59, 79, 100];

/**
 * The short form of a recorded run that the start page plays. Of each step shown it has the task whose mean reward is
 * nearest to that of the whole step, and of its group the first rollout with the most frequent outcome.
 */
export function introOf({ config, updates, steps }: RunState): IntroRun {
  if (!config) throw new Error("a recording has a configuration");
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  const { objects, glyphPx, shapeMinPx, shapeMaxPx, legibleShare } = config;
  return {
    scene: { objects, glyphPx, shapeMinPx, shapeMaxPx, legibleShare },
    seconds: Math.round(updates.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000),
    accuracy: updates.map(({ metrics }) => rounded(metrics.accuracy!)),
    zoomRate: updates.map(({ metrics }) => rounded(metrics.zoom_rate!)),
    shown: shownSteps.map((step) => {
      const record = steps.find((candidate) => candidate.step === step)!;
      const groups = record.groups.map((group) => group!);
      const means = groups.map(meanReward);
      const whole = means.reduce((a, b) => a + b, 0) / means.length;
      const nearest = means.reduce(
        (best, mean, i) => (Math.abs(mean - whole) < Math.abs(means[best]! - whole) ? i : best),
        0,
      );
      const task = record.tasks[nearest]!;
      const group = groups[nearest]!;
      const outcomes = group.map((rollout) => outcomeOf(verdictOf(rollout)));
      const count = (outcome: string): number => outcomes.filter((other) => other === outcome).length;
      const frequent = outcomes.reduce((best, outcome) => (count(outcome) > count(best) ? outcome : best));
      return {
        step,
        task: task.id,
        question: task.question,
        answer: task.answer,
        goldBoxPx: task.goldBoxSourcePx!,
        chosen: outcomes.indexOf(frequent),
        attempts: group.map((rollout, i) => ({
          outcome: outcomes[i]!,
          share: rounded(Math.max(0, rollout.reward!.total) / mostPaid(config)),
          answer: rollout.answer,
          boxPx: rollout.calls.find(({ outcome }) => outcome === "ok")?.boxSourcePx ?? null,
        })),
      };
    }),
  };
}

const meanReward = (group: readonly Rollout[]): number =>
  group.reduce((sum, { reward }) => sum + (reward?.total ?? 0), 0) / group.length;

const outcomeOf = (verdict: Verdict): keyof typeof verdicts =>
  (Object.keys(verdicts) as (keyof typeof verdicts)[]).find((name) => verdicts[name] === verdict)!;
