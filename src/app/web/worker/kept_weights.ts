import type { NamedBytes } from "../../../platform.ts";
import { weightsOnly } from "../../../train/checkpoint.ts";
import { database, StorageFull, write } from "./database.ts";

/** Larger weights are in the last checkpoint only: eight sets of them would fill a disk. */
const mostKeptBytes = 16 * 2 ** 20;
/** Sets of weights of a run that stay beside its checkpoint, spread over its steps. */
const mostKept = 8;

/** Keys of the weights of a run. */
export const weightsOfRun = (run: string): IDBKeyRange => IDBKeyRange.bound([run, 0], [run, Number.MAX_SAFE_INTEGER]);

/** Steps of a run whose weights were kept, ascending. */
export async function stepsOfKept(run: string): Promise<number[]> {
  return (await (await database()).getAllKeys("keptWeights", weightsOfRun(run))).map(([, step]) => step);
}

/** The weights of a run after a step, without the optimizer; null where they were not kept. */
export async function keptAt(run: string, step: number): Promise<NamedBytes[] | null> {
  return (await (await database()).get("keptWeights", [run, step])) ?? null;
}

/**
 * Keeps the weights of a checkpoint that has been written, where they are small: questions about earlier steps are put to
 * them. The run needs none of it, so that a full disk is no error here.
 * @returns  bytes of all that is kept of the run; null where nothing was
 */
export async function keepWeights(run: string, step: number, files: readonly NamedBytes[]): Promise<number | null> {
  const weights = weightsOnly(files);
  const bytes = weights.reduce((sum, file) => sum + file.bytes.length, 0);
  if (bytes > mostKeptBytes) return null;
  const steps = [...new Set([...(await stepsOfKept(run)), step])].sort((a, b) => a - b);
  const dropped = steps.length > mostKept ? stepToDrop(steps) : null;
  try {
    await write(["keptWeights"], `the weights of step ${step} of the run "${run}"`, (change) => [
      change.objectStore("keptWeights").put(weights, [run, step]),
      dropped === null ? undefined : change.objectStore("keptWeights").delete([run, dropped]),
    ]);
    // Every set of a run has the same tensors.
    return bytes * (steps.length - (dropped === null ? 0 : 1));
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
    return null;
  }
}

/** Of ascending steps the one between two others that are nearest to each other: the rest stays spread. */
export function stepToDrop(steps: readonly number[]): number | null {
  let dropped: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < steps.length - 1; i++) {
    const gap = steps[i + 1]! - steps[i - 1]!;
    if (gap >= least) continue;
    least = gap;
    dropped = steps[i]!;
  }
  return dropped;
}
