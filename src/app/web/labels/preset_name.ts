import { resolveConfig } from "../../../train/config.ts";
import { presets } from "../../../train/presets.ts";

const lineOf = (preset: string): string | undefined =>
  Object.hasOwn(presets, preset) ? presets[preset]?.line : undefined;

/** The label of a preset: its line up to the colon. A stored run may name a preset that is no more. */
export const presetName = (preset: string): string => lineOf(preset)?.split(":")[0] || preset;

/** What a preset is, as a sentence: its line behind the colon; the style sheet begins it with a capital. */
export const sentence = (preset: string): string => lineOf(preset)?.replace(/^[^:]*: */, "") ?? "";

/** The first preset with a shipped model: settings that it can be trained with. */
export const presetOfModel = (model: string): string =>
  Object.keys(presets).find((preset) => resolveConfig({ preset }).model === model) ?? "needle";

/** The names of presets by what they are about, in their order. */
export const presetGroups: readonly { title: string; names: readonly string[] }[] = [
  { title: "Generated worlds, with models of this page", names: presetsOf((data) => data === "") },
  { title: "DeepEyes and verl, with models of the Hub", names: presetsOf((data) => data !== "") },
];

function presetsOf(isWanted: (data: string) => boolean): string[] {
  return Object.keys(presets).filter((preset) => isWanted(resolveConfig({ preset }).data));
}
