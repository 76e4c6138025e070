import { type Fingerprint, putBack, readFingerprints } from "../../../tasks/fingerprint.ts";
import { pathsIn } from "../../data/data_paths.ts";
import type { NamedSources } from "../../run/run_sources.ts";
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

/** What the runs of this browser were made with, the newest first. */
export async function storedPrints(): Promise<Fingerprint[]> {
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
