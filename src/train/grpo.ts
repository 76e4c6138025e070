import { suppressed } from "../agent/token_limits.ts";
import { onHost } from "../timeline.ts";
import { setAdvantages } from "./advantage.ts";
import { creditCalls, creditsCalls } from "./call_credit.ts";
import type { Metrics, TrainEvent } from "./events.ts";
import { chargeKl, klSums } from "./kl_reward.ts";
import type { RunConfig } from "./knobs.ts";
import { NextStep } from "./next_step.ts";
import { packRollouts } from "./pack_rollouts.ts";
import { resamplingMetrics } from "./resampled_calls.ts";
import { type RolledTasks, rollGroups } from "./rolling.ts";
import type { Progress, TrainingParts } from "./run_parts.ts";
import { update, updateSettings } from "./update.ts";

/** A finished step. */
export interface StepResult {
  type: "step";
  step: number;
  config: RunConfig;
  /** Of its rollouts, of the KL that was charged to their rewards, and of the update. */
  metrics: Metrics;
  /** When all rollouts were scored, by performance.now(). */
  rolledMs: number;
}

/**
 * GRPO (Shao et al. 2024, arXiv 2402.03300; its variants as in verl). Each task of a step is attempted several times; an
 * attempt's advantage is its reward compared with the others of its task; the policy is updated on its own tokens.
 * @param measure  the metrics of a step's rollouts; called while the GPU computes the update
 */
export async function* grpo(
  parts: TrainingParts,
  from: Progress,
  measure: (rolled: RolledTasks) => Metrics,
): AsyncGenerator<TrainEvent | StepResult, void> {
  const { chat, learner, reference, traces, vision } = parts;
  let { updates } = from;
  let next = new NextStep(parts, from.step);
  try {
    for (let { step } = from; step < parts.config().steps; step++) {
      const begun = await next.begin();
      // A step has the knobs of its beginning: what was sampled at one temperature is not trained at another.
      const { config } = begun;
      next = new NextStep(parts, step + 1);
      yield { type: "tasks", step: step + 1, tasks: begun.taken.tasks };

      const rolled = yield* rollGroups({ ...parts, config: () => config }, step, begun);
      const rolledMs = performance.now();

      const settings = updateSettings(config, step, suppressed(chat, config));
      const { rollouts } = rolled;
      const charged =
        config.klRewardCoef > 0
          ? chargeKl(rollouts, await klSums(reference, rolled, settings, vision), config.klRewardCoef)
          : {};
      const credited = creditsCalls(config) ? await creditCalls(parts, rolled, config) : {};
      for (const [taskIndex, group] of rollouts.entries()) {
        setAdvantages(group, config);
        yield { type: "group", step: step + 1, taskIndex, rollouts: group };
      }

      const batch = onHost("patches and rows of the update", () => packRollouts(rolled, config, vision));
      const passes = config.updatesPerStep;
      let measured: Metrics = {};
      // The next prompts follow the update in the GPU's queue; what needs no result of it is done meanwhile.
      const updated = await next.behind(
        (submitted) => update(batch, { learner, reference, settings, passes, updates, traces, submitted }),
        () => {
          measured = measure(rolled);
        },
      );
      updates += updated.updates;
      const resampled = config.resampledCalls > 0 ? resamplingMetrics(rollouts) : {};
      const metrics = { ...measured, ...charged, ...credited, ...updated, ...resampled };
      yield { type: "step", step: step + 1, config, metrics, rolledMs };
    }
  } finally {
    next.close();
  }
}
