import { modelName } from "../labels/model_name.ts";
import { count } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { RemoveButton } from "../widgets/remove_button.tsx";
import { moment } from "./moment.ts";

/** Weights that were trained from scratch here. */
export function ModelsCard() {
  const { store, control } = usePage();
  return (
    <div class="card">
      <h2>
        <b>Models trained from scratch in this browser</b>
      </h2>
      <table class="grid list">
        <thead>
          <tr>
            <th scope="col">model</th>
            <th scope="col">steps</th>
            <th scope="col" class="wide-only">
              kept
            </th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {store.models.value.map((model) => (
            <tr key={model.name}>
              <th scope="row">{modelName(model.name)}</th>
              <td class="num">
                {count(model.step)} of {count(model.steps)}
              </td>
              <td class="num wide-only">{moment(model.madeAt)}</td>
              <td class="actions">
                <RemoveButton
                  name={`the model ${modelName(model.name)}`}
                  onRemove={() => void control.removeModel(model.name)}
                >
                  <button
                    type="button"
                    disabled={store.blocked.value}
                    onClick={() => {
                      store.tab.value = "train";
                      void control.whatIf({ model: model.name });
                    }}
                  >
                    Start GRPO
                  </button>
                </RemoveButton>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
