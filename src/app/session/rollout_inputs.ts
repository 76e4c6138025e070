import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
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
 * @throws Error with one sentence about the first call whose picture cannot be made, or where the model cannot have read this
 */
export async function rolloutInputs(
  { pool, qwen, ownTools }: { pool: PicturePool; qwen: Model } & Pick<RunContext, "ownTools">,
  { rollout, pictures, config }: { rollout: Rollout; pictures: readonly Pixels[]; config: RunConfig },
): Promise<RolloutInputs> {
  expectTokens(rollout, qwen);
  const views = await Promise.all(
    pictures.map(async (original) => ({ original, modelInput: await pool.modelInput(original) })),
  );
  // By name, whatever the run offered: its configuration may name code that is not loaded here.
  const tools = [...builtInTools, ...ownTools];
  const images = await Promise.all(
    [...rolloutPictures(rollout, views, { crop: config.crop, tools })].map(({ original }) => pool.modelInput(original)),
  );
  expectPictures(rollout, images, qwen);
  const { length } = pictures;
  return { promptImages: images.slice(0, length), toolImages: images.slice(length) };
}

/** @throws Error in one sentence where a rollout has tokens that the model does not have: a shader would read others for them */
export function expectTokens({ id, segments }: Rollout, { config }: Model): void {
  const { vocabSize } = config.text;
  for (const { tokens } of segments) {
    const bad = tokens.find((token) => token >= vocabSize);
    if (bad !== undefined)
      throw new Error(
        `Expected tokens of the open model, which has ${vocabSize}, in rollout ${id}, found id ${bad}; open the model that the run trained`,
      );
  }
}

/** @throws Error in one sentence where a rollout's text shows other pictures than its log gives */
function expectPictures({ id, segments }: Rollout, images: readonly Pixels[], { config }: Model): void {
  const { imageTokenId, vision } = config;
  const side = vision.patchSize * vision.spatialMergeSize;
  const needed = images.reduce((sum, { width, height }) => sum + (width / side) * (height / side), 0);
  const found = segments.reduce((sum, { tokens }) => sum + tokens.filter((token) => token === imageTokenId).length, 0);
  if (found !== needed)
    throw new Error(
      `Expected ${needed} image tokens in rollout ${id}, as the open model reads its ${images.length} pictures, found ${found}; open the model that the run trained, with its maxPixels and the whole log`,
    );
}
