import { isWritten } from "./run_lock.ts";

/** How long to wait before looking for more. */
const pauseMs = 250;

/**
 * The text of a run's log from its beginning, and what is written behind while it goes on. Ends when `over` says so at the end
 * of the file, where no process writes the run any longer, or when `signal` aborts.
 * @throws Error where the log is cut back meanwhile, as a run does that goes on from an earlier checkpoint
 */
export async function* followedPieces(
  folder: string,
  name: string,
  { over, signal }: { over: () => boolean; signal: AbortSignal },
): AsyncGenerator<string> {
  const file = await whenThere(folder, name, signal);
  if (file === null) return;
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(1 << 16);
  let read = 0;
  try {
    while (!signal.aborted) {
      // Asked before the last look: what is written in between is read.
      const isLast = over() || !(await isWritten(folder));
      let found = false;
      for (let count = await file.read(bytes); count !== null; count = await file.read(bytes)) {
        found = true;
        read += count;
        yield decoder.decode(bytes.subarray(0, count), { stream: true });
        if (signal.aborted) return;
      }
      await expectUncut(file, `${folder}/${name}`, read);
      if (isLast && !found) return;
      if (!found) await pause(signal);
    }
  } finally {
    file.close();
  }
}

/** What to say of a log that cannot be opened. */
export const notThere = (path: string, error: unknown): Error =>
  new Error(
    error instanceof Deno.errors.NotFound
      ? `Expected the log of a run in ${path}, found none; choose the folder that train wrote`
      : `Expected the log of a run in ${path}, found ${(error as Error).message}`,
  );

/** Waits for the log of a run that has only just begun. Null where it does not come. */
async function whenThere(folder: string, name: string, signal: AbortSignal): Promise<Deno.FsFile | null> {
  for (;;) {
    const isLast = !(await isWritten(folder));
    const file = await Deno.open(`${folder}/${name}`).catch((error) => {
      if (isLast) throw notThere(`${folder}/${name}`, error);
      return null;
    });
    if (file || signal.aborted) return file;
    await pause(signal);
  }
}

async function expectUncut(file: Deno.FsFile, path: string, read: number): Promise<void> {
  const [open, there] = [await file.stat(), await Deno.stat(path).catch(() => null)];
  if (open.size >= read && there?.ino === open.ino) return;
  throw new Error(`${path} was cut back to an earlier checkpoint while it was followed; follow it anew`);
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, pauseMs);
    signal.addEventListener("abort", end);
  });
