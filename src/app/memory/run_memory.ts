import type { Platform } from "../../platform.ts";
import { expectBaseDtype } from "../../train/adapter_settings.ts";
import { expectFreezable } from "../../train/frozen_weights.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { type Estimate, estimate } from "./estimate.ts";
import { assumedLine } from "./estimate_text.ts";
import { type Fit, fitOf } from "./fit.ts";
import { knownTasks } from "./known_tasks.ts";
import { describedModel } from "./model_sizes.ts";

/** What a run takes on this machine's adapter. */
export interface RunMemory {
  /** Null where a buffer is larger than the device allows; `fit` says which. */
  found: Estimate | null;
  fit: Fit;
  /** What the estimate rests on, in sentences for people. */
  notes: string[];
  /** Empty where there is no adapter. */
  adapterName: string;
  software: boolean;
}

/**
 * Counts a step of a run on the limits of this machine's adapter.
 *
 * @param memoryBytes  of the card; null where it is not known
 * @param stopping     true once the answer is no longer needed
 * @param asCard       whether a software adapter, which allows small buffers only, is counted as a usual card
 * @param mayFetch     whether the small files of a model that lies elsewhere may be asked for
 * @throws Error with one sentence where the model is not known, or its weights cannot be kept as the run asks
 */
export async function runMemory(
  config: RunConfig,
  platform: Platform,
  {
    memoryBytes,
    mayFetch,
    stopping,
    asCard = false,
  }: { memoryBytes: number | null; mayFetch: boolean; stopping?: () => boolean; asCard?: boolean },
): Promise<RunMemory> {
  expectBaseDtype(config);
  expectFreezable(config);
  const described = await describedModel(config, platform, { mayFetch });
  const notes = described.note ? [described.note] : [];
  const known = await knownTasks(config, platform, described).catch((error: Error) => {
    notes.push(`The run's own tasks could not be looked at: ${error.message}`);
    return null;
  });
  const adapter = await platform.gpu?.requestAdapter({ powerPreference: "high-performance" });
  const { description = "", device = "", vendor = "", architecture = "" } = adapter?.info ?? {};
  const adapterName = adapter ? description || device || vendor || "unnamed adapter" : "";
  const software = /swiftshader|llvmpipe|lavapipe|software/i.test(`${adapterName} ${vendor} ${architecture}`);
  const isElsewhere = asCard && software;
  if (isElsewhere)
    notes.push(
      "Counted for a graphics card that lets kernels see 2 GiB of a buffer; this machine has a software adapter",
    );
  const limits = isElsewhere ? undefined : adapter?.limits;
  const options = { known, ...(limits && { limits }), software: software && !isElsewhere };
  const again = async (changes: Partial<RunConfig>): Promise<Estimate> => {
    const wanted = { ...config, ...changes };
    return estimate(
      wanted,
      (await describedModel(wanted, platform, { mayFetch })).sizes,
      described.preprocessor,
      options,
    );
  };
  const found = await again({}).catch((error: Error) => error);
  const fit = await fitOf(config, found, { memoryBytes, estimating: again, ...(stopping && { stopping }) });
  if (!(found instanceof Error)) notes.push(assumedLine(config, found));
  return { found: found instanceof Error ? null : found, fit, notes, adapterName, software };
}
