import type { Rolled } from "../../agent/loop.ts";
import type { Rollout } from "../../agent/rollout.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
import type { Task } from "../../tasks/task.ts";
import { type ProbeParts, probedTasks, zoomWorths } from "../../train/causal_zoom.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { pixelSight } from "../../train/pixel_sight.ts";
import type { Sight } from "../../train/sight.ts";
import type { ZoomWorth } from "../../train/zoom_worth.ts";
import type { PicturePool } from "./picture_pool.ts";
import { rolloutInputs } from "./rollout_inputs.ts";
import type { RunContext } from "./run_context.ts";

/** Rollouts of one task, which may be logged ones, and the settings of their run. */
export interface ProbedRollouts {
  task: Task;
  rollouts: readonly Rollout[];
  config: RunConfig;
  /** A rollout of another task of the run in which a tool gave a picture; null where there is none. */
  other: { task: Task; rollout: Rollout } | null;
}

/** How pictures of a session's tasks are made again. */
export interface Remaking extends Pick<RunContext, "ownTools"> {
  pool: PicturePool;
  qwen: Model;
  /** The pictures of a task of any run on the session's model. */
  pictures(task: Task, config: RunConfig): Promise<Pixels[]>;
}

/**
 * What the pictures of tools were worth in logged rollouts, under the weights as they are.
 * @throws Error with one sentence where a picture cannot be made again
 */
export async function rolloutWorths(
  parts: ProbeParts,
  remaking: Remaking,
  { task, rollouts, config, other }: ProbedRollouts,
): Promise<ZoomWorth[]> {
  const rolled = await remade(remaking, { task, rollouts, config });
  const [probed] = probedTasks(rolled, [task]);
  const elsewhere = other && (await remade(remaking, { task: other.task, rollouts: [other.rollout], config }));
  const picture = elsewhere?.toolImages.flat(2)[0];
  return zoomWorths(parts, [{ ...probed!, ...(picture && { other: picture }) }]);
}

/** Whether the learner sees the pictures of logged rollouts. Null where there are none, or nothing was written. */
export const rolloutSight = async (
  parts: ProbeParts,
  remaking: Remaking,
  asked: Omit<ProbedRollouts, "other">,
): Promise<Sight | null> => pixelSight(parts, await remade(remaking, asked));

async function remade(remaking: Remaking, { task, rollouts, config }: Omit<ProbedRollouts, "other">): Promise<Rolled> {
  const pictures = await remaking.pictures(task, config);
  const inputs = await Promise.all(rollouts.map((rollout) => rolloutInputs(remaking, { rollout, pictures, config })));
  return {
    rollouts: [[...rollouts]],
    promptImages: [inputs[0]?.promptImages ?? []],
    toolImages: [inputs.map(({ toolImages }) => toolImages)],
  };
}
