import { beginningOf, differences, resolveConfig } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { writeSettings } from "../alias_rules.ts";
import { readAliases } from "../aliases.ts";
import { quoted } from "../shell/quoted.ts";
import { trlNames } from "./names.ts";

/** A configuration as a `trl grpo` command; knobs that TRL has no name for are listed above it. */
export function writeTrlCommand(config: RunConfig): string {
  const settings = writeSettings(trlNames, config);
  const base = beginningOf(config);
  // Over the defaults alone, so that only what the TRL settings say is compared, not what the preset has already.
  const back = {
    ...resolveConfig({}),
    ...readAliases(settings, { ...base, ...config }).changes,
    preset: config.preset,
  };
  const missing = differences(config, back).map((name) => `${name}=${config[name]}`);
  return [
    ...(missing.length > 0 ? [`# TRL has no setting for ${missing.join(", ")}`] : []),
    ["trl grpo", ...settings.map(({ name, value }) => `--${name} ${quoted(value)}`)].join(" \\\n    "),
  ].join("\n");
}
