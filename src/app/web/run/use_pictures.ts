import { useEffect, useMemo, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { usePage } from "./page_context.ts";
import { type Shown, shownPictures } from "./shown_pictures.ts";

/** Pictures of a task, null until they are there; `problem` says why they will not be. */
export interface Found {
  pixels: Pixels[] | null;
  problem: string | null;
}

/** Pictures of a task of the shown run. Asks only once the view has stood still for `patienceMs`. */
export function usePictures(task: Task | null, patienceMs = 0): Found {
  const { pictures, store } = usePage();
  const [found, setFound] = useState<({ wish: string } & Found) | null>(null);
  const lookup = store.lookup.value;
  const config = lookup?.pictures ?? null;
  // A new drop may have brought another file under the same name.
  const kept = task && config ? pictures.peek(task, config) : undefined;
  // By what they say, not which objects they are: a run that moves makes them anew, and patience would begin again.
  const wish = task && config ? pictures.keyOf(task, config) : null;
  useEffect(() => {
    if (!task || !config || !wish || kept) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      pictures.ask(task, config, abort.signal).then(
        (pixels) => setFound({ wish, pixels, problem: null }),
        (error) => setFound({ wish, pixels: null, problem: (error as Error).message }),
      );
    }, patienceMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [wish, kept, patienceMs, pictures]);
  if (kept) return { pixels: kept, problem: null };
  if (wish !== null && found?.wish === wish) return found;
  return { pixels: null, problem: lookup?.noPicture ?? null };
}

const nothing: readonly Shown[] = [];

/** The pictures of a rollout as its model saw them; none until those of its task are there, or where a log says nonsense. */
export function useShown(
  rollout: Rollout | null,
  ofTask: readonly Pixels[] | null,
): { shown: readonly Shown[]; problem: string | null } {
  const { store } = usePage();
  const config = store.runConfig.value;
  const model = store.runHead.value?.model;
  return useMemo(() => {
    if (!rollout || !ofTask || !config || !model) return { shown: nothing, problem: null };
    try {
      return { shown: shownPictures(rollout, ofTask, config, model), problem: null };
    } catch (error) {
      return { shown: nothing, problem: `What the model saw cannot be made again: ${(error as Error).message}` };
    }
  }, [rollout, ofTask, config, model]);
}
