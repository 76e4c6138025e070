import type { Platform } from "../../../platform.ts";
import { database, write } from "./database.ts";

/** Texts by name in the browser's storage. */
export const cachedTexts: NonNullable<Platform["cache"]> = {
  read: async (name) => (await (await database()).get("texts", name)) ?? null,
  write: async (name, text) =>
    write(["texts"], "what was tried on this device", (change) => [change.objectStore("texts").put(text, name)]),
};
