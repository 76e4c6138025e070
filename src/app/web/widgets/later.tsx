import { type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";

interface LaterProps<Props extends object> {
  /** In the sentence that says that it could not be loaded. */
  name: string;
  load(): Promise<ComponentType<Props>>;
  /** For the view, where it takes any. */
  props: Props;
}

/** A view that is imported when it is first shown: most people who open the page do not need it. */
export function Later<Props extends object>({ name, load, props }: LaterProps<Props>) {
  const [found, setFound] = useState<{ View: ComponentType<Props> } | { error: Error } | null>(null);
  useEffect(() => {
    if (found !== null) return;
    load().then(
      (View) => setFound({ View }),
      (error: Error) => setFound({ error }),
    );
  }, [found, load]);
  if (found === null) return <p class="soft first">loading…</p>;
  if ("View" in found) return h(found.View, props);
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
