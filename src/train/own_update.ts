import type { Rolled } from "../agent/loop.ts";
import { suppressed } from "../agent/token_limits.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import { packRollouts } from "./pack_rollouts.ts";
import type { Progress, TrainingParts } from "./run_parts.ts";
import { update, updateSettings } from "./update.ts";

/**
 * The updates of one step on rollouts with advantages, for a loop of one's own; grpo.ts has the same in its own.
 * @param from  steps and updates made before
 * @returns     metrics, and how many updates were made
 */
export function updateOn(
  rolled: Rolled,
  config: RunConfig,
  { chat, learner, reference, vision }: Pick<TrainingParts, "chat" | "learner" | "reference" | "vision">,
  from: Progress,
): Promise<Metrics & { updates: number }> {
  const settings = updateSettings(config, from.step, suppressed(chat, config));
  const batch = packRollouts(rolled, config, vision);
  return update(batch, { learner, reference, settings, passes: config.updatesPerStep, updates: from.updates });
}
