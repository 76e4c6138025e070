import type { NamedBytes, RunStore } from "../../../platform.ts";
import {
  appendDurably,
  encode,
  entries,
  exists,
  inWords,
  join,
  readFolder,
  removeIfThere,
  replaceFile,
  syncFolder,
  truncateDurably,
  writeAll,
  writeDurably,
} from "./durable_files.ts";
import { isDeadLock, lockFolder, lockName } from "./run_lock.ts";

/*
 * One run in a folder:
 *   config.json          the knobs, and what its data and model were
 *   events.jsonl         one event a line, only ever added to
 *   events.cut.jsonl     what was cut off the log where a run went on from an earlier checkpoint
 *   checkpoint/          the last whole checkpoint
 *   checkpoint.previous/ the one before, in case that the last is damaged
 *   lock                 who writes here
 * A checkpoint is written into checkpoint.writing, which becomes checkpoint.whole when every byte is on the disk, and
 * only then takes the place of checkpoint, which becomes checkpoint.previous. Before that the older previous one is
 * removed, so that there are two on the disk, and never three. Whenever the process dies, one of checkpoint,
 * checkpoint.whole and checkpoint.previous is whole, and the next opening puts it in its place.
 */
const names = {
  config: "config.json",
  log: "events.jsonl",
  cut: "events.cut.jsonl",
  lock: lockName,
  checkpoint: "checkpoint",
  writing: "checkpoint.writing",
  whole: "checkpoint.whole",
  previous: "checkpoint.previous",
  damaged: "checkpoint.damaged",
};

