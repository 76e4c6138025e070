import { useEffect, useMemo, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import type { Task } from "../../../tasks/task.ts";
import { type ModelInput, modelInputs } from "./model_inputs.ts";
import { usePage } from "./page_context.ts";

/** Pictures of a task, null until they are loaded; `problem` says why they cannot be. */
export interface Found {
  pixels: Pixels[] | null;
  problem: string | null;
}

/** Pictures of a task of the shown run. Asks only once the task has stayed the same for `patienceMs`. */
export function usePictures(task: Task | null, patienceMs = 0): Found {
  const { pictures, store } = usePage();
  const [found, setFound] = useState<({ key: string } & Found) | null>(null);
  const lookup = store.lookup.value;
  const config = lookup?.pictures ?? null;
  const cached = task && config ? pictures.peek(task, config) : undefined;
  // Compared by content: a moving run makes new objects, and the wait would begin again.
  const key = task && config ? pictures.keyOf(task, config) : null;
  useEffect(() => {
    if (!task || !config || !key || cached) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      pictures.ask(task, config, abort.signal).then(
        (pixels) => setFound({ key, pixels, problem: null }),
        (error) => setFound({ key, pixels: null, problem: (error as Error).message }),
      );
    }, patienceMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, cached, patienceMs, pictures]);
  if (cached) return { pixels: cached, problem: null };
  if (key !== null && found?.key === key) return found;
  return { pixels: null, problem: lookup?.noPicture ?? null };
}

/** A small copy of the first picture of a task of the shown run; made with patience as well. */
export function useThumbnail(
  task: Task,
  sidePx: number,
  patienceMs: number,
): { pixels: Pixels | null; problem: string | null } {
  const { pictures, store } = usePage();
  const config = store.lookup.value?.pictures ?? null;
  const scene = config?.data === "" ? config : null;
  const key = scene ? pictures.keyOf(task, scene) : null;
  const [made, setMade] = useState<{ key: string; pixels: Pixels | null } | null>(null);
  const kept = scene ? pictures.peekSmall(task, scene, sidePx) : null;
  useEffect(() => {
    if (!scene || key === null || kept) return;
    const timer = setTimeout(() => setMade({ key, pixels: pictures.small(task, scene, sidePx) }), patienceMs);
    return () => clearTimeout(timer);
  }, [key, kept, patienceMs, pictures, sidePx]);
  const small = kept ?? (made?.key === key ? made.pixels : null);
  const isNoScene = scene === null || (made?.key === key && made.pixels === null && !kept);
  const { pixels, problem } = usePictures(isNoScene ? task : null, patienceMs);
  const first = pixels?.[0];
  const resized = useMemo(
    () => (first ? resize(first, sidePx, sidePx, { filter: "bilinear" }) : null),
    [first, sidePx],
  );
  return { pixels: small ?? resized, problem };
}

const nothing: readonly ModelInput[] = [];

/** The model inputs of a rollout; none until the pictures of its task are loaded, or where its log is inconsistent. */
export function useModelInputs(
  rollout: Rollout | null,
  ofTask: readonly Pixels[] | null,
): { inputs: readonly ModelInput[]; problem: string | null } {
  const { store } = usePage();
  const config = store.runConfig.value;
  const model = store.runHead.value?.model;
  return useMemo(() => {
    if (!rollout || !ofTask || !config || !model) return { inputs: nothing, problem: null };
    try {
      return { inputs: modelInputs(rollout, ofTask, config, model), problem: null };
    } catch (error) {
      return { inputs: nothing, problem: `What the model saw cannot be made again: ${(error as Error).message}` };
    }
  }, [rollout, ofTask, config, model]);
}
