import { useId, useState } from "preact/hooks";
import { resolveConfig } from "../../../train/config.ts";
import { type KnobName, knobs } from "../../../train/knobs.ts";
import { makeSweep, readAxis, runsOf, type Sweep } from "../../sweep/sweep_plan.ts";
import { counted, roughDuration, setting } from "../labels/numbers.ts";
import { runName } from "../labels/run_name.ts";
import { usePage } from "../run/page_context.ts";

interface Props {
  onStart(sweep: Sweep, beside: number): void;
  onCancel(): void;
}

/** Knobs that a sweep is mostly about come first. */
const usual: readonly KnobName[] = [
  "learningRate",
  "bonus",
  "bonusWeight",
  "rolloutsPerTask",
  "tasksPerStep",
  "temperature",
  "klLossCoef",
  "clipRatioHigh",
  "crop",
  "zoom",
  "objects",
  "preset",
];

const others = (Object.keys(knobs) as KnobName[]).filter(
  (key) => !usual.includes(key) && key !== "seed" && knobs[key].group !== "warmup",
);

/** Which runs a sweep makes: values of up to three knobs, and seeds. Everything else is as the controls say. */
export function SweepForm({ onStart, onCancel }: Props) {
  const { store } = usePage();
  const id = useId();
  const config = store.config.value;
  const [axes, setAxes] = useState<{ knob: KnobName; values: string }[]>([{ knob: "learningRate", values: "" }]);
  const [seeds, setSeeds] = useState(`${config.seed}..${config.seed + 2}`);
  const [beside, setBeside] = useState(1);
  const change = (at: number, changes: Partial<(typeof axes)[number]>): void =>
    setAxes(axes.map((axis, i) => (i === at ? { ...axis, ...changes } : axis)));
  let sweep: Sweep | null = null;
  let problem: string | null = null;
  try {
    const given = axes.filter(({ values }) => values.trim() !== "");
    sweep = makeSweep(store.changes.value, [
      ...given.map(({ knob, values }) => readAxis(knob, values)),
      readAxis("seed", seeds),
    ]);
  } catch (error) {
    problem = (error as Error).message;
  }
  const runs = sweep ? runsOf(sweep) : [];
  const longest = runs.reduce((most, run) => Math.max(most, resolveConfig(run).steps), 0);
  const allSteps = runs.reduce((sum, run) => sum + resolveConfig(run).steps, 0);
  const stepMs = store.stepMs.value;
  return (
    <form
      class="sweepform"
      aria-label="New sweep"
      onSubmit={(event) => {
        event.preventDefault();
        if (sweep) onStart(sweep, beside);
      }}
    >
      <p class="soft small">
        A run for every combination of these values and seeds. All else is as the controls under Train say:{" "}
        {runName(config).replace(/, seed \d+$/, "")}, {counted(config.steps, "step")}.
      </p>
      {axes.map(({ knob, values }, i) => (
        <div class="axis" key={i}>
          <select
            aria-label={`Knob ${i + 1}`}
            value={knob}
            onChange={(event) => change(i, { knob: event.currentTarget.value as KnobName, values: "" })}
          >
            <optgroup label="Often varied">
              {usual.map((key) => (
                <option key={key}>{key}</option>
              ))}
            </optgroup>
            <optgroup label="All others">
              {others.map((key) => (
                <option key={key}>{key}</option>
              ))}
            </optgroup>
          </select>
          <input
            type="text"
            spellcheck={false}
            autocomplete="off"
            aria-label={`Values of ${knob}`}
            placeholder={placeholder(knob, config[knob])}
            value={values}
            onInput={(event) => change(i, { values: event.currentTarget.value })}
          />
          {axes.length > 1 && (
            <button
              type="button"
              class="icon"
              aria-label={`Leave ${knob} out`}
              onClick={() => setAxes(axes.filter((_, at) => at !== i))}
            >
              ×
            </button>
          )}
          <span class="soft small line">{knobs[knob].line}</span>
        </div>
      ))}
      {axes.length < 3 && (
        <p>
          <button
            type="button"
            class="link small"
            onClick={() => {
              const free = usual.find((key) => !axes.some(({ knob }) => knob === key))!;
              setAxes([...axes, { knob: free, values: "" }]);
            }}
          >
            Vary another knob as well
          </button>
        </p>
      )}
      <div class="axis">
        <label for={`${id}-seeds`}>seeds</label>
        <input
          id={`${id}-seeds`}
          type="text"
          spellcheck={false}
          autocomplete="off"
          value={seeds}
          onInput={(event) => setSeeds(event.currentTarget.value)}
        />
        <span class="soft small line">0..4 or 1,7,9. Several tell a setting’s effect from luck.</span>
      </div>
      <div class="axis">
        <label for={`${id}-beside`}>at once</label>
        <select
          id={`${id}-beside`}
          value={String(beside)}
          onChange={(event) => setBeside(Number(event.currentTarget.value))}
        >
          <option value="1">one after the other</option>
          <option value="2">2 beside each other</option>
          <option value="4">4 beside each other</option>
        </select>
        <span class="soft small line">
          Each needs the memory of a run of its own. Beside each other small models use a fast GPU better.
        </span>
      </div>
      {problem ? (
        <p class="problem small" role="alert">
          {problem}
        </p>
      ) : (
        <p class="small" role="status">
          <b>{counted(runs.length, "run")}</b> of{" "}
          {longest === allSteps / runs.length ? counted(longest, "step") : `up to ${counted(longest, "step")}`}
          {stepMs !== null && `, ${roughDuration(allSteps * stepMs)} in all at this page’s pace`}. The page stays as it
          is meanwhile; a run under way in it shares the GPU.
        </p>
      )}
      <p class="rowbuttons">
        <button type="submit" class="go" disabled={!sweep || store.gpuProblem.value !== null}>
          Start the sweep
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </p>
    </form>
  );
}

/** What may be typed: the value now, and another. */
function placeholder(key: KnobName, now: string | number | boolean): string {
  const knob = knobs[key];
  if (knob.kind === "choice") return knob.choices.slice(0, 4).join(", ");
  if (knob.kind === "boolean") return "true, false";
  if (typeof now === "number")
    return knob.kind === "integer"
      ? `${now}, ${Math.max(1, now * 2)}`
      : `${setting(now)}, ${setting(now === 0 ? 0.01 : Number((now * 3).toPrecision(3)))}`;
  return "values with commas between them; | where they have commas";
}
