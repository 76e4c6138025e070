import type { DroppedFiles } from "../browser/dropped_files.ts";
import { keptFolder } from "../browser/kept_folder.ts";
import { database, write } from "./database.ts";

/** Keys of the files that came with a run. */
export const filesOfRun = (run: string): IDBKeyRange => IDBKeyRange.bound([run], [run, []]);

/** Keeps a file that came with a run. @throws StorageFull */
export async function keepRunFile(run: string, path: string, content: Blob): Promise<void> {
  await write(await database(), ["runFiles"], `${path} of the run "${run}"`, (change) => [
    change.objectStore("runFiles").put(content, [run, path]),
  ]);
}

/** What is kept: by run, the paths below its folder, with sizes. */
export async function keptRunFiles(): Promise<Map<string, { path: string; content: Blob }[]>> {
  const found = new Map<string, { path: string; content: Blob }[]>();
  const db = await database();
  for (let cursor = await db.transaction("runFiles").store.openCursor(); cursor; cursor = await cursor.continue()) {
    const [run, path] = cursor.key;
    found.set(run, [...(found.get(run) ?? []), { path, content: cursor.value }]);
  }
  return found;
}

/** Gives the page's files those that came with runs, as handles. */
export async function restoreRunFiles(dropped: DroppedFiles): Promise<void> {
  for (const [run, files] of await keptRunFiles())
    for (const { path, content } of files) dropped.keep(`${keptFolder(run)}/${path}`, content);
}
