import type { RunStore } from "../../../platform.ts";
import { entries } from "./durable_files.ts";
import { createRunFolder } from "./run_folder.ts";

/** A folder for a run where nobody named one: `base`, or `base-2`, `base-3` and so on, the first in which nothing stands. */
export async function createFreeRunFolder(base: string): Promise<RunStore> {
  for (let count = 1; ; count++) {
    const folder = count === 1 ? base : `${base}-${count}`;
    try {
      return await createRunFolder(folder);
    } catch (error) {
      // Another reason than what stands there would be the same for all of them.
      if ((await entries(folder)).length === 0) throw error;
    }
  }
}
