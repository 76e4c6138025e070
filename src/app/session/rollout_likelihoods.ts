import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import { suppressed } from "../../agent/token_limits.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
import { type Likelihood, likelihoods } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { packOne } from "../../train/pack_rollouts.ts";
import type { PicturePool } from "./picture_pool.ts";
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
  const views = await Promise.all(
    pictures.map(async (original) => ({ original, modelInput: await pool.modelInput(original) })),
  );
  const { crop } = config;
  // By name, whatever the run offered: its configuration may name code that is not loaded here.
  const tools = [...builtInTools, ...ownTools];
  const images = await Promise.all(
    [...rolloutPictures(rollout, views, { crop, tools })].map(({ original }) => pool.modelInput(original)),
  );
  const { length } = pictures;
  const ofRollout = { promptImages: images.slice(0, length), toolImages: images.slice(length) };
  const group = packOne(rollout, ofRollout, qwen.config.vision);
  const settings = { temperature: config.temperature, suppressed: suppressed(chat, config) };
  return likelihoods(gpu, qwen, group, { ...settings, count: likeliestTokens });
}
