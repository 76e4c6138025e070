import { checkKnob, nearest, resolveConfig } from "../../train/config.ts";
import { type KnobName, knobs, type RunConfig } from "../../train/knobs.ts";

type Value = RunConfig[KnobName];

/** A knob, and the values that runs have for it in turn. */
export interface SweepAxis {
  knob: KnobName;
  values: readonly Value[];
}

/** Runs that differ in a few knobs. Plain data, to be stored. */
export interface Sweep {
  /** What all runs have. */
  changes: Partial<RunConfig>;
  axes: readonly SweepAxis[];
}

/** The most runs of one sweep: more is a slip of the pen. */
const mostRuns = 1000;

/**
 * The values of a knob from text: "1e-4,3e-4", "0..4" for whole numbers. Where values have commas themselves, "|" stands
 * between them. @param name  learningRate or learning-rate
 * @throws Error in one sentence
 */
export function readAxis(name: string, text: string): SweepAxis {
  const knob = knobNamed(name);
  const parts = text.split(text.includes("|") ? "|" : ",").map((part) => part.trim());
  // An empty text is a value of its own only where it stands beside others: `adapter=|mine`.
  if (parts.length === 1 && parts[0] === "")
    throw new Error(`${knob} needs values, such as ${knob}=${example(knob)}, found none`);
  const values = parts.flatMap((part) => range(knob, part) ?? [checkKnob(knob, part)]);
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw new Error(`${knob} has the value ${twice} twice; leave one out`);
  return { knob, values };
}

function knobNamed(name: string): KnobName {
  const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (Object.hasOwn(knobs, camel)) return camel as KnobName;
  throw new Error(`There is no knob "${name}"; did you mean "${nearest(camel, Object.keys(knobs))}"?`);
}

/** "0..4" of a whole number; null where it is none. */
function range(knob: KnobName, text: string): Value[] | null {
  const found = /^(\d+)\.\.(\d+)$/.exec(text);
  if (!found || knobs[knob].kind !== "integer") return null;
  const [first, last] = [Number(found[1]), Number(found[2])];
  if (last < first) throw new Error(`${knob}: expected a range that rises, such as ${last}..${first}, found ${text}`);
  if (last - first >= mostRuns)
    throw new Error(`${knob}: ${text} has ${last - first + 1} values; a sweep has at most ${mostRuns} runs`);
  return Array.from({ length: last - first + 1 }, (_, i) => checkKnob(knob, first + i));
}

function example(knob: KnobName): string {
  const entry = knobs[knob];
  if (entry.kind === "choice") return entry.choices.slice(0, 2).join(",");
  if (entry.kind === "boolean") return "true,false";
  return entry.kind === "text" ? "a,b" : `${entry.default},${entry.kind === "integer" ? "..." : entry.default * 2}`;
}

/**
 * A sweep whose every run can begin, as far as its settings say. Seeds come last, so that the first setting is whole first.
 * @throws Error in one sentence: no axis, one knob twice, too many runs, or settings that cannot be
 */
export function makeSweep(changes: Partial<RunConfig>, axes: readonly SweepAxis[]): Sweep {
  if (axes.length === 0)
    throw new Error('A sweep needs a knob with several values, such as seed=0..2 or "learning-rate=1e-4,3e-4"');
  for (const [i, { knob }] of axes.entries())
    if (axes.findIndex((axis) => axis.knob === knob) !== i)
      throw new Error(`${knob} is given twice; put all its values into one list`);
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > mostRuns) throw new Error(`A sweep has at most ${mostRuns} runs, found ${count}; leave values out`);
  const sorted = [...axes.filter(({ knob }) => knob !== "seed"), ...axes.filter(({ knob }) => knob === "seed")];
  const kept = Object.fromEntries(
    Object.entries(changes).filter(([key]) => !axes.some(({ knob }) => knob === key)),
  ) as Partial<RunConfig>;
  const sweep = { changes: kept, axes: sorted };
  for (const run of runsOf(sweep)) resolveConfig(run);
  return sweep;
}

/** What each run changes, in the order in which they are made. */
export function runsOf({ changes, axes }: Sweep): Partial<RunConfig>[] {
  return axes.reduce<Partial<RunConfig>[]>(
    (runs, { knob, values }) => runs.flatMap((run) => values.map((value) => ({ ...run, [knob]: value }))),
    [changes],
  );
}

/** The knobs beside the seed that runs of a sweep differ in, and the values of one of them: "learningRate 0.0003, bonus none". */
export function settingOf(sweep: Sweep, run: Partial<RunConfig>): string {
  return variedKnobs(sweep)
    .map((knob) => `${knob} ${valueText(run[knob])}`)
    .join(", ");
}

/** As someone would type it: 1e-4, none for an empty text. */
function valueText(value: Value | undefined): string {
  if (typeof value === "number" && value !== 0 && Math.abs(value) < 0.001)
    return value.toExponential().replace("e+", "e");
  return value === "" || value === undefined ? "none" : String(value);
}

/** The knobs beside the seed that runs of a sweep differ in. */
export const variedKnobs = ({ axes }: Sweep): KnobName[] =>
  axes.map(({ knob }) => knob).filter((knob) => knob !== "seed");

/** What differs, in a line: "bonus none, conditional × 3 seeds". */
export function sweepTitle({ axes }: Sweep): string {
  return axes
    .map(({ knob, values }) => {
      if (knob === "seed") return values.length === 1 ? `seed ${values[0]}` : `${values.length} seeds`;
      const shown = values.slice(0, 6).map(valueText);
      return `${knob} ${shown.join(", ")}${values.length > 6 ? ` and ${values.length - 6} more` : ""}`;
    })
    .join(" × ");
}
