import { beginningOf, differences } from "../../train/config.ts";
import { type KnobName, knobs, type RunConfig } from "../../train/knobs.ts";
import type { Estimate } from "./estimate.ts";
import { gib } from "./remedies.ts";
import { type Device, secondsOfStep } from "./step_time.ts";

/** A resolved configuration: what differs from its preset first, then everything. */
export function configLines(config: RunConfig): string[] {
  const base = beginningOf(config);
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
export function memoryLines(found: Estimate): string[] {
  const { parameters, trainedParameters, memory } = found;
  const rows = [
    ...memory.map(({ what, usualBytes, mostBytes }) => [what, gib(usualBytes), mostText(mostBytes)]),
    ["together", gib(found.usualBytes), mostText(found.mostBytes)],
  ];
  const width = Math.max(...rows.map(([what]) => what!.length));
  const line = ([what, a, b]: readonly string[]) => `  ${what!.padEnd(width)}  ${a!.padStart(10)}  ${b!.padStart(10)}`;
  return [
    `Parameters: ${count(parameters)}, ${trainedParameters === parameters ? "all trained" : `none trained; an adapter of ${count(trainedParameters)} is`}`,
    "GPU memory at its peak, an estimate in GiB: a step is made with buffers that are only counted",
    line(["", "usual", "at most"]),
    ...rows.map(line),
    ...(found.mostProblem ? [`  ${mostProblemLine(found.mostProblem)}`] : []),
    `Main memory: about ${gib(found.pictureBytes)} GiB for the pictures of a step`,
  ];
}

const mostText = (bytes: number | null): string => (bytes === null ? "-" : gib(bytes));

/** What becomes of a run whose usual rollouts fit and whose longest do not. */
export const mostProblemLine = (problem: string): string =>
  `A step in which all rollouts are as long as the settings allow would end the run: ${problem}`;

/** What the two columns of an estimate rest on. */
export function assumedLine({ data }: Pick<RunConfig, "data">, { usual, isKnown }: Estimate): string {
  const prompt = `${whole(usual.promptTokens)} tokens of prompt, ${whole(usual.promptPatches)} patches`;
  if (data === "") return `a scene: ${prompt}, ${whole(usual.modelTokens)} tokens written in the longest case`;
  const prompts = isKnown ? `${prompt} (the run's own first tasks)` : `${prompt} (a picture of 640 x 480)`;
  return `usual: ${prompts}, ${whole(usual.modelTokens)} tokens written and 1.4 calls (the means of DeepEyes' published run); at most: as long as the knobs allow`;
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
