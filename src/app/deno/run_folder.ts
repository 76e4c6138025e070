import type { NamedBytes, RunStore } from "../../platform.ts";

/*
 * One run in a folder:
 *   config.json          the knobs
 *   events.jsonl         one event a line, only ever added to
 *   checkpoint/          the last whole checkpoint
 *   lock                 who writes here
 * A checkpoint is written into checkpoint.writing, which becomes checkpoint.whole when every byte is on the disk, and
 * only then takes the place of checkpoint (by way of checkpoint.previous). Whenever the process dies, one of
 * checkpoint, checkpoint.whole and checkpoint.previous is whole, and the next opening puts it in its place.
 */
const names = {
  config: "config.json",
  log: "events.jsonl",
  lock: "lock",
  checkpoint: "checkpoint",
  writing: "checkpoint.writing",
  whole: "checkpoint.whole",
  previous: "checkpoint.previous",
};

/** A folder for a new run. @throws Error where something stands there already, or where it cannot be written. */
export async function createRunFolder(folder: string): Promise<RunStore> {
  await expectNewFolder(folder);
  await inWords(folder, "create the run folder", () => Deno.mkdir(folder, { recursive: true }));
  await lock(folder);
  return runStore(folder);
}

/** @throws Error where the folder holds a run or anything else; nothing is written. */
export async function expectNewFolder(folder: string): Promise<void> {
  const found = await entries(folder);
  if (found.includes(names.config) && [names.log, names.lock, names.checkpoint].some((name) => found.includes(name))) {
    throw new Error(
      `${folder} holds a run already; go on with it by --resume ${folder}, or choose another folder with --out`,
    );
  }
  if (found.length > 0) {
    throw new Error(
      `Expected an empty or new folder, found ${found.length} entries in ${folder} (${found.slice(0, 3).join(", ")}); choose another with --out`,
    );
  }
}

/** The folder of a run to go on with. @throws Error where there is no run, or where another process writes it. */
export async function resumeRunFolder(folder: string): Promise<RunStore> {
  const found = await entries(folder);
  if (!found.includes(names.config))
    throw new Error(
      `Expected a run in ${folder}, found ${found.length === 0 ? "nothing" : `no ${names.config}`}; check --resume, or begin a run with --out ${folder}`,
    );
  await lock(folder);
  await inWords(folder, "repair the run folder", () => settleCheckpoint(folder));
  return runStore(folder);
}

/** The files of a run's last checkpoint, for reading only: the run may go on meanwhile. */
export async function readRunCheckpoint(folder: string): Promise<NamedBytes[]> {
  for (const name of [names.checkpoint, names.whole, names.previous]) {
    const files = await readFolder(join(folder, name));
    if (files) return files;
  }
  throw new Error(
    `Expected a checkpoint in ${folder}, found none; it is written every --save-every steps and when a run ends`,
  );
}

function runStore(folder: string): RunStore {
  const logPath = join(folder, names.log);
  return {
    place: folder,
    readConfig: () => inWords(folder, "read config.json", () => Deno.readTextFile(join(folder, names.config))),
    writeConfig: (json) =>
      inWords(folder, "write config.json", () => replaceFile(join(folder, names.config), encode(json))),
    readLog: () =>
      inWords(folder, "read the log", async () => ((await exists(logPath)) ? Deno.readTextFile(logPath) : "")),
    appendLog: (lines) =>
      inWords(folder, "write the log", async () => {
        if (lines.length === 0) return;
        await writeDurably(logPath, encode(`${lines.join("\n")}\n`), { append: true, create: true });
      }),
    replaceLog: (text) => inWords(folder, "write the log", () => replaceFile(logPath, encode(text))),
    readCheckpoint: () => inWords(folder, "read the checkpoint", () => readFolder(join(folder, names.checkpoint))),
    writeCheckpoint: (files) =>
      inWords(folder, "write the checkpoint", async () => {
        const writing = join(folder, names.writing);
        await removeIfThere(writing);
        await Deno.mkdir(writing);
        for (const { name, bytes } of files) await writeDurably(join(writing, name), bytes, { createNew: true });
        await syncFolder(writing);
        await Deno.rename(writing, join(folder, names.whole));
        await settleCheckpoint(folder);
      }),
    close: () => removeIfThere(join(folder, names.lock)),
  };
}

/** Brings the newest whole checkpoint into its place, from wherever an interruption left it. */
async function settleCheckpoint(folder: string): Promise<void> {
  const [place, whole, previous] = [names.checkpoint, names.whole, names.previous].map((name) => join(folder, name));
  if (await exists(whole)) {
    if (await exists(place)) {
      await removeIfThere(previous);
      await Deno.rename(place, previous);
    }
    await Deno.rename(whole, place);
  } else if (!(await exists(place)) && (await exists(previous))) {
    await Deno.rename(previous, place);
  }
  await syncFolder(folder);
  await removeIfThere(previous);
  await removeIfThere(join(folder, names.writing));
}

