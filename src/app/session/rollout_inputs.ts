import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { PicturePool } from "./picture_pool.ts";
import type { RunContext } from "./run_context.ts";

/** Model inputs of the pictures in a rollout: those of its task, and what its tools gave, each in order. */
export interface RolloutInputs {
  promptImages: Pixels[];
  toolImages: Pixels[];
}

/**
 * Makes the pictures of a logged rollout again, as the model saw them.
 * @param pictures  of its task @param config  of its run
 * @throws Error with one sentence about the first call whose picture cannot be made
 */
export async function rolloutInputs(
  { pool, ownTools }: { pool: PicturePool } & Pick<RunContext, "ownTools">,
  { rollout, pictures, config }: { rollout: Rollout; pictures: readonly Pixels[]; config: RunConfig },
): Promise<RolloutInputs> {
  const views = await Promise.all(
    pictures.map(async (original) => ({ original, modelInput: await pool.modelInput(original) })),
  );
  // By name, whatever the run offered: its configuration may name code that is not loaded here.
  const tools = [...builtInTools, ...ownTools];
  const images = await Promise.all(
    [...rolloutPictures(rollout, views, { crop: config.crop, tools })].map(({ original }) => pool.modelInput(original)),
  );
  const { length } = pictures;
  return { promptImages: images.slice(0, length), toolImages: images.slice(length) };
}
