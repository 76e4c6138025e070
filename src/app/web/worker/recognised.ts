import type { Platform } from "../../../platform.ts";
import { type NamedSources, runSources } from "../../run/run_sources.ts";
import type { DroppedFolder } from "../../worker_api/dropped_folder.ts";
import { type DroppedFiles, isDropped } from "../browser/dropped_files.ts";
import { storedPrints } from "./dropped_again.ts";

/**
 * Finds out whether what was dropped is what a stored run was made with under another name: dropped as a folder where it
 * was files before, or the other way. It can be named as the run does then.
 * @returns the names under which it is known now
 */
export async function recognise(
  found: readonly DroppedFolder[],
  dropped: DroppedFiles,
  platform: Platform,
): Promise<string[]> {
  await dropped.restored;
  const missing = (await storedPrints()).filter(
    ({ path, part }) => part !== "weights" && isDropped(path) && !path.includes(",") && !dropped.has(path),
  );
  const known: string[] = [];
  for (const { path, kind, usable } of found) {
    const candidates = missing.filter(({ knob }) => knob === kind);
    if (!usable || kind === "other" || candidates.length === 0) continue;
    const named: NamedSources = { data: "", model: "", adapter: "", [kind]: path };
    // What cannot be read says so when it is opened.
    const prints = await runSources(named, platform).catch(() => []);
    for (const print of candidates) {
      if (dropped.has(print.path) || !prints.some(({ knob, hash }) => knob === print.knob && hash === print.hash))
        continue;
      dropped.alsoName(path, print.path);
      known.push(print.path);
    }
  }
  return known;
}
