import { type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";

type Load<Props> = () => Promise<ComponentType<Props>>;
type Empty = Record<never, never>;

/** Views that have been imported: they are there at once when they are shown again. */
const loaded = new Map<unknown, unknown>();

async function importOnce<Props>(load: Load<Props>): Promise<ComponentType<Props>> {
  const view = await load();
  loaded.set(load, view);
  return view;
}

/** Imports views that are not shown yet once the page has nothing else to do; what fails is told when it is shown. */
export function importAtRest(loads: readonly Load<Empty>[]): void {
  const [load, ...others] = loads;
  if (load)
    atRest(() => {
      importOnce(load).then(
        () => importAtRest(others),
        () => {},
      );
    });
}

/** Safari has no requestIdleCallback. */
const atRest = (work: () => void): void => {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work, { timeout: 2000 });
  else setTimeout(work, 200);
};

interface LaterProps<Props extends object> {
  /** In the sentence that says that it could not be loaded. */
  name: string;
  load: Load<Props>;
  /** For the view, where it takes any. */
  props: Props;
}

/** A view that is imported when it is first shown: most people who open the page do not need it. */
export function Later<Props extends object>({ name, load, props }: LaterProps<Props>) {
  const [error, setError] = useState<Error | null>(null);
  const [View, setView] = useState(() => (loaded.get(load) as ComponentType<Props> | undefined) ?? null);
  useEffect(() => {
    if (View === null && error === null) importOnce(load).then((found) => setView(() => found), setError);
  }, [View, error, load]);
  if (View !== null) return h(View, props);
  if (error === null) return <p class="soft first">loading…</p>;
  return (
    <section class="stack first">
      <div class="card">
        <p class="problem" role="alert">
          {name} could not be loaded: {error.message}. It may be that the page was updated meanwhile.
        </p>
        <p class="buttons after">
          <button type="button" onClick={() => setError(null)}>
            Try again
          </button>
        </p>
      </div>
    </section>
  );
}
