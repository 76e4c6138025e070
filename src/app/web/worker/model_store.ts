import type { NamedBytes } from "../../../platform.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { StoredModel } from "../../worker_api/run_api.ts";
import { database, lock, write } from "./database.ts";

/** Models of this browser are named like folders, so that a run's configuration names them as it names a shipped one. */
const folder = "trained-here/";

/** Whether a model's name, or a path to one of its files, stands for weights that were made in this browser. */
export const isTrainedHere = (path: string): boolean => path.startsWith(folder);

/** The name of what the supervised stages make with these settings. */
export const trainedName = ({ preset, seed, warmupRows }: RunConfig): string =>
  `${folder}${preset}-seed-${seed}-examples-${warmupRows}`;

/** Tensors are read one by one; the whole file comes from the disk once. */
const kept = new Map<string, Uint8Array>();

const filesOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name], [name, []]);

/** Models made here, newest first. */
export async function storedModels(): Promise<StoredModel[]> {
  const models = await (await database()).getAll("models");
  return models.sort((a, b) => b.madeAt.localeCompare(a.madeAt));
}

/** One file of a model by its path, null where there is none. */
export async function storedModelFile(path: string): Promise<Uint8Array | null> {
  const cut = path.lastIndexOf("/");
  const bytes =
    kept.get(path) ?? (await (await database()).get("modelFiles", [path.slice(0, cut), path.slice(cut + 1)]));
  if (!bytes) return null;
  kept.set(path, bytes);
  return bytes;
}

/** The files of a model by its name, in order; null where there is none. */
export async function storedModelFiles(name: string): Promise<string[] | null> {
  const keys = await (await database()).getAllKeys("modelFiles", filesOf(name));
  return keys.length === 0 ? null : keys.map(([, file]) => file).sort();
}

/** What the warm-up of a model goes on from; null where it is finished or was never begun. */
export async function storedWarmup(name: string): Promise<NamedBytes[] | null> {
  return (await (await database()).get("warmups", name)) ?? null;
}

/** Keeps a model in place of the one of its name. @param checkpoint  what a warm-up goes on from, null once it is finished */
export async function saveModel(
  model: StoredModel,
  files: readonly NamedBytes[],
  checkpoint: readonly NamedBytes[] | null,
): Promise<void> {
  await write(["models", "modelFiles", "warmups"], `the model "${model.name}"`, (change) => {
    const warmups = change.objectStore("warmups");
    return [
      change.objectStore("models").put(model),
      ...files.map(({ name, bytes }) => change.objectStore("modelFiles").put(bytes, [model.name, name])),
      checkpoint ? warmups.put([...checkpoint], model.name) : warmups.delete(model.name),
    ];
  });
  kept.clear();
}

/** Removes a model and its warm-up. @throws Error where it is being made */
export async function removeModel(name: string): Promise<void> {
  const release = await lockModel(name);
  try {
    const db = await database();
    const change = db.transaction(["models", "modelFiles", "warmups"], "readwrite");
    await Promise.all([
      change.objectStore("models").delete(name),
      change.objectStore("modelFiles").delete(filesOf(name)),
      change.objectStore("warmups").delete(name),
      change.done,
    ]);
    kept.clear();
  } finally {
    release();
  }
}

/** Holds a model's name while it is being made. @throws Error where someone else holds it */
export const lockModel = (name: string): Promise<() => void> =>
  lock(`model ${name}`, `The warm-up of "${name}" is under way, here or in another tab; stop it there first`);
