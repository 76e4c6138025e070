import { useEffect, useMemo, useState } from "preact/hooks";
import type { Rollout } from "../../agent/rollout.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { usePage } from "./page_context.ts";
import { type Shown, shownPictures } from "./shown_pictures.ts";

/** Pictures of a task, null until they are there. Asks only once the view has stood still for `patienceMs`. */
export function usePictures(task: Task | null, config: RunConfig | null, patienceMs = 0): Pixels[] | null {
  const { pictures, store } = usePage();
  const [found, setFound] = useState<{ id: string; pixels: Pixels[] } | null>(null);
  const kept = task && config ? pictures.peek(task, config) : undefined;
  // By what they say, not which objects they are: a run that moves makes them anew, and patience would begin again.
  const wish = task && config ? pictures.keyOf(task, config) : null;
  useEffect(() => {
    if (!task || !config || kept) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      pictures.ask(task, config, abort.signal).then(
        (pixels) => setFound({ id: task.id, pixels }),
        (error) => store.notices.error(error),
      );
    }, patienceMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [wish, kept, patienceMs, pictures, store]);
  return kept ?? (found && found.id === task?.id ? found.pixels : null);
}

/** The pictures of a rollout as its model saw them; none until those of its task are there. */
export function useShown(rollout: Rollout | null, ofTask: readonly Pixels[] | null): readonly Shown[] {
  const { store } = usePage();
  const config = store.runConfig.value;
  const model = store.runHead.value?.model;
  return useMemo(
    () => (rollout && ofTask && config && model ? shownPictures(rollout, ofTask, config, model) : []),
    [rollout, ofTask, config, model],
  );
}
