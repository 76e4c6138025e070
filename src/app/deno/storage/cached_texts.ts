import type { Platform } from "../../../platform.ts";

/** The cache folder of a user: by the XDG specification, by Apple's and by Microsoft's. */
function cacheFolder(): string | null {
  const named = Deno.env.get("XDG_CACHE_HOME");
  if (named) return `${named}/saccade`;
  if (Deno.build.os === "windows") {
    const local = Deno.env.get("LOCALAPPDATA");
    return local ? `${local}/saccade/cache` : null;
  }
  const home = Deno.env.get("HOME");
  if (!home) return null;
  return Deno.build.os === "darwin" ? `${home}/Library/Caches/saccade` : `${home}/.cache/saccade`;
}

/** Texts by name in the user's cache folder, a file each; absent where there is no such folder. */
export function openCachedTexts(folder = cacheFolder()): Platform["cache"] {
  if (folder === null) return undefined;
  const path = (name: string) => `${folder}/${encodeURIComponent(name)}`;
  return {
    async read(name) {
      try {
        return await Deno.readTextFile(path(name));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    async write(name, text) {
      await Deno.mkdir(folder, { recursive: true });
      // Whole or not at all, also where two programs write at once.
      const beside = `${path(name)}.${Deno.pid}`;
      await Deno.writeTextFile(beside, text);
      await Deno.rename(beside, path(name));
    },
  };
}
