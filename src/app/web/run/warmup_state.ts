import type { WarmupEvent } from "../../../train/events.ts";

type Step = Extract<WarmupEvent, { type: "warmup" }>;

/** The warm-up of this page as far as its events say. */
export interface WarmupState {
  running: boolean;
  /** Asked to stop; the step under way is waited for. */
  stopping: boolean;
  losses: readonly number[];
  /** Steps of the stage before the first loss, which an earlier page made. */
  before: number;
  last: Step | null;
  /** Of a step lately, without pauses. */
  stepMs: number | null;
  evals: readonly Extract<WarmupEvent, { type: "eval" }>[];
  end: Extract<WarmupEvent, { type: "end" }> | null;
}

export const noWarmup: WarmupState = {
  running: false,
  stopping: false,
  losses: [],
  before: 0,
  last: null,
  stepMs: null,
  evals: [],
  end: null,
};

/** Share of the newest step in the guess of the pace. */
const newest = 0.1;

/** The state after one more event. */
export function foldWarmup(state: WarmupState, event: WarmupEvent): WarmupState {
  switch (event.type) {
    case "warmup": {
      const stepMs = state.stepMs === null ? event.durationMs : (1 - newest) * state.stepMs + newest * event.durationMs;
      const before = state.losses.length === 0 ? event.step - 1 : state.before;
      return { ...state, last: event, stepMs, before, losses: [...state.losses, event.loss] };
    }
    case "eval":
      return { ...state, evals: [...state.evals, event] };
    case "end":
      return { ...state, end: event };
    default:
      return state;
  }
}
