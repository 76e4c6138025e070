import type { Rolled } from "../agent/loop.ts";
import { suppressed } from "../agent/token_limits.ts";
import { creditsCalls } from "./call_credit.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import { packRollouts } from "./pack_rollouts.ts";
import type { Progress, TrainingParts } from "./run_parts.ts";
import { update, updateSettings } from "./update.ts";

/**
 * The updates of one step on rollouts with advantages, for a loop of one's own; grpo.ts has the same in its own.
 * @param from  steps and updates made before
 * @returns     metrics, and how many updates were made
 * @throws Error where calls are to be given credit and were not probed, which only the trainer's own loop does
 */
export function updateOn(
  rolled: Rolled,
  config: RunConfig,
  { chat, learner, reference, vision }: Pick<TrainingParts, "chat" | "learner" | "reference" | "vision">,
  from: Progress,
): Promise<Metrics & { updates: number }> {
  const calls = rolled.rollouts.flat().flatMap((rollout) => rollout.calls);
  if (creditsCalls(config) && calls.length > 0 && !calls.some(({ probe }) => probe))
    throw new Error(
      "Expected probed calls, since callCredit or callRouting gives them credit, found none; set callCredit to 0 and callRouting to whole in a loop of your own",
    );
  const settings = updateSettings(config, from.step, suppressed(chat, config));
  const batch = packRollouts(rolled, config, vision);
  return update(batch, { learner, reference, settings, passes: config.updatesPerStep, updates: from.updates });
}
