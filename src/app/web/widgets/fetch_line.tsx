import { largeShipped } from "../labels/shipped_weights.ts";
import { runAddresses } from "../run/fetched_addresses.ts";
import { usePage } from "../run/page_context.ts";

/** What Start fetches from elsewhere, to be read before it is pressed. */
export function FetchLine() {
  const { store } = usePage();
  const config = store.config.value;
  const addresses = runAddresses(config);
  if (store.opened.value?.model.name === config.model) return null;
  const large = largeShipped(config.model);
  if (addresses.length === 0)
    // While it loads, the run bar says so.
    return large === null || store.gpuProblem.value !== null || store.busy.value !== null ? null : (
      <p class="small pending">Start first loads the model {large}, which comes with this page.</p>
    );
  return (
    <div class="small pending">
      <p>Start fetches, and nothing does before:</p>
      <ul class="addresses mono">
        {addresses.map((address) => (
          <li key={address}>{address}</li>
        ))}
      </ul>
    </div>
  );
}
