import type { NamedBytes } from "../../../platform.ts";

/*
 * Writing so that a process that dies, a machine that loses power or a disk that is full leaves the old bytes or the
 * new ones, never half of them.
 */

/** Writes a whole file beside `path`, then puts it in its place: a reader sees the old bytes or the new ones. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.writing`;
  try {
    await writeDurably(beside, bytes, { create: true, truncate: true });
    await Deno.rename(beside, path);
  } catch (error) {
    // On a full disk what was written is in the way of everything else.
    await removeIfThere(beside).catch(() => {});
    throw error;
  }
  await syncFolder(path.slice(0, path.lastIndexOf("/")) || "/");
}

/** Writes bytes and waits until the disk has them. */
export async function writeDurably(path: string, bytes: Uint8Array, options: Deno.OpenOptions): Promise<void> {
  const file = await Deno.open(path, { write: !options.append, ...options });
  try {
    await writeAll(file, bytes);
    await file.sync();
  } finally {
    file.close();
  }
}

/** Adds bytes at the end, all of them or none. */
export async function appendDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await Deno.open(path, { append: true, create: true });
  try {
    const { size } = await file.stat();
    try {
      await writeAll(file, bytes);
      await file.sync();
    } catch (error) {
      await file.truncate(size).catch(() => {});
      throw error;
    }
  } finally {
    file.close();
  }
}

/** Cuts a file off, which needs no space on the disk. */
export async function truncateDurably(path: string, sizeBytes: number): Promise<void> {
  const file = await Deno.open(path, { write: true });
  try {
    await file.truncate(sizeBytes);
    await file.sync();
  } finally {
    file.close();
  }
}

export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += await file.write(bytes.subarray(written));
}

/** Makes renames in a folder last; Windows cannot open a folder, and does so by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const handle = await Deno.open(folder, { read: true });
  await handle.sync().finally(() => handle.close());
}

/** The files of a folder in order of their names, null where there is no such folder. */
export async function readFolder(folder: string): Promise<NamedBytes[] | null> {
  if (!(await exists(folder))) return null;
  const files: NamedBytes[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) files.push({ name: entry.name, bytes: await Deno.readFile(join(folder, entry.name)) });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names in a folder, in order; none where there is no folder. */
export async function entries(folder: string): Promise<string[]> {
  return inWords(folder, "look into the folder", async () => {
    if (!(await exists(folder))) return [];
    const found: string[] = [];
    for await (const entry of Deno.readDir(folder)) found.push(entry.name);
    return found.sort();
  });
}

export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Does a piece of work on a folder; an error of the operating system names it. */
export async function inWords<T>(folder: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inSentence(error, folder, doing);
  }
}

/** Disk, quota or the largest file that a process may write. */
function isFull(error: unknown): boolean {
  const { code = "", message = "", cause } = (error ?? {}) as { code?: string; message?: string; cause?: unknown };
  // Deno has no code for what POSIX calls EFBIG.
  const isRefused = ["ENOSPC", "EDQUOT"].includes(code) || /\(os error 27\)$/.test(message);
  return isRefused || (cause !== undefined && isFull(cause));
}

/** Does a piece of work that writes a new file or folder, and removes it where that fails. @throws Error in one sentence */
export async function newInWords<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isFull(error))
      throw new Error(`Cannot write ${path}: the disk is full; nothing is left there, free some space and try again`);
    throw error;
  }
}

/** What a person is told of an error of the operating system that no piece of work put into words; null for others. */
export function systemSentence(error: unknown): string | null {
  // What was put into words has a cause.
  if ((error as Error).cause === undefined && isFull(error))
    return "The disk is full: what was to be written is not whole; free some space and do the same again, into a new folder";
  return null;
}

/** An error of the operating system, as one sentence with what to do. */
function inSentence(error: unknown, folder: string, doing: string): Error {
  const { code, message } = error as { code?: string; message: string };
  const cannot = `Cannot ${doing} in ${folder}`;
  const isNew = ["write the files", "create the run folder"].includes(doing);
  if (isFull(error))
    return new Error(
      ["write the log", "write the checkpoint"].includes(doing)
        ? `${cannot}: the disk is full; free some space and go on with --resume ${folder}, what was saved before stands`
        : `${cannot}: the disk is full; ${isNew ? "nothing is left there" : "what stood there stands"}, free some space and try again`,
      { cause: error },
    );
  if (code === "EACCES" || code === "EPERM" || error instanceof Deno.errors.PermissionDenied)
    return new Error(`${cannot}: no permission; choose another folder, or change its permissions`);
  if (code === "EROFS") return new Error(`${cannot}: the disk is read-only; choose another folder`);
  if (code === "ENOTDIR" || (code === "EEXIST" && doing === "create the run folder"))
    return new Error(`${cannot}: a file stands where a folder is expected; choose another folder`);
  return new Error(`${cannot}: ${message}`);
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const join = (folder: string, name: string): string => `${folder.replace(/[/\\]+$/, "")}/${name}`;
