import { resolveConfig } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { openGpuSession } from "../session/open_gpu_session.ts";
import type { OwnParts } from "../session/run_context.ts";
import type { Host } from "./host.ts";
import { OpenModel } from "./opened_model.ts";
import { type OwnSettings, splitSettings } from "./own_settings.ts";

interface Opening {
  /** Whether it will be trained: gradients and moments then take three times the memory of the weights. False by default. */
  trainable?: boolean;
  /** Measures every kernel; `model.profile()` then has a table. */
  trace?: boolean;
  /** Called while weights are read, both in bytes. */
  progress?: (doneBytes: number, ofBytes: number) => void;
}

/** How a model is opened: any knob of a run by its name, your own parts, and the options below. */
export interface OpenModelOptions extends Omit<OwnSettings, "model">, Opening {}

/**
 * Opens a model on the GPU.
 *
 * @param name  a shipped variant ("needle", "story"), a folder with a Hugging Face checkpoint of Qwen3-VL or Qwen2.5-VL,
 *              or `owner/name@revision` on the Hub; in a page also a folder beside the page
 * @throws Error in one sentence: no GPU, no model of that name, a knob out of its range, or more memory than there is
 */
export async function openModelOn(host: Host, name: string, options: OpenModelOptions = {}): Promise<OpenModel> {
  if (typeof name !== "string" || name === "")
    throw new Error(`Expected the name of a model, such as "needle" or a folder, found ${JSON.stringify(name)}`);
  const { trainable, trace, progress, ...settings } = options ?? {};
  const { changes, own } = splitSettings(settings);
  const config = resolveConfig({ ...changes, model: name });
  return openWith(host, config, { trainable, trace, progress, own });
}

/** The same by a whole configuration. */
export async function openWith(
  host: Host,
  config: RunConfig,
  { trainable = false, trace = false, progress, own }: Opening & { own: OwnParts },
): Promise<OpenModel> {
  const platform = await host.openPlatform();
  const session = await openGpuSession(platform, config, { frozen: !trainable, trace, own, progress });
  return new OpenModel(session, config, own, host);
}
