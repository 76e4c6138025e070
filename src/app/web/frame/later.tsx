import { type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A view that is imported when it is first shown: most people who open the page do not need it. */
export function Later({ name, load }: { name: string; load(): Promise<ComponentType> }) {
  const [found, setFound] = useState<{ View: ComponentType } | { error: Error } | null>(null);
  useEffect(() => {
    if (found !== null) return;
    load().then(
      (View) => setFound({ View }),
      (error: Error) => setFound({ error }),
    );
  }, [found, load]);
  if (found === null) return <p class="soft first">loading…</p>;
  if ("View" in found) return h(found.View, {});
  return (
    <section class="stack first">
      <div class="card">
        <p class="problem" role="alert">
          {name} could not be loaded: {found.error.message}. It may be that the page was updated meanwhile.
        </p>
        <p class="buttons after">
          <button type="button" onClick={() => setFound(null)}>
            Try again
          </button>
        </p>
      </div>
    </section>
  );
}
