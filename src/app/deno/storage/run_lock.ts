import { encode, inWords, join, removeIfThere, writeAll } from "./durable_files.ts";

/** Who writes a folder, as it stands in the lock. */
interface Holder {
  pid: number;
  host: string;
  /** Which start of which machine; locks of early runs and other systems than Linux lack it. */
  boot?: string;
  /** When the process began, in the kernel's ticks: its number may be another's by now. */
  began?: string;
}

export const lockName = "lock";

/** Times that the lock is tried for, where others open and close it at the same moment. */
const mostAttempts = 50;

/**
 * Makes this process the only writer of a folder: it holds a lock of the operating system on a file in it, which ends
 * with the process, however it ends. The file says who holds it. One that a dead process left is taken over.
 * @returns a function that lets others write
 * @throws Error that names the process that writes there
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const got = await inWords(folder, "lock the run folder", () => tryLock(join(folder, lockName)));
    if (typeof got === "function") return got;
    if (got !== null)
      throw new Error(
        `Another process (${got.pid} on ${got.host}) is writing the run in ${folder}; wait for it, or remove ${join(folder, lockName)} if there is no such process`,
      );
    await new Promise((resolve) => setTimeout(resolve, 10 + attempt));
  }
  throw new Error(`Other processes keep taking the lock of ${folder}; wait for them to end`);
}

/** How to let go of the lock, else who has it; null where that is not clear at the moment. */
async function tryLock(path: string): Promise<(() => Promise<void>) | Holder | null> {
  const file = await Deno.open(path, { create: true, read: true, write: true });
  let held = false;
  try {
    // Disks that know no such locks leave it to the process's number.
    const free = await file.tryLock(true).catch(() => true);
    const holder = await holderIn(path);
    // No living one where its name is being written, or where it is letting go.
    if (!free) return holder && (await lives(holder)) ? holder : null;
    // Who held it before removes the file: a lock on a file without a name excludes no process.
    const there = await Deno.stat(path).catch(() => null);
    if (there === null || there.ino !== (await file.stat()).ino) return null;
    if (holder && (await lives(holder))) return holder;
    try {
      await file.truncate(0);
      await writeAll(file, encode(JSON.stringify(await thisProcess())));
      await file.sync();
    } catch (error) {
      await removeIfThere(path).catch(() => {});
      throw error;
    }
    held = true;
    return async () => {
      // Once: by the second time the file may be another's.
      if (!held) return;
      held = false;
      await removeIfThere(path);
      file.close();
    };
  } finally {
    if (!held) file.close();
  }
}

/** Whether a process writes the folder now. */
export async function isWritten(folder: string): Promise<boolean> {
  const isLocked = await Deno.stat(join(folder, lockName)).then(
    () => true,
    () => false,
  );
  return isLocked && !(await isDeadLock(folder));
}

/** Whether nothing but the lock of a process that is gone stands in the way of a new run. */
export async function isDeadLock(folder: string): Promise<boolean> {
  const path = join(folder, lockName);
  const file = await Deno.open(path, { read: true }).catch(() => null);
  if (!file) return false;
  try {
    if (!(await file.tryLock(false).catch(() => true))) return false;
    const holder = await holderIn(path);
    return holder === null || !(await lives(holder));
  } finally {
    file.close();
  }
}

async function thisProcess(): Promise<Holder> {
  const [boot, { began }] = [await bootId(), await processNumbered(Deno.pid)];
  return { pid: Deno.pid, host: Deno.hostname(), ...(boot ? { boot } : {}), ...(began ? { began } : {}) };
}

async function holderIn(path: string): Promise<Holder | null> {
  try {
    const { pid, host, boot, began } = JSON.parse(await Deno.readTextFile(path));
    if (!Number.isSafeInteger(pid) || pid <= 0 || typeof host !== "string") return null;
    return {
      pid,
      host,
      ...(typeof boot === "string" ? { boot } : {}),
      ...(typeof began === "string" ? { began } : {}),
    };
  } catch {
    // The holder died before it had written its number.
    return null;
  }
}

/** Whether the process is there, as far as this machine knows; another machine's counts as there. */
async function lives({ pid, host, boot, began }: Holder): Promise<boolean> {
  const ownBoot = await bootId();
  const isThisKernel = boot !== undefined && boot === ownBoot;
  // A container of this machine may have had another name.
  if (!isThisKernel && host !== Deno.hostname()) return true;
  if (!isThisKernel && boot !== undefined && ownBoot !== null) return false;
  const now = await processNumbered(pid);
  if (now.ended) return false;
  if (now.began !== null && began !== undefined) return now.began === began;
  try {
    Deno.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Null on other systems than Linux. */
const bootId = (): Promise<string | null> =>
  Deno.readTextFile("/proc/sys/kernel/random/boot_id").then(
    (text) => text.trim() || null,
    () => null,
  );

/** What Linux says about a process, as in proc_pid_stat(5): field 22, and 3 for one that its parent has not noticed to have ended. */
async function processNumbered(pid: number): Promise<{ began: string | null; ended: boolean }> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  if (text === null) return { began: null, ended: false };
  // The second field, in brackets, may hold blanks and brackets.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { began: fields[19] ?? null, ended: ["Z", "X"].includes(fields[0]!) };
}
