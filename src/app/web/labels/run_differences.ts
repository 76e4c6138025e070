import { type KnobName, knobs, type RunConfig } from "../../../train/knobs.ts";
import { setting, shortened } from "./numbers.ts";

/** Knobs that do not make a run another experiment. */
const besideTheExperiment: readonly KnobName[] = ["seed", "steps", "evalEvery", "evalTasks", "saveEvery", "warmupRows"];

/** What a legend needs of a run. */
export interface NamedRun {
  name: string;
  config: RunConfig;
  startedAt: string;
}

/** Knobs in which runs are not all alike, in the order of the knobs; seed and length of the run come last. */
export function differingKnobs(configs: readonly RunConfig[]): KnobName[] {
  const [first] = configs;
  if (!first) return [];
  const names = (Object.keys(knobs) as KnobName[]).filter(
    (name) => name !== "preset" && configs.some((config) => config[name] !== first[name]),
  );
  const isBeside = (name: KnobName): boolean => besideTheExperiment.includes(name);
  return [...names.filter((name) => !isBeside(name)), ...names.filter(isBeside)];
}

/** The same for runs that differ in nothing but their seed (and how often they were looked at): one experiment. */
export const experimentKey = (config: RunConfig): string =>
  (Object.keys(knobs) as KnobName[])
    .filter((name) => name !== "preset" && !besideTheExperiment.includes(name))
    .map((name) => `${name}=${config[name]}`)
    .join("\n");

/** "bonus none", "learningRate 2e-4": a knob as a legend names it, by the name that flags and addresses have. */
export function knobText(config: Partial<RunConfig>, name: KnobName): string {
  const value = config[name];
  const text = typeof value === "number" ? setting(value) : shortened(String(value ?? "unknown") || "empty", 60);
  return `${name} ${text}`;
}

/**
 * A name for each of some runs that says in what it differs from the others, e.g. "learning rate 2e-4, seed 1". Runs that
 * differ in nothing are named by when they began, then by their own names.
 */
export function differenceNames(runs: readonly NamedRun[]): string[] {
  if (runs.length === 1) return [runs[0]!.name];
  const names = differingKnobs(runs.map(({ config }) => config));
  // The length says nothing where something else does.
  const telling = names.some((name) => name !== "steps" && !name.startsWith("eval") && name !== "saveEvery")
    ? names.filter((name) => !["steps", "evalEvery", "evalTasks", "saveEvery"].includes(name))
    : names;
  const texts = runs.map(({ config }) => telling.map((name) => knobText(config, name)).join(", "));
  return texts.map((text, i) => {
    if (text !== "" && texts.indexOf(text) === texts.lastIndexOf(text)) return text;
    const { name } = runs[i]!;
    return text === "" ? name : `${text} (${name})`;
  });
}