/** Makes this process the only writer. The lock of a process that is gone is taken over. */
async function lock(folder: string): Promise<void> {
  const path = join(folder, names.lock);
  const own = JSON.stringify({ pid: Deno.pid, host: Deno.hostname() });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeDurably(path, encode(own), { createNew: true });
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw inSentence(error, folder, "lock the run folder");
    }
    const found = await Deno.readTextFile(path).catch(() => "");
    const holder = parseHolder(found);
    if (holder && (holder.host !== Deno.hostname() || lives(holder.pid))) {
      throw new Error(
        `Another process (${holder.pid} on ${holder.host}) is writing the run in ${folder}; wait for it, or remove ${path} if there is no such process`,
      );
    }
    // Moved away before it is removed: if another process took the lock over meanwhile, what was moved is its lock.
    const aside = `${path}.${Deno.pid}`;
    await Deno.rename(path, aside).catch(() => {});
    if ((await Deno.readTextFile(aside).catch(() => found)) !== found) {
      await Deno.rename(aside, path);
      continue;
    }
    await removeIfThere(aside);
  }
  throw new Error(`Another process keeps taking the lock of ${folder}; wait for it to end`);
}

function parseHolder(text: string): { pid: number; host: string } | null {
  try {
    const { pid, host } = JSON.parse(text);
    return Number.isSafeInteger(pid) && pid > 0 && typeof host === "string" ? { pid, host } : null;
  } catch {
    // The holder died before it had written its number.
    return null;
  }
}

function lives(pid: number): boolean {
  try {
    Deno.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Writes a whole file beside `path`, then puts it in its place: a reader sees the old bytes or the new ones. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.writing`;
  await writeDurably(beside, bytes, { create: true, truncate: true });
  await Deno.rename(beside, path);
}

/** Writes bytes and waits until the disk has them. */
async function writeDurably(path: string, bytes: Uint8Array, options: Deno.OpenOptions): Promise<void> {
  const file = await Deno.open(path, { write: !options.append, ...options });
  try {
    for (let written = 0; written < bytes.length; ) written += await file.write(bytes.subarray(written));
    await file.sync();
  } finally {
    file.close();
  }
}

/** Makes renames in a folder last; Windows cannot open a folder, and does so by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const handle = await Deno.open(folder, { read: true });
  await handle.sync().finally(() => handle.close());
}

/** Writes a new folder of files, e.g. an exported model. @throws Error where something stands there already. */
export async function writeNewFolder(folder: string, files: readonly NamedBytes[]): Promise<void> {
  await expectNewFolder(folder);
  await inWords(folder, "write the files", async () => {
    await Deno.mkdir(folder, { recursive: true });
    for (const { name, bytes } of files) await writeDurably(join(folder, name), bytes, { createNew: true });
  });
}

/** The files of a folder in order of their names, null where there is no such folder. */
async function readFolder(folder: string): Promise<NamedBytes[] | null> {
  if (!(await exists(folder))) return null;
  const files: NamedBytes[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) files.push({ name: entry.name, bytes: await Deno.readFile(join(folder, entry.name)) });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names in a folder; none where there is no folder. */
async function entries(folder: string): Promise<string[]> {
  if (!(await inWords(folder, "look into the folder", () => exists(folder)))) return [];
  return inWords(folder, "look into the folder", async () => {
    const found: string[] = [];
    for await (const entry of Deno.readDir(folder)) found.push(entry.name);
    return found.sort();
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}

async function inWords<T>(folder: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inSentence(error, folder, doing);
  }
}

/** What the operating system said, as one sentence with what to do. */
function inSentence(error: unknown, folder: string, doing: string): Error {
  const { code, message } = error as { code?: string; message: string };
  const cannot = `Cannot ${doing} in ${folder}`;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new Error(
      `${cannot}: the disk is full; make room and go on with --resume ${folder}, the last checkpoint stands`,
    );
  if (code === "EACCES" || code === "EPERM" || error instanceof Deno.errors.PermissionDenied)
    return new Error(`${cannot}: no permission; choose another folder, or change its permissions`);
  if (code === "EROFS") return new Error(`${cannot}: the disk is read-only; choose another folder`);
  if (code === "ENOTDIR")
    return new Error(`${cannot}: a file stands where a folder is expected; choose another folder`);
  return new Error(`${cannot}: ${message}`);
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const join = (folder: string, name: string): string => `${folder.replace(/[/\\]+$/, "")}/${name}`;
