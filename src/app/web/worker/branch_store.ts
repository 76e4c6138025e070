import { type Branch, branchId, branchNumber, rootOf } from "../../worker_api/branch_api.ts";
import { database, write } from "./database.ts";

/** Keys of the branches of a run. */
const keysOf = (tree: string): IDBKeyRange => IDBKeyRange.bound([tree], [tree, []]);

/** The branches of a run, oldest first. */
export async function keptBranches(tree: string): Promise<Branch[]> {
  const all = await (await database()).getAll("branches", keysOf(tree));
  return all.sort((a, b) => a.madeAt.localeCompare(b.madeAt));
}

/** An id that no branch of the rollout has. @param of  id of the rollout or branch that is left */
export async function freeBranchId(tree: string, of: string): Promise<string> {
  const root = rootOf(of);
  const keys = await (await database()).getAllKeys("branches", keysOf(tree));
  const numbers = keys.flatMap(([, id]) => (rootOf(id) === root ? (branchNumber(id) ?? 0) : []));
  return branchId(root, Math.max(0, ...numbers) + 1);
}

/** @throws StorageFull where there is no room */
export async function keepBranch(branch: Branch): Promise<void> {
  await write(await database(), ["branches"], `the branch ${branch.id}`, (change) => [
    change.objectStore("branches").put(branch),
  ]);
}

export async function removeBranches(tree: string, ids: readonly string[]): Promise<void> {
  await write(await database(), ["branches"], "that branches are removed", (change) =>
    ids.map((id) => change.objectStore("branches").delete([tree, id])),
  );
}

/** All branches of a run, for where the run is removed. */
export const branchesOfRun = keysOf;
