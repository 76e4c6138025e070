import { resolveConfig } from "../../train/config.ts";
import { presets } from "../../train/presets.ts";

/** Models that are folders beside the page and the command line: those of the presets that lie nowhere else. */
export const shippedModels: ReadonlySet<string> = new Set(
  Object.keys(presets).flatMap((preset) => {
    const { model } = resolveConfig({ preset });
    return model.includes("/") ? [] : [model];
  }),
);
