import { useEffect, useId, useState } from "preact/hooks";
import type { WeightsChoice } from "../../worker_api/asked_weights.ts";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { useCompare } from "./compare_context.ts";
import { Field } from "./field.tsx";
import { GraphsForm } from "./graphs_form.tsx";
import { GreedyField } from "./greedy_field.tsx";
import { ServerForm } from "./server_form.tsx";

/** Ways to get another rollout of the task; it becomes B. */
export function RollForms({ chosen }: { chosen: Chosen }) {
  return (
    <>
      <HereForm chosen={chosen} />
      <ServerForm chosen={chosen} />
      <GraphsForm chosen={chosen} />
      <OtherRun chosen={chosen} />
    </>
  );
}

const weightsNames: Record<WeightsChoice, string> = {
  start: "before training",
  checkpoint: "a checkpoint",
  now: "as they are now",
};

function HereForm({ chosen }: { chosen: Chosen }) {
  const { store } = usePage();
  const compare = useCompare();
  const config = store.runConfig.value ?? store.config.value;
  const [weights, setWeights] = useState<WeightsChoice>("start");
  const [step, setStep] = useState(chosen.step);
  const [greedy, setGreedy] = useState(true);
  const [seed, setSeed] = useState(config.seed);
  const [temperature, setTemperature] = useState(config.temperature);
  const [zoom, setZoom] = useState(config.zoom);
  const [crop, setCrop] = useState(config.crop);
  const id = useId();
  const settings = {
    ...(seed !== config.seed && { seed }),
    ...(temperature !== config.temperature && { temperature }),
    ...(zoom !== config.zoom && { zoom }),
    ...(crop !== config.crop && { crop }),
  };
  return (
    <details class="card panel" open>
      <summary>
        <h2>
          <b>Sample with a model here</b>
        </h2>
      </summary>
      <Field id={`${id}-weights`} label="weights">
        <select
          id={`${id}-weights`}
          value={weights}
          onChange={(event) => setWeights(event.currentTarget.value as WeightsChoice)}
        >
          {Object.entries(weightsNames).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </Field>
      {weights === "checkpoint" && (
        <Field id={`${id}-step`} label="of the step, or the nearest that is kept">
          <Whole id={`${id}-step`} value={step} min={0} onChange={setStep} />
        </Field>
      )}
      <GreedyField id={id} greedy={greedy} setGreedy={setGreedy} />
      {!greedy && (
        <>
          <Field id={`${id}-temperature`} label="temperature">
            <input
              id={`${id}-temperature`}
              class="num"
              type="number"
              min={0.01}
              max={2}
              step={0.05}
              value={temperature}
              onInput={(event) => setTemperature(within(event.currentTarget.valueAsNumber, 0.01, 2, temperature))}
            />
          </Field>
          <Field id={`${id}-seed`} label="seed of the samples">
            <Whole id={`${id}-seed`} value={seed} min={0} onChange={setSeed} />
          </Field>
        </>
      )}
      <Field id={`${id}-zoom`} label="tools are offered">
        <input
          id={`${id}-zoom`}
          type="checkbox"
          checked={zoom}
          onChange={(event) => setZoom(event.currentTarget.checked)}
        />
      </Field>
      <Field id={`${id}-crop`} label="what a zoom shows">
        <select id={`${id}-crop`} value={crop} onChange={(event) => setCrop(event.currentTarget.value as typeof crop)}>
          <option value="source">the crop</option>
          <option value="blank">grey</option>
          <option value="shuffled">another crop</option>
        </select>
      </Field>
      <p class="buttons after">
        <button
          type="button"
          disabled={compare.asking.value !== null || compare.obstacle !== null}
          onClick={() => void compare.roll(chosen, { weights, step, greedy, settings })}
        >
          Sample as B
        </button>
      </p>
    </details>
  );
}

function OtherRun({ chosen }: { chosen: Chosen }) {
  const { control, store } = usePage();
  const compare = useCompare();
  const [runs, setRuns] = useState<readonly StoredRun[]>([]);
  const [name, setName] = useState("");
  const id = useId();
  useEffect(() => {
    control.api.runs().then(setRuns, (error) => store.notices.error(error));
  }, [control, store]);
  const shown = store.replay.value?.name ?? store.storedAs.value;
  const others = runs.filter((run) => run.name !== shown);
  if (others.length === 0) return null;
  const wanted = others.find((run) => run.name === name)?.name ?? others[0]!.name;
  return (
    <details class="card panel">
      <summary>
        <h2>
          <b>Take it from another run</b>
        </h2>
      </summary>
      <Field id={`${id}-run`} label="run in this browser">
        <select id={`${id}-run`} value={wanted} onChange={(event) => setName(event.currentTarget.value)}>
          {others.map((run) => (
            <option key={run.name} value={run.name}>
              {run.name}
            </option>
          ))}
        </select>
      </Field>
      <p class="cap">Runs share tasks where their data and their seed are the same.</p>
      <p class="buttons after">
        <button
          type="button"
          disabled={compare.asking.value !== null}
          onClick={() => void compare.findIn(wanted, chosen)}
        >
          Find this task there
        </button>
      </p>
    </details>
  );
}

interface WholeProps {
  id: string;
  value: number;
  min: number;
  onChange(value: number): void;
}

const Whole = ({ id, value, min, onChange }: WholeProps) => (
  <input
    id={id}
    class="num"
    type="number"
    min={min}
    max={1_000_000}
    step={1}
    value={value}
    onInput={(event) => onChange(Math.round(within(event.currentTarget.valueAsNumber, min, 1_000_000, value)))}
  />
);

const within = (value: number, least: number, most: number, otherwise: number): number =>
  Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise;
