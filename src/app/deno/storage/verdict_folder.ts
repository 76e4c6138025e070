import type { VerdictCache } from "../../../reward/judges/verdict_cache.ts";

/**
 * Replies of judges in a folder, one small file each: `<2 hex>/<62 hex>.json`. Several processes may share it; a file
 * that is damaged or cut off counts as none.
 */
export function verdictFolder(folder: string): VerdictCache {
  const place = (key: string) => `${folder}/${key.slice(0, 2)}`;
  return {
    async get(key) {
      try {
        const { reply } = JSON.parse(await Deno.readTextFile(`${place(key)}/${key.slice(2)}.json`));
        return typeof reply === "string" ? reply : null;
      } catch {
        return null;
      }
    },
    async put(key, reply) {
      await Deno.mkdir(place(key), { recursive: true });
      // By another name first: who reads at the same time sees all or nothing.
      const path = `${place(key)}/${key.slice(2)}`;
      const writing = `${path}.${Deno.pid}.${crypto.randomUUID()}`;
      await Deno.writeTextFile(writing, JSON.stringify({ reply }));
      await Deno.rename(writing, `${path}.json`);
    },
  };
}
