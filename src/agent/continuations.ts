import type { Task } from "../tasks/task.ts";
import { elapsing } from "../timeline.ts";
import { before } from "./branch_start.ts";
import { GrowingRollout } from "./growing_rollout.ts";
import { growGroups, type RollParts, type RollSettings } from "./loop.ts";
import { openPrompts, openTask } from "./opened_tasks.ts";
import type { GroupEnded, RollEvent, Rollout } from "./rollout.ts";
import type { GrowingGroup } from "./turns.ts";

/** A rollout that others continue. No tool has given it a picture before the place where they do. */
export interface ContinuedRollout {
  rollout: Rollout;
  task: Task;
  /** The turn in which they go on: a segment of the model, and how many of its tokens they keep, at least one. */
  segment: number;
  kept: number;
  /** Index of the first of them among the rollouts of the task. */
  firstRollout: number;
}

export type Continuations = Pick<GroupEnded, "rollouts" | "toolImages">;

/** The place in a rollout from which others continue it, counted through all segments from 0. */
export const continuedToken = ({ rollout, segment, kept }: Omit<ContinuedRollout, "task" | "firstRollout">): number =>
  rollout.segments.slice(0, segment).reduce((n, { tokens }) => n + tokens.length, kept);

/**
 * Rolls `rolloutsPerTask` continuations of each of these rollouts: from the tokens that it has before its place through the usual
 * turns, tools and limits to an end, all of them side by side, as `roll` does from prompts. They are further rollouts of their
 * tasks, with random numbers of their own. Their prompts go into the model again, once for all continuations of a rollout.
 * Groups that end are counted by these rollouts.
 * @returns  for each of them its continuations, and model inputs of the pictures that tools gave in these
 */
export async function* rollContinuations(
  parts: RollParts,
  continued: readonly ContinuedRollout[],
  settings: RollSettings,
): AsyncGenerator<RollEvent | GroupEnded, Continuations[]> {
  const { rolloutsPerTask } = settings;
  const opening = continued.map(({ task }) => openTask(task, parts, settings));
  const openings = await elapsing("open tasks", Promise.all(opening));
  const begun = continued.map(({ rollout, task, segment, kept }, i) =>
    before({ rollout, task, views: openings[i]!.views }, segment, kept),
  );
  const prompts = openings.map(({ passage }, i) => {
    const { segments } = begun[i]!;
    const { rollout, firstRollout } = continued[i]!;
    const sampled = segments.reduce((n, { source, tokens }) => n + (source === "model" ? tokens.length : 0), 0);
    return {
      ...passage,
      behind: { tokens: segments.flatMap(({ tokens }) => tokens), images: [], sampled },
      place: { task: rollout.taskIndex, rollout: firstRollout },
    };
  });
  const groups = continued.map((one, i): GrowingGroup => {
    const { step, taskIndex, id } = one.rollout;
    const rollouts = Array.from({ length: rolloutsPerTask }, (_, n) => {
      const place = { step, taskIndex, rolloutIndex: one.firstRollout + n };
      const growing = new GrowingRollout(openings[i]!, place, i * rolloutsPerTask + n, begun[i]!);
      growing.rollout.continues = { rollout: id, token: continuedToken(one) };
      return growing;
    });
    return { task: i, rollouts };
  });
  const opened = await openPrompts(parts, openings, prompts, settings);
  yield* growGroups(parts, groups, opened, { ...settings, again: true });
  return groups.map(({ rollouts }) => ({
    rollouts: rollouts.map(({ rollout }) => rollout),
    toolImages: rollouts.map(({ toolImages }) => toolImages),
  }));
}
