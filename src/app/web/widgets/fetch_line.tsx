import { runAddresses } from "../run/fetched_addresses.ts";
import { usePage } from "../run/page_context.ts";

/** What Start fetches from elsewhere, to be read before it is pressed. */
export function FetchLine() {
  const { store } = usePage();
  const addresses = runAddresses(store.config.value);
  if (addresses.length === 0 || store.opened.value?.model.name === store.config.value.model) return null;
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
