import { type Branch, branchId, branchNumber, rootOf } from "../../worker_api/branch_api.ts";
import { database, write } from "./database.ts";

/** Keys of the branches of a run. */
const keysOf = (tree: string): IDBKeyRange => IDBKeyRange.bound([tree], [tree, []]);

/** The branches of a run, oldest first. */
export async function keptBranches(tree: string): Promise<Branch[]> {
  const all = await (await database()).getAll("branches", keysOf(tree));
  return all.sort((a, b) => a.madeAt.localeCompare(b.madeAt));
}

/**
 * Keeps a branch under an id that no branch of its rollout has: another tab may have made one meanwhile.
 * @param run   under which name the run is stored here; null where it is not, else its branches go with it
 * @param last  the highest number that a branch of the rollout had in this visit, kept or not
 * @returns     the branch as it is kept
 * @throws StorageFull where there is no room, Error where the run was removed
 */
export async function keepBranch(branch: Branch, { run, last }: { run: string | null; last: number }): Promise<Branch> {
  let kept = branch;
  await write(["runs", "branches"], `the branch ${branchNumber(branch.id)}`, (change) => {
    const keep = async (): Promise<void> => {
      if (run !== null && !(await change.objectStore("runs").get(run))) {
        change.abort();
        throw new Error(`the run "${run}" was removed`);
      }
      const branches = change.objectStore("branches");
      kept = withId(branch, freeId(branch, await branches.getAllKeys(keysOf(branch.tree)), last));
      await branches.put(kept);
    };
    return [keep()];
  });
  return kept;
}

/** The same under another id. */
const withId = (branch: Branch, id: string): Branch => ({ ...branch, id, rollout: { ...branch.rollout, id } });

function freeId({ id }: Branch, keys: readonly [string, string][], last: number): string {
  const root = rootOf(id);
  const numbers = keys.flatMap(([, one]) => (rootOf(one) === root ? (branchNumber(one) ?? 0) : []));
  return branchId(root, Math.max(last, ...numbers) + 1);
}

export async function removeBranches(tree: string, ids: readonly string[]): Promise<void> {
  await write(["branches"], "that branches are removed", (change) =>
    ids.map((id) => change.objectStore("branches").delete([tree, id])),
  );
}

/** All branches of a run, for where the run is removed. */
export const branchesOfRun = keysOf;
