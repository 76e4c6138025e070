import type { RolloutMark } from "../../../train/rollout_mark.ts";
import { database, write } from "./database.ts";

/** Keys of the marks of a run. */
export const marksOfRun = (tree: string): IDBKeyRange => IDBKeyRange.bound([tree], [tree, []]);

/** What a person said of rollouts of a run; blank ones among them take the place of what its log says. */
export async function keptMarks(tree: string): Promise<RolloutMark[]> {
  const all = await (await database()).getAll("marks", marksOfRun(tree));
  return all.map(({ tree: _, ...mark }) => mark);
}

/** @throws StorageFull where there is no room */
export async function keepMark(tree: string, mark: RolloutMark): Promise<void> {
  await write(["marks"], `what is said of the rollout ${mark.rollout}`, (change) => [
    change.objectStore("marks").put({ ...mark, tree }),
  ]);
}
