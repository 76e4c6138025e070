import { hasAdapter } from "../../train/adapter_settings.ts";
import type { KnobName, RunConfig } from "../../train/knobs.ts";

/** What would make a run smaller, the least change first. Changes that are made already are left out. */
export function smaller(config: RunConfig): Partial<RunConfig>[] {
  const all: Partial<RunConfig>[] = [
    { gradientCheckpointing: "on" },
    ...halves(config.tasksPerRoll || config.tasksPerStep, 1).map((tasksPerRoll) => ({ tasksPerRoll })),
    { kvCacheDtype: "bf16" },
    // An existing adapter has its own rank.
    ...(hasAdapter(config) ? [] : [{ loraRank: 16 }]),
    // Few bits are for weights under an adapter.
    hasAdapter(config) ? { baseDtype: "int4" as const } : { loraRank: 16, baseDtype: "int4" as const },
    { klLossCoef: 0, klRewardCoef: 0 },
    { maxPixels: 500_000 },
    { responseTokens: 2048 },
    ...halves(config.rolloutsPerTask, 2).map((rolloutsPerTask) => ({ rolloutsPerTask })),
  ];
  return all.filter((changes) =>
    (Object.keys(changes) as KnobName[]).some((name) => {
      const [now, then] = [config[name], changes[name]];
      const isLess =
        (name === "maxPixels" || name === "responseTokens") && Number(now) > 0 && Number(now) <= Number(then);
      return now !== then && !isLess;
    }),
  );
}

function halves(from: number, least: number): number[] {
  const found: number[] = [];
  for (let next = Math.floor(from / 2); next >= least; next = Math.floor(next / 2)) found.push(next);
  return found;
}

/** Changes as flags. */
export const flagsOf = (changes: Partial<RunConfig>, config: RunConfig): string =>
  (Object.keys(changes) as KnobName[])
    .filter((name) => changes[name] !== config[name])
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${changes[name]}`)
    .join(" ");

export const gib = (bytes: number): string => {
  const value = bytes / 2 ** 30;
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
};