/** A folder for a new run. @throws Error where something stands there already, or where it cannot be written. */
export async function createRunFolder(folder: string): Promise<RunStore> {
  await expectNewFolder(folder);
  const isNew = !(await exists(folder));
  await inWords(folder, "create the run folder", () => Deno.mkdir(folder, { recursive: true }));
  const release = await lockFolder(folder).catch(async (error) => {
    // Only where it is empty: another process may have begun a run in it.
    if (isNew) await Deno.remove(folder).catch(() => {});
    throw error;
  });
  try {
    // Another process may have begun a run here before this one had the lock.
    await expectNewFolder(folder, { locked: true });
    return runStore(folder, release);
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * @param locked  by this process
 * @throws Error where the folder holds a run or anything else but the lock of a dead process; nothing is written.
 */
export async function expectNewFolder(folder: string, { locked = false } = {}): Promise<void> {
  const all = await entries(folder);
  const isFree = locked || (all.includes(names.lock) && (await isDeadLock(folder)));
  // A file that a process was writing when it died is not whole.
  const found = all.filter(
    (name) => !(isFree && [names.lock, names.writing, `${names.config}.writing`].includes(name)),
  );
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
  if (!found.includes(names.config)) {
    const what = found.length === 0 ? "nothing" : found.join() === names.lock ? "only a lock" : `no ${names.config}`;
    throw new Error(`Expected a run in ${folder}, found ${what}; check --resume, or begin a run with --out ${folder}`);
  }
  const release = await lockFolder(folder);
  try {
    await inWords(folder, "repair the run folder", () => settleCheckpoint(folder));
    return runStore(folder, release);
  } catch (error) {
    await release();
    throw error;
  }
}

/** A run's configuration, for reading only: the run may go on meanwhile. Null where there is none. */
export function readRunConfig(folder: string): Promise<string | null> {
  const path = join(folder, names.config);
  return inWords(folder, "read config.json", async () => ((await exists(path)) ? Deno.readTextFile(path) : null));
}

/** A run's checkpoints, the last first, for reading only: the run may go on meanwhile. @throws Error where there is none */
export async function readRunCheckpoints(folder: string): Promise<NamedBytes[][]> {
  const found: NamedBytes[][] = [];
  for (const name of [names.checkpoint, names.whole, names.previous]) {
    const files = await inWords(folder, "read the checkpoint", () => readFolder(join(folder, name)));
    if (files) found.push(files);
  }
  if (found.length > 0) return found;
  throw new Error(
    `Expected a checkpoint in ${folder}, found none; it is written every --save-every steps and when a run ends`,
  );
}

function runStore(folder: string, release: () => Promise<void>): RunStore {
  const place = (name: string) => join(folder, name);
  const logPath = place(names.log);
  return {
    place: folder,
    readConfig: () => inWords(folder, "read config.json", () => Deno.readTextFile(place(names.config))),
    writeConfig: (json) => inWords(folder, "write config.json", () => replaceFile(place(names.config), encode(json))),
    readLog: () =>
      inWords(folder, "read the log", async () => ((await exists(logPath)) ? Deno.readTextFile(logPath) : "")),
    appendLog: (lines) =>
      inWords(folder, "write the log", async () => {
        if (lines.length > 0) await appendDurably(logPath, encode(`${lines.join("\n")}\n`));
      }),
    replaceLog: (text, cut = "") =>
      inWords(folder, "write the log", async () => {
        // What is cut off is kept first: a crash in between leaves it twice, not nowhere.
        if (cut !== "") await appendDurably(place(names.cut), encode(cut.endsWith("\n") ? cut : `${cut}\n`));
        const now = (await exists(logPath)) ? await Deno.readFile(logPath) : new Uint8Array();
        const bytes = encode(text);
        if (startsWith(now, bytes)) {
          if (bytes.length < now.length) await truncateDurably(logPath, bytes.length);
        } else await replaceFile(logPath, bytes);
      }),
    readCheckpoint: () => inWords(folder, "read the checkpoint", () => readFolder(place(names.checkpoint))),
    readPrevious: () => inWords(folder, "read the checkpoint", () => readFolder(place(names.previous))),
    takePrevious: () =>
      inWords(folder, "repair the run folder", async () => {
        await removeIfThere(place(names.damaged));
        await Deno.rename(place(names.checkpoint), place(names.damaged));
        await Deno.rename(place(names.previous), place(names.checkpoint));
        await syncFolder(folder);
      }),
    writeCheckpoint: (files) =>
      inWords(folder, "write the checkpoint", async () => {
        const writing = place(names.writing);
        await removeIfThere(writing);
        await removeIfThere(place(names.previous));
        try {
          await Deno.mkdir(writing);
          for (const { name, bytes } of files) await writeDurably(join(writing, name), bytes, { createNew: true });
          await syncFolder(writing);
          await Deno.rename(writing, place(names.whole));
        } catch (error) {
          // On a full disk it would be in the way of everything else.
          await removeIfThere(writing).catch(() => {});
          throw error;
        }
        await settleCheckpoint(folder);
      }),
    close: release,
  };
}

function startsWith(all: Uint8Array, first: Uint8Array): boolean {
  if (first.length > all.length) return false;
  for (let i = 0; i < first.length; i++) if (first[i] !== all[i]) return false;
  return true;
}

/** Brings the newest whole checkpoint into its place, from wherever an interruption left it. */
async function settleCheckpoint(folder: string): Promise<void> {
  const place = join(folder, names.checkpoint);
  const whole = join(folder, names.whole);
  const previous = join(folder, names.previous);
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
  await removeIfThere(join(folder, names.writing));
}

/**
 * Writes a new folder of files, e.g. an exported model: all of them or none.
 * @throws Error where something stands there already.
 */
export async function writeNewFolder(folder: string, files: readonly NamedBytes[]): Promise<void> {
  await expectNewFolder(folder);
  const isNew = !(await exists(folder));
  await inWords(folder, "write the files", async () => {
    await Deno.mkdir(folder, { recursive: true });
    try {
      for (const { name, bytes } of files) await writeDurably(join(folder, name), bytes, { createNew: true });
    } catch (error) {
      for (const { name } of files) await removeIfThere(join(folder, name)).catch(() => {});
      if (isNew) await removeIfThere(folder).catch(() => {});
      throw error;
    }
  });
}

/** A file that is made while it is written. */
export interface FileInPieces {
  /** Its path in the folder, with "/" between. */
  name: string;
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * The same for files that are too large to be in memory: they are written beside the folder, which takes its name when every
 * byte is on the disk.
 * @param wrote  called with how many bytes each piece had; what it throws ends the writing
 */
export async function writeNewFolderInPieces(
  folder: string,
  files: readonly FileInPieces[],
  wrote: (bytes: number) => void = () => {},
): Promise<void> {
  await expectNewFolder(folder);
  const writing = `${folder.replace(/[/\\]+$/, "")}.writing`;
  const disk = <T>(work: () => Promise<T>) => inWords(folder, "write the files", work);
  try {
    await disk(async () => {
      await removeIfThere(writing);
      await Deno.mkdir(writing, { recursive: true });
    });
    for (const { name, pieces } of files) {
      const path = join(writing, name);
      await disk(() => Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true }));
      const file = await disk(() => Deno.open(path, { write: true, createNew: true }));
      try {
        for await (const piece of pieces()) {
          await disk(() => writeAll(file, piece));
          wrote(piece.length);
        }
        await disk(() => file.sync());
      } finally {
        file.close();
      }
    }
    await disk(async () => {
      await expectNewFolder(folder);
      // Not every system renames onto a folder that is there, though it is empty.
      await removeIfThere(folder);
      await Deno.rename(writing, folder);
    });
  } catch (error) {
    await removeIfThere(writing).catch(() => {});
    throw error;
  }
}
