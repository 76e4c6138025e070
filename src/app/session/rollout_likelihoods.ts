import type { Rollout } from "../../agent/rollout.ts";
import { suppressed } from "../../agent/token_limits.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
import { type Likelihood, likelihoods } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { packOne } from "../../train/pack_rollouts.ts";
import type { PicturePool } from "./picture_pool.ts";
import { rolloutInputs } from "./rollout_inputs.ts";
import type { RunContext } from "./run_context.ts";

/** Alternatives to a token that are worth showing. */
const likeliestTokens = 5;

/**
 * What the weights as they are would write in place of each token that the model wrote in a rollout.
 * @param pictures  of the rollout's task @param config  of the rollout's run
 */
export async function rolloutLikelihoods(
  { gpu, qwen, pool }: { gpu: Gpu; qwen: Model; pool: PicturePool },
  { chat, ownTools }: Pick<RunContext, "chat" | "ownTools">,
  { rollout, pictures, config }: { rollout: Rollout; pictures: readonly Pixels[]; config: RunConfig },
): Promise<Likelihood[][]> {
  const inputs = await rolloutInputs({ pool, ownTools }, { rollout, pictures, config });
  const group = packOne(rollout, inputs, qwen.config.vision);
  const settings = { temperature: config.temperature, suppressed: suppressed(chat, config) };
  return likelihoods(gpu, qwen, group, { ...settings, count: likeliestTokens });
}
