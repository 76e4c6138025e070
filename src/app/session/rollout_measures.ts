import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import { suppressed } from "../../agent/token_limits.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
import { measureTokens, type TokenMeasure } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { PackedGroup } from "../../train/pack.ts";
import { packOne } from "../../train/pack_rollouts.ts";
import type { PicturePool } from "./picture_pool.ts";
import type { RunContext } from "./run_context.ts";

/** Alternatives to a token that are worth showing. */
const likeliestTokens = 5;

/** A rollout, the pictures of its task, and the settings of its run. */
export interface ShownRollout {
  rollout: Rollout;
  pictures: readonly Pixels[];
  config: RunConfig;
}

/** A rollout as the learner takes it, of which nothing enters a loss. */
export async function packShown(
  { qwen, pool }: { qwen: Model; pool: PicturePool },
  ownTools: RunContext["ownTools"],
  { rollout, pictures, config }: ShownRollout,
): Promise<PackedGroup> {
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
  return packOne(rollout, ofRollout, qwen.config.vision);
}

/**
 * What the weights as they are would write in place of each token that the model wrote in a rollout, and how others of the same
 * model differ, where there are others.
 */
export async function rolloutMeasures(
  { gpu, qwen, pool, other }: { gpu: Gpu; qwen: Model; pool: PicturePool; other: Model | null },
  { chat, ownTools }: Pick<RunContext, "chat" | "ownTools">,
  shown: ShownRollout,
): Promise<TokenMeasure[]> {
  const group = await packShown({ qwen, pool }, ownTools, shown);
  if (group.sequences.every(({ targets }) => targets.length === 0)) return [];
  const settings = { temperature: shown.config.temperature, suppressed: suppressed(chat, shown.config) };
  return measureTokens(gpu, { model: qwen, other }, group, { ...settings, count: likeliestTokens });
}
