import type { VerdictCache } from "../../reward/verdict_cache.ts";
import { database } from "./database.ts";

/** A reply longer than this is no verdict worth keeping, characters. */
const longestReply = 4_096;
/** Old replies are looked for once in so many new ones. */
const tidyEvery = 256;

/**
 * Replies of judges in this browser, so that the same question about the same answer is asked once, whatever run it
 * comes from. Of more than `limit` the oldest go.
 */
export function verdictStore(limit = 50_000): VerdictCache {
  let sinceTidied = 0;
  return {
    get: async (key) => (await (await database()).get("verdicts", key))?.reply ?? null,
    put: async (key, reply) => {
      if (reply.length > longestReply) return;
      const db = await database();
      await db.put("verdicts", { key, reply, keptAt: Date.now() });
      if (sinceTidied++ % Math.min(tidyEvery, limit) === 0) await tidy(limit);
    },
  };
}

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
