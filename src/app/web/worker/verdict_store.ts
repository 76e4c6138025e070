import type { VerdictCache } from "../../../reward/judges/verdict_cache.ts";
import { database, StorageFull, write } from "./database.ts";

/** A longer reply is not stored, characters. */
const longestReply = 4_096;
/** Old replies are looked for once in this many new ones. */
const tidyEvery = 256;

/**
 * Replies of judges in this browser, so that the same question about the same answer is asked once, whatever run it
 * comes from. Of more than `limit` the oldest go. Where the storage is full, the older half of them is removed; where
 * that is not enough, no more are stored in this visit: the space that is left belongs to runs.
 */
export function verdictStore(limit = 50_000, put: typeof write = write): VerdictCache {
  let sinceTidied = 0;
  let full = false;
  /** Questions are asked side by side, and space is made once. */
  let making: Promise<void> | null = null;
  const keep = async (key: string, reply: string): Promise<void> =>
    put(["verdicts"], "a judge's reply", (change) => [
      change.objectStore("verdicts").put({ key, reply, keptAt: Date.now() }),
    ]);
  const makeRoom = async (): Promise<void> => tidy(Math.floor((await (await database()).count("verdicts")) / 2));
  return {
    get: async (key) => (await (await database()).get("verdicts", key))?.reply ?? null,
    put: async (key, reply) => {
      if (full || reply.length > longestReply) return;
      try {
        await keep(key, reply);
      } catch (error) {
        if (!(error instanceof StorageFull)) throw error;
        making ??= makeRoom();
        await making;
        try {
          if (!full) await keep(key, reply);
        } catch (again) {
          if (!(again instanceof StorageFull)) throw again;
          full = true;
        }
        return;
      }
      if (sinceTidied++ % Math.min(tidyEvery, limit) === 0) await tidy(limit);
    },
  };
}

/** Leaves `limit` replies. */
async function tidy(limit: number): Promise<void> {
  const change = (await database()).transaction("verdicts", "readwrite");
  const tooMany = (await change.store.count()) - limit;
  let cursor = tooMany > 0 ? await change.store.index("keptAt").openCursor() : null;
  for (let gone = 0; cursor && gone < tooMany; gone++) {
    await cursor.delete();
    cursor = await cursor.continue();
  }
  await change.done;
}
