import { useEffect } from "preact/hooks";
import { modelName } from "../labels/model_name.ts";
import { counted } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { CardMemoryField } from "../widgets/card_memory_field.tsx";
import { KnobField } from "../widgets/knob_field.tsx";
import { hubModels, type KnownModel, shippedModels } from "./catalogue.ts";
import { FetchList } from "./fetch_list.tsx";
import { HubForm } from "./hub_form.tsx";
import { useModels } from "./model_context.ts";
import { ModelEntry } from "./model_entry.tsx";

/** Every way to a model: what comes with the page, what was trained here, the Hub; with what each needs. */
export function ModelPicker() {
  const { store, control } = usePage();
  const models = useModels();
  useEffect(() => void control.listModels(), []);
  const trained = store.models.value.map(({ name, step }) => ({
    name,
    about: `Trained from scratch in this browser, ${counted(step, "step")}.`,
  }));
  const names = [...shippedModels, ...hubModels].map(({ name }) => name);
  const config = store.config.value;
  const memoryGib = models.card.memoryGib.value;
  const { baseDtype, loraRank, freeze, tasksPerStep, rolloutsPerTask, data } = config;
  const settings = JSON.stringify([baseDtype, loraRank, freeze, tasksPerStep, rolloutsPerTask, data, memoryGib]);
  useEffect(() => {
    void models.count(names);
    return () => models.stopCounting();
  }, [settings]);
  return (
    <>
      <fieldset class="precision">
        <legend>What is trained, and in which precision</legend>
        <KnobField knob="loraRank" label="LoRA rank (0: all weights)" />
        <KnobField knob="baseDtype" label="dtype of the weights under LoRA" />
        <KnobField knob="freeze" label="without LoRA, freeze" />
        <CardMemoryField card={models.card} />
      </fieldset>
      <Entries title="With this page" models={shippedModels} />
      {trained.length > 0 && (
        <section aria-label="Trained here">
          <h3>Trained here</h3>
          <ul class="model-list">
            {trained.map(({ name, about }) => (
              <ModelEntry key={name} name={name} label={modelName(name)} about={about} />
            ))}
          </ul>
        </section>
      )}
      <Entries
        title="On the Hub"
        models={hubModels}
        note="Nothing is fetched before Start, or before you ask for it. The commit is fixed at Start. Sizes and licences are those of 2025; Look asks the Hub."
      />
      <HubForm />
      <FetchList />
      <p class="soft small">
        A folder with a Hugging Face checkpoint can be dropped anywhere on this page. It is read where it lies, and not
        uploaded.
      </p>
    </>
  );
}

function Entries({ title, models, note }: { title: string; models: readonly KnownModel[]; note?: string }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {note && <p class="soft small">{note}</p>}
      <ul class="model-list">
        {models.map(({ name, about, ...facts }) => (
          <ModelEntry key={name} name={name} label={name.replace(/@main$/, "")} about={about} facts={facts} />
        ))}
      </ul>
    </section>
  );
}
