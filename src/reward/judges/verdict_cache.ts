import { sha256 } from "../../tasks/sha256.ts";

/** Keeps replies of a judge by the content of the question. A cache that fails is none: it never stops a run. */
export interface VerdictCache {
  get(key: string): Promise<string | null>;
  put(key: string, reply: string): Promise<void>;
}

/** Lasts as long as the process; forgets the oldest beyond `limit`. */
export function memoryCache(limit = 100_000): VerdictCache {
  const replies = new Map<string, string>();
  return {
    get: async (key) => replies.get(key) ?? null,
    put: async (key, reply) => {
      replies.set(key, reply);
      if (replies.size > limit) replies.delete(replies.keys().next().value!);
    },
  };
}

/** SHA-256 of what was asked, in hex: the same endpoint, model and words give the same key. */
export const cacheKey = (content: unknown): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify(content)));
