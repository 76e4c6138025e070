import { presets } from "../../../train/presets.ts";

/** The label of a preset: its line up to the colon. A stored run may name a preset that is no more. */
export const presetName = (preset: string): string =>
  (Object.hasOwn(presets, preset) && presets[preset]?.line.split(":")[0]) || preset;
