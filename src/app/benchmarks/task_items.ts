import type { Rollout } from "../../agent/rollout.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";
import type { Item, Scored } from "./benchmark.ts";

/** A task as an item that is asked once; the session scores it as it does the tasks of a run. */
export function taskItem(
  task: Task,
  of: Pick<Item, "set" | "category"> & { guess: number; pictures(): Promise<Pixels[]> },
): Item {
  const { set, category, guess } = of;
  return {
    id: task.id,
    set,
    category,
    open: async () => ({
      pixels: await of.pictures(),
      targetsSourcePx: task.goldBoxSourcePx ? [task.goldBoxSourcePx] : [],
      askings: () => [{ task, order: 0, gold: task.answer, guess, score }],
    }),
  };
}

const score = async ({ reward, unjudged }: Rollout): Promise<Scored> => ({
  right: unjudged === undefined ? (reward?.right ?? null) : null,
  verdict: unjudged ?? reward?.verdict ?? "not scored",
});
