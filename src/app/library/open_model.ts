import { resolveConfig } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { openGpuSession } from "../session/gpu_session.ts";
import type { Host } from "./host.ts";
import { OpenModel } from "./opened_model.ts";
import { type OwnSettings, splitSettings } from "./own_settings.ts";

/** How a model is opened: any knob of a run by its name, and what is written in the place of knobs. */
export interface OpenModelOptions extends OwnSettings {
  /** Whether it will be trained: gradients and moments then take three times the memory of the weights. False by default. */
  trainable?: boolean;
  /** Measures every kernel; `model.profile()` then has a table. */
  trace?: boolean;
  /** Called while weights are read, both in bytes. */
  progress?: (doneBytes: number, ofBytes: number) => void;
}

/**
 * Opens a model on the GPU.
 *
 * @param name  a shipped variant ("needle", "story"), a folder with a Hugging Face checkpoint of Qwen3-VL or Qwen2.5-VL,
 *              or `owner/name@revision` on the Hub; in a page also a folder beside the page
 * @throws Error in one sentence: no GPU, no model of that name, a knob out of its range, or more memory than there is
 */
export async function openModelOn(host: Host, name: string, options: OpenModelOptions = {}): Promise<OpenModel> {
  const { trainable = false, trace = false, progress, ...settings } = options;
  const { changes, own } = splitSettings(settings);
  const preset = changes.preset ?? (name === "story" ? "story" : undefined);
  const config: RunConfig = resolveConfig({ ...changes, preset, model: name });
  const platform = await host.openPlatform();
  const session = await openGpuSession(platform, config, {
    frozen: !trainable,
    trace,
    own,
    ...(progress && { progress }),
  });
  return new OpenModel(session, config, own, host);
}
