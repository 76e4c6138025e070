import { useEffect, useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

/** Where the time of a step goes, kernel by kernel: only where the address asks for it with ?trace. */
export function Profile() {
  const { store, control } = usePage();
  const [open, setOpen] = useState(false);
  const [table, setTable] = useState<string | null>(null);
  const made = store.live.value.updates.length + (store.warmup.value.last?.step ?? 0);
  useEffect(() => {
    if (open && made > 0) control.api.profile().then(setTable, (error) => store.notices.error(error));
  }, [open, made, control, store]);
  if (!store.traced.value) return null;
  return (
    <details class="card" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Where the time goes</summary>
      {table === null ? (
        <p class="soft small">after the first step</p>
      ) : (
        <>
          <p class="soft small">
            A step by its parts on host and GPU; then the first pass of each kind, by kernel: how often it ran, how long
            in all, its share.
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <pre class="profile" tabIndex={0}>
            {table}
          </pre>
        </>
      )}
    </details>
  );
}
