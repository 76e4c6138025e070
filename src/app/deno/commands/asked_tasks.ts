import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { isOwnCode } from "../../../train/own_code.ts";

/** Tasks that are asked unless a number is given. */
export const askedByDefault = 512;

export interface Asked {
  config: RunConfig;
  /** What the tasks are, e.g. "held-out rows". */
  asked: string;
}

/**
 * What an evaluation of a run, or of a model, may ask. Only a run says what it was trained on: its split into rows for
 * training and held-out ones is kept, so that none is asked that it has learnt.
 *
 * @param run     the run whose weights are used; null for a model of which nothing is known
 * @param changes knobs that were given
 * @throws Error where nothing is held out, or another split is asked for
 */
export function askedTasks(
  run: { place: string; config: Partial<RunConfig> } | null,
  changes: Partial<RunConfig>,
  count: number,
): Asked {
  const config = resolveConfig({ ...run?.config, ...changes });
  if (config.data === "") return { config, asked: "held-out scenes" };
  // Such a source says itself what is held out.
  if (isOwnCode(config.data)) return { config, asked: `held-out tasks of ${config.data}` };
  const trained = run ? resolveConfig(run.config) : null;
  if (!trained || trained.data !== config.data) {
    // Nothing is trained here: all rows may be asked.
    const heldOutRows = config.heldOutRows > 0 && !trained ? config.heldOutRows : count;
    const asked = trained ? `rows of ${config.data}, which were not compared with the rows of the run` : "rows";
    return { config: { ...config, heldOutRows }, asked };
  }
  if (trained.heldOutRows === 0)
    throw new Error(
      `The run in ${run!.place} holds no rows out: all rows of ${trained.data} are trained on, and say nothing about others; train a run with --held-out-rows N, or name rows of another source with --data`,
    );
  if (config.seed !== trained.seed)
    throw new Error(
      `The seed chooses which rows are held out: it is ${trained.seed} in ${run!.place}, found ${config.seed}; leave --seed out`,
    );
  if (config.heldOutRows > trained.heldOutRows)
    throw new Error(
      `The run in ${run!.place} holds ${trained.heldOutRows} rows out, found --held-out-rows ${config.heldOutRows}: the further ones are trained on; leave it out`,
    );
  return { config: { ...config, heldOutRows: trained.heldOutRows }, asked: "held-out rows" };
}
