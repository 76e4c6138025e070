import type { GivenFile } from "../../worker_api/dropped_folder.ts";

/** More is not a folder that a run needs, and more than a tab should hold handles of. */
const mostFiles = 100_000;

/** Files that systems and version control leave lying about. */
const isHidden = (name: string): boolean => name.startsWith(".");

/**
 * The files of a drop, those of folders with their paths. To be called while the event is handled: later the browser
 * shows nothing of it.
 * @throws Error with one sentence
 */
export async function droppedFiles({ items, files }: DataTransfer): Promise<GivenFile[]> {
  const entries = [...items].flatMap((item) => (item.kind === "file" ? (item.webkitGetAsEntry?.() ?? []) : []));
  if (entries.length === 0) return chosenFiles(files);
  const given: GivenFile[] = [];
  for (const entry of entries) await addEntry(entry, "", given);
  return given;
}

/** The files of an `<input type="file">`, with `webkitdirectory` or without. @throws Error with one sentence */
export function chosenFiles(files: FileList | readonly File[]): GivenFile[] {
  const given: GivenFile[] = [];
  for (const file of files) {
    const path = file.webkitRelativePath || file.name;
    if (!path.split("/").slice(1).some(isHidden)) add(given, path, file);
  }
  return given;
}

/** The files of a folder from `showDirectoryPicker()`, with its name before them. @throws Error with one sentence */
export async function folderFiles(folder: FileSystemDirectoryHandle): Promise<GivenFile[]> {
  const given: GivenFile[] = [];
  await addFolder(folder, folder.name, given);
  return given;
}

async function addFolder(folder: FileSystemDirectoryHandle, path: string, given: GivenFile[]): Promise<void> {
  for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
    if (isHidden(name)) continue;
    if (handle.kind === "file") add(given, `${path}/${name}`, await (handle as FileSystemFileHandle).getFile());
    else await addFolder(handle as FileSystemDirectoryHandle, `${path}/${name}`, given);
  }
}

async function addEntry(entry: FileSystemEntry, folder: string, given: GivenFile[]): Promise<void> {
  if (folder !== "" && isHidden(entry.name)) return;
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    add(given, path, await new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A hundred at a time, until there are none.
  while (true) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const inside of entries) await addEntry(inside, `${path}/`, given);
  }
}

function add(given: GivenFile[], path: string, file: File): void {
  if (given.length === mostFiles)
    throw new Error(`Expected at most ${mostFiles} files, found more; drop a folder inside of it`);
  given.push({ path, file });
}
