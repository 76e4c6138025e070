import { useEffect, useState } from "preact/hooks";
import type { CachedWeights } from "../../worker_api/run_api.ts";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { RemoveButton } from "../widgets/remove_button.tsx";

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);

/** Weights that were fetched from the network and are kept for the next time. Nothing where there are none. */
export function CachedWeightsCard() {
  const { store, control } = usePage();
  const [kept, setKept] = useState<readonly CachedWeights[]>([]);
  const list = (): void => {
    control.api.weights().then(setKept, (error) => store.notices.error(error));
  };
  useEffect(list, [store.opened.value]);
  const remove = async (key: string): Promise<void> => {
    await control.api.removeWeights(key).catch((error) => store.notices.error(error));
    list();
  };
  if (kept.length === 0) return null;
  return (
    <div class="card">
      <h2>
        <b>Weights from the network, kept in this browser</b>
      </h2>
      <table class="grid list">
        <thead>
          <tr>
            <th scope="col">file</th>
            <th scope="col">kept</th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {kept.map(({ key, path, sizeBytes, keptBytes }) => (
            <tr key={key}>
              <th scope="row">{shortened(path, 200)}</th>
              <td class="num">
                {keptBytes === sizeBytes ? gigabytes(sizeBytes) : `${gigabytes(keptBytes)} of ${gigabytes(sizeBytes)}`}{" "}
                GB
              </td>
              <td class="actions">
                <RemoveButton name={path} onRemove={() => void remove(key)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
