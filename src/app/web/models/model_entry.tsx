import { useState } from "preact/hooks";
import type { RunMemory } from "../../memory/run_memory.ts";
import { shortened } from "../labels/numbers.ts";
import { presetOfModel } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import type { KnownModel } from "./catalogue.ts";
import { useModels } from "./model_context.ts";
import { gigabytes, parametersText } from "./sizes.ts";

interface Props {
  /** As the knob has it. */
  name: string;
  label: string;
  about: string;
  facts?: Pick<KnownModel, "parameters" | "weightsBytes" | "licence">;
}

/** One model, what it needs, and what can be done with it. */
export function ModelEntry({ name, label, about, facts }: Props) {
  const { store, control } = usePage();
  const models = useModels();
  const [problem, setProblem] = useState<string | null>(null);
  const isHub = name.includes("@");
  const isChosen = store.config.value.model.replace(/@.*$/, "") === name.replace(/@.*$/, "");
  const use = () => {
    // A shipped model has the settings that it can be trained with.
    if (!isHub && facts) control.choosePreset(presetOfModel(name));
    else setProblem(models.use(name, (key, value) => control.setKnob(key, value)));
  };
  return (
    <li aria-current={isChosen ? "true" : undefined}>
      <div>
        <p>
          <b>{shortened(label, 200)}</b> {isChosen && <span class="tag">chosen</span>}
        </p>
        <p class="soft small">{about}</p>
        {facts && (
          <p class="small num">
            {parametersText(facts.parameters)} parameters · {gigabytes(facts.weightsBytes)} · {facts.licence}
          </p>
        )}
        {facts && <Needs need={models.needs.value.get(name)} />}
        {problem && (
          <p class="problem small" role="alert">
            {problem}
          </p>
        )}
      </div>
      <p class="buttons">
        {isHub && (
          <button
            type="button"
            aria-label={`Look at ${label} on the Hub`}
            disabled={models.asking.value}
            onClick={() => void models.look(name)}
          >
            Look
          </button>
        )}
        <button type="button" aria-label={`Use ${label}`} disabled={isChosen} onClick={use}>
          Use
        </button>
      </p>
    </li>
  );
}

/** What a run takes of the GPU, and whether it fits. */
function Needs({ need }: { need: RunMemory | string | undefined }) {
  if (need === undefined) return <p class="soft small">counting what it needs…</p>;
  if (typeof need === "string") return <p class="soft small">{shortened(need, 300)}</p>;
  const { bytes, fits, memoryBytes, problem } = need.fit;
  const gib = (value: number) => (value / 2 ** 30).toFixed(value < 2 ** 30 ? 2 : 1);
  if (bytes === null) return <p class="small problem">Does not fit this device: {shortened(problem, 300)}</p>;
  return (
    <p class="small">
      needs {gib(bytes)} GiB of {need.software ? "a graphics card" : "the GPU"}
      {fits !== null && (
        <>
          :{" "}
          <b class={fits ? "fits" : "problem"}>
            {!fits ? "does not fit into" : need.software ? "fits into" : "fits here, into"} {gib(memoryBytes ?? 0)} GiB
          </b>
        </>
      )}
    </p>
  );
}
