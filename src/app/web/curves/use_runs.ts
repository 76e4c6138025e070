import { useMemo } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import type { RunState } from "../run/run_state.ts";
import { useCurves } from "./curves_context.ts";
import { type CandidateRun, drawnRuns, type LegendRun } from "./drawn_runs.ts";
import { heldOutPoints, type RunPoints, runPoints } from "./run_points.ts";

/** What the charts of a view draw. */
export interface RunsToDraw {
  /** The shown run; null where only others are drawn, or where there is none yet. */
  own: RunPoints | null;
  /** The run before it, drawn faintly. */
  previous: RunPoints | null;
  /** All of them, where there are others beside the shown run. */
  legend: readonly LegendRun[];
  candidates: readonly CandidateRun[];
  /** All metrics that any of them has. */
  keys: ReadonlySet<string>;
}

/** @param withShown  whether the run that the page shows is among them */
export function useRunsToDraw(withShown: boolean): RunsToDraw {
  const { store } = usePage();
  const control = useCurves();
  const updates = store.updates.value;
  const evals = store.evals.value;
  const head = store.runHead.value;
  const config = store.runConfig.value;
  const overlaid = control.overlaid.value;
  const view = control.layout.value.seeds;
  const before = store.replay.value || overlaid.length > 0 || !withShown ? null : store.previous.value;
  const heldOut = useMemo(() => heldOutPoints(evals), [evals]);
  const own = useMemo(
    () => (withShown && updates.length + heldOut.length > 0 ? { updates, heldOut } : null),
    [withShown, updates, heldOut],
  );
  const previous = useMemo(() => before && runPoints(before), [before]);
  const candidates = useMemo((): CandidateRun[] => {
    const others = overlaid.flatMap(({ name, state, points }) => candidate(name, state, points));
    if (own === null || config === null) return others;
    return [{ name: "this run", config, startedAt: head?.startedAt ?? "", points: own, shown: true }, ...others];
  }, [own, config, head, overlaid]);
  const legend = useMemo(
    () => (overlaid.length > 0 ? drawnRuns(candidates, view) : []),
    [candidates, overlaid.length, view],
  );
  const ownUpdates = withShown ? control.updateKeys.of(updates) : none;
  const ownHeldOut = own ? control.heldOutKeys.of(own.heldOut) : none;
  const keys = useMemo(
    () => new Set([...ownUpdates, ...ownHeldOut, ...overlaid.flatMap((run) => [...run.keys])]),
    [ownUpdates, ownHeldOut, overlaid],
  );
  return { own, previous, legend, candidates, keys };
}

const none: ReadonlySet<string> = new Set();

const candidate = (name: string, { head, config }: RunState, points: RunPoints): CandidateRun[] =>
  head && config ? [{ name, config, startedAt: head.startedAt, points, shown: false }] : [];
