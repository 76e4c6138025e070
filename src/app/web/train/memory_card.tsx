import { useEffect } from "preact/hooks";
import type { RunConfig } from "../../../train/knobs.ts";
import { mostProblemLine } from "../../memory/estimate_text.ts";
import { type Fit, hopeless, type Remedy } from "../../memory/fit.ts";
import { gib } from "../../memory/remedies.ts";
import { usePage } from "../run/page_context.ts";
import { CardMemoryField } from "../widgets/card_memory_field.tsx";
import { knobLabel } from "../widgets/knob_field.tsx";
import { useMemory } from "./memory_context.ts";

/** What the run will take of the GPU's memory, whether it fits, and what to change: to be read before Start. */
export function MemoryCard() {
  const memory = useMemory();
  useEffect(() => memory.watch(), [memory]);
  const estimate = memory.estimate.value;
  return (
    <details class="card memory">
      <summary>
        <b>GPU memory</b> <span role="status">{estimate ? verdict(estimate.memory.fit) : "not counted yet"}</span>
      </summary>
      <CardMemoryField card={memory} />
      {memory.problem.value && <p class="soft small">{memory.problem.value}</p>}
      {estimate && <Estimate />}
    </details>
  );
}

function verdict({ bytes, fits, memoryBytes }: Fit): string {
  if (bytes === null) return "does not fit this device";
  if (fits === null) return `${gib(bytes)} GiB`;
  return fits ? `fits: ${gib(bytes)} of ${gib(memoryBytes!)} GiB` : `does not fit: ${gib(bytes)} GiB`;
}

function Estimate() {
  const memory = useMemory();
  const { found, fit, notes } = memory.estimate.value!.memory;
  return (
    <>
      {fit.problem && <p class="problem small sentence">{fit.problem}</p>}
      {fit.remedies.length > 0 && <Remedies remedies={fit.remedies} />}
      {hopeless(fit) && <p class="small sentence">{hopeless(fit)}</p>}
      {found && (
        // A new table where the order of its rows changes: a row that moves among rows without keys may be lost.
        <table class="kv" aria-label="GPU memory at its peak, GiB" key={found.memory.map(({ what }) => what).join()}>
          <tbody>
            {found.memory.map(({ what, usualBytes }) => (
              <tr key={what}>
                <td>{what}</td>
                <td>{gib(usualBytes)}</td>
              </tr>
            ))}
            <tr class="sum">
              <td>at the peak, usually</td>
              <td>{gib(found.usualBytes)} GiB</td>
            </tr>
            {found.mostBytes !== null && (
              <tr>
                <td>at most</td>
                <td>{gib(found.mostBytes)} GiB</td>
              </tr>
            )}
          </tbody>
        </table>
      )}
      {found?.mostProblem && <p class="soft small sentence">{mostProblemLine(found.mostProblem)}</p>}
      {notes.map((note) => (
        <p key={note} class="soft small sentence">
          {note}
        </p>
      ))}
    </>
  );
}

function Remedies({ remedies }: { remedies: readonly Remedy[] }) {
  const { control } = usePage();
  const memory = useMemory();
  const { of } = memory.estimate.value!;
  const use = (changes: Partial<RunConfig>) => {
    for (const [name, value] of Object.entries(changes)) control.setKnob(name as keyof RunConfig, value);
  };
  return (
    <>
      <p class="small">What helps, and what the run then takes:</p>
      <ul class="remedies small">
        {remedies.map(({ changes, bytes }) => (
          <li key={JSON.stringify(changes)}>
            <span>
              {changesText(changes, of)}: <b>{gib(bytes!)} GiB</b>
            </span>{" "}
            <button type="button" aria-label={`Use ${changesText(changes, of)}`} onClick={() => use(changes)}>
              Use
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

const changesText = (changes: Partial<RunConfig>, config: RunConfig): string =>
  (Object.keys(changes) as (keyof RunConfig)[])
    .filter((name) => changes[name] !== config[name])
    .map((name) => `${knobLabel(name)} ${changes[name]}`)
    .join(", ");
