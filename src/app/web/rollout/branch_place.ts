import type { StepContext } from "./step_context.ts";

/** Where in a rollout something else is tried. */
export interface Place {
  /** First token of the turn that calls, or may. */
  turn: number;
  /** The same, where that turn has called a tool; else null. */
  call: number | null;
}

/** The turn that a box or a result is for: of the call at the cursor or before it, else of the first call, else the first turn. */
export function turnStart({ chosen: { rollout }, units, unit }: StepContext): Place | null {
  const first = (segment: number): number | null => units.find((one) => one.segment === segment)?.first ?? null;
  const called = rollout.calls.map(({ segment }) => segment);
  const segment = called.findLast((one) => one <= unit.segment) ?? called[0];
  const call = segment === undefined ? null : first(segment);
  if (call !== null) return { turn: call, call };
  const turn = units.find(({ source }) => source === "model")?.first;
  return turn === undefined ? null : { turn, call: null };
}
