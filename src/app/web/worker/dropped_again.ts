import type { Platform } from "../../../platform.ts";
import { type Fingerprint, putBack, readFingerprints } from "../../../tasks/fingerprint.ts";
import { pathsIn } from "../../data/sources.ts";
import { type NamedSources, runSources } from "../../run/run_sources.ts";
import type { DroppedFolder } from "../../worker_api/dropped_folder.ts";
import { type DroppedFiles, isDropped } from "../browser/dropped_files.ts";
import { database } from "./database.ts";

/** The paths in a configuration that stand for dropped files, by knob. */
export const droppedPaths = ({ data, model, adapter }: NamedSources): Record<keyof NamedSources, string[]> => ({
  data: pathsIn(data).filter(isDropped),
  model: [model].filter(isDropped),
  adapter: [adapter].filter(isDropped),
});

/**
 * Asks for the files again that a configuration names and that were dropped in an earlier visit.
 * @throws Error that names them, as far as a stored run recorded them
 */
export async function expectDropped(config: NamedSources, dropped: DroppedFiles): Promise<void> {
  await dropped.restored;
  for (const [knob, paths] of Object.entries(droppedPaths(config)) as [keyof NamedSources, string[]][]) {
    const missing = paths.find((path) => !dropped.has(path));
    if (missing === undefined) continue;
    const print = (await storedPrints()).find((one) => one.knob === knob && one.path === config[knob]);
    throw new Error(
      print
        ? putBack(print)
        : `${missing.slice("dropped/".length)} was dropped in an earlier visit, and the page kept none of it; drop the same files here again`,
    );
  }
}

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

/** What the runs of this browser were made with, the newest first. */
async function storedPrints(): Promise<Fingerprint[]> {
  const runs = await (await database()).getAll("runs");
  return runs
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .flatMap(({ config }) => {
      try {
        return readFingerprints(JSON.parse(config).sources) ?? [];
      } catch {
        // Damaged settings are reported when the run is resumed.
        return [];
      }
    });
}
