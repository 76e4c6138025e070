import { sha256 } from "../../tasks/sha256.ts";

/** Stores replies of a judge by the content of the question. A failing cache never stops a run: the judge is asked instead. */
export interface VerdictCache {
  get(key: string): Promise<string | null>;
  put(key: string, reply: string): Promise<void>;
}

/** In memory; drops the oldest beyond `limit`. */
export function memoryCache(limit = 100_000): VerdictCache {
  const replies = new Map<string, string>();
  return {
    get: async (key) => replies.get(key) ?? null,
    put: async (key, reply) => {
      replies.set(key, reply);
      const [oldest] = replies.keys();
      if (replies.size > limit && oldest !== undefined) replies.delete(oldest);
    },
  };
}

/** SHA-256 of what was asked, in hex: the same endpoint, model and messages give the same key. */
export const cacheKey = (content: unknown): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify(content)));
