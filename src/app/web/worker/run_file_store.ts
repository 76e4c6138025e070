import type { DroppedFiles } from "../browser/dropped_files.ts";
import { keptFolder } from "../browser/kept_folder.ts";
import { database, write } from "./database.ts";

/** Keys of the files that came with a run. */
export const filesOfRun = (run: string): IDBKeyRange => IDBKeyRange.bound([run], [run, []]);

/** Keeps a file that came with a run. @throws StorageFull */
export async function keepRunFile(run: string, path: string, content: Blob): Promise<void> {
  await write(["runFiles"], `${path} of the run "${run}"`, (change) => [
    change.objectStore("runFiles").put(content, [run, path]),
  ]);
}

/** Gives the page's files those that came with runs, as handles: a blob is read when it is asked for. */
export async function restoreRunFiles(dropped: DroppedFiles): Promise<void> {
  const db = await database();
  for (let cursor = await db.transaction("runFiles").store.openCursor(); cursor; cursor = await cursor.continue()) {
    const [run, path] = cursor.key;
    dropped.keep(`${keptFolder(run)}/${path}`, cursor.value);
  }
}
