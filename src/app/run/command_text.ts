import { quoted } from "../../interop/shell/quoted.ts";
import { beginningOf, differences } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** learningRate -> learning-rate */
const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The command that trains by a configuration: its preset and what differs from it. */
export function trainCommandText(config: RunConfig): string {
  const changed = differences(config, beginningOf(config));
  const flags = changed.map((name) => `--${kebab(name)}=${config[name]}`);
  return ["npm run saccade -- train", `--preset ${config.preset}`, ...flags.map(quoted)].join(" \\\n    ");
}
