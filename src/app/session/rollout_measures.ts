import type { Rollout } from "../../agent/rollout.ts";
import { suppressed } from "../../agent/token_limits.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
import { type AttentionMaps, attentionMaps } from "../../train/attention_maps.ts";
import { measureTokens, type TokenMeasure } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { PackedGroup } from "../../train/pack.ts";
import { packOne } from "../../train/pack_rollouts.ts";
import type { PicturePool } from "./picture_pool.ts";
import { rolloutInputs } from "./rollout_inputs.ts";
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
async function packShown(
  { qwen, pool }: { qwen: Model; pool: PicturePool },
  ownTools: RunContext["ownTools"],
  { rollout, pictures, config }: ShownRollout,
): Promise<PackedGroup> {
  const inputs = await rolloutInputs({ pool, qwen, ownTools }, { rollout, pictures, config });
  return packOne(rollout, inputs, qwen.config.vision);
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

/** What the weights as they are attend to where they wrote one token of a rollout. @param index  among the tokens that the model wrote */
export async function rolloutAttention(
  { gpu, qwen, pool }: { gpu: Gpu; qwen: Model; pool: PicturePool },
  { ownTools }: Pick<RunContext, "ownTools">,
  { index, ...shown }: ShownRollout & { index: number },
): Promise<AttentionMaps> {
  return attentionMaps(gpu, qwen, await packShown({ qwen, pool }, ownTools, shown), index);
}
