import { differences } from "../train/aliases.ts";
import { resolveConfig } from "../train/config.ts";
import { type KnobName, knobs, type RunConfig } from "../train/knobs.ts";
import type { Estimate } from "./estimate.ts";
import { type Device, secondsOfStep } from "./step_time.ts";

/** What of an adapter bounds a run; a card's memory is not told by WebGPU. */
export interface BufferLimits {
  maxBufferSize: number;
  maxStorageBufferBindingSize: number;
}

/** A resolved configuration: what differs from its preset first, then everything. */
export function configLines(config: RunConfig): string[] {
  const base = resolveConfig({ preset: config.preset });
  const changed = differences(config, base);
  const all = (Object.keys(knobs) as KnobName[]).filter((name) => name !== "preset" && knobs[name].group !== "warmup");
  return [
    changed.length === 0
      ? `Preset ${config.preset}, nothing changed`
      : `Preset ${config.preset}, changed: ${changed.map((name) => `${name} ${shown(config[name])} (was ${shown(base[name])})`).join(", ")}`,
    ...groupsOf(all).map(
      ([group, names]) => `  ${group}: ${names.map((name) => `${name}=${shown(config[name])}`).join(" ")}`,
    ),
  ];
}

const shown = (value: RunConfig[KnobName]): string => (value === "" ? '""' : String(value));

function groupsOf(names: readonly KnobName[]): [string, KnobName[]][] {
  const groups = new Map<string, KnobName[]>();
  for (const name of names) groups.set(knobs[name].group, [...(groups.get(knobs[name].group) ?? []), name]);
  return [...groups];
}

/** The estimate as a table, with what it assumes. */
export function memoryLines(config: RunConfig, found: Estimate): string[] {
  const { parameters, trainedParameters, memory, usual } = found;
  const rows = [
    ...memory.map(({ what, usualBytes, mostBytes }) => [what, gib(usualBytes), gib(mostBytes)]),
    ["together", gib(found.usualBytes), gib(found.mostBytes)],
  ];
  const width = Math.max(...rows.map(([what]) => what!.length));
  const line = ([what, a, b]: readonly string[]) => `  ${what!.padEnd(width)}  ${a!.padStart(10)}  ${b!.padStart(10)}`;
  const isScenes = config.data === "";
  return [
    `Parameters: ${count(parameters)}, ${trainedParameters === parameters ? "all trained" : `none trained; an adapter of ${count(trainedParameters)} is`}`,
    "GPU memory, an estimate in GiB:",
    line(["", "usual", "at most"]),
    ...rows.map(line),
    isScenes
      ? `  a scene: ${whole(usual.promptTokens)} tokens of prompt, ${whole(usual.modelTokens)} written in the longest case`
      : `  usual: ${whole(usual.promptTokens)} tokens of prompt with a picture of 640 x 480, ${whole(usual.modelTokens)} written and 1.4 calls (the means of DeepEyes' published run); at most: as long as the knobs allow`,
    `Main memory: about ${gib(found.pictureBytes)} GiB for the pictures of a step`,
  ];
}

/** What a step costs, on which measured rates that rests, and how long the run would be. */
export function timeLines(config: RunConfig, found: Estimate, device: Device): string[] {
  const { prefill, token, forward, backward, reference } = found.flops;
  const { roll, update } = secondsOfStep(found, device);
  const seconds = roll + update;
  return [
    `A usual step: ${tera(prefill + token * found.usual.modelTokens)} TFLOP to roll, ${tera(forward + backward + reference)} to update`,
    `Time, an estimate: ${duration(seconds)} a step (roll ${duration(roll)}, update ${duration(update)}), ${duration(seconds * config.steps)} for ${config.steps} steps on ${device.name}`,
    `  by measured rates: ${device.measured}; without judge, evaluations and downloads`,
  ];
}

/** What does not fit, and what would have to change. */
export function limitLines(
  config: RunConfig,
  found: Estimate,
  limits: BufferLimits,
  again: (changes: Partial<RunConfig>) => Estimate,
): string[] {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const fits = ({ buffers }: Estimate): boolean => buffers.every(({ bytes }) => bytes <= most);
  if (fits(found)) return [`Its buffers fit: up to ${gib(most)} GiB may be bound`];
  const lines = found.buffers
    .filter(({ bytes }) => bytes > most)
    .map(({ what, bytes }) => `Does not fit: ${what}, ${gib(bytes)} GiB, where ${gib(most)} may be bound`);
  if (found.buffers[0]!.bytes > most) return [...lines, "  remedy: a smaller model, or an adapter that binds more"];
  const fewer: Partial<RunConfig>[] = halves(config.tasksPerRoll || config.tasksPerStep, 1).map((tasksPerRoll) => ({
    tasksPerRoll,
  }));
  const lora: Partial<RunConfig>[] = config.loraRank > 0 ? [] : [{}, ...fewer].map((all) => ({ ...all, loraRank: 16 }));
  const small: Partial<RunConfig>[] = halves(config.rolloutsPerTask, 2).map((rolloutsPerTask) => ({
    tasksPerRoll: 1,
    loraRank: Math.max(16, config.loraRank),
    rolloutsPerTask,
  }));
  const remedy = [...fewer, ...lora, ...small].find((changes) => fits(again(changes)));
  return [
    ...lines,
    `  remedy: ${remedy ? flagsOf(remedy, config) : "shorter responses (--response-tokens) or a smaller model; fewer rollouts alone are not enough"}`,
  ];
}

function halves(from: number, least: number): number[] {
  const found: number[] = [];
  for (let next = Math.floor(from / 2); next >= least; next = Math.floor(next / 2)) found.push(next);
  return found;
}

const flagsOf = (changes: Partial<RunConfig>, config: RunConfig): string =>
  (Object.keys(changes) as KnobName[])
    .filter((name) => changes[name] !== config[name])
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${changes[name]}`)
    .join(" ");

/** What smaller choices would take, for a card that has too little. */
export function remedyLines(
  config: RunConfig,
  found: Estimate,
  again: (changes: Partial<RunConfig>) => Estimate,
): string[] {
  if (found.usualBytes < 4 * 2 ** 30) return [];
  const choices: Partial<RunConfig>[] = [
    { tasksPerRoll: 1 },
    { rolloutsPerTask: Math.min(4, config.rolloutsPerTask) },
    { responseTokens: 2048 },
    { loraRank: config.loraRank || 16 },
    { klLossCoef: 0, klRewardCoef: 0 },
  ];
  const smaller = choices.filter((changes) => again(changes).usualBytes < found.usualBytes);
  const all: Partial<RunConfig> = Object.assign({}, ...smaller);
  const line = (changes: Partial<RunConfig>) => `  ${flagsOf(changes, config)}: ${gib(again(changes).usualBytes)} GiB`;
  return [
    ...(smaller.length > 0 ? ["Where the card has less, usual memory with", ...smaller.map(line)] : []),
    ...(smaller.length > 1 ? [line(all)] : []),
  ];
}

const gib = (bytes: number): string => {
  const value = bytes / 2 ** 30;
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
};
const count = (parameters: number): string => Math.round(parameters).toLocaleString("en");
const whole = (value: number): string => Math.round(value).toLocaleString("en");
const tera = (flops: number): string => (flops / 1e12).toLocaleString("en", { maximumSignificantDigits: 3 });

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(2)} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 3 * 86_400) return `${(seconds / 3600).toFixed(1)} h`;
  if (seconds < 2 * 365 * 86_400) return `${Math.round(seconds / 86_400)} days`;
  return `${Math.round(seconds / 365 / 86_400).toLocaleString("en")} years`;
}
