import type { TrainEvent } from "../../train/events.ts";
import { LogReader } from "./log_reader.ts";

/** The events that curves are drawn from: settings and numbers, no tasks and no rollouts. */
export type CurveEvent = Extract<
  TrainEvent,
  { type: "run" | "config" | "update" | "eval" | "checkpoint" | "alarm" | "end" }
>;

const types: readonly TrainEvent["type"][] = ["run", "config", "update", "eval", "checkpoint", "alarm", "end"];
export const isCurveEvent = (event: TrainEvent): event is CurveEvent => types.includes(event.type);

/** As every version writes it: the type stands first, so that lines of rollouts, nearly all of a log, are not parsed. */
const drawn = /^\{"type":"(?:run|config|update|eval|checkpoint|alarm|end)"/;

/**
 * What the curves of a run are drawn from, out of its log. Lines that cannot be read are left out.
 * @param name  of the run, for errors
 * @throws Error with one sentence where it is no log of a run
 */
export function curveEvents(log: string, name: string): CurveEvent[] {
  const reader = new LogReader(`the run "${name}"`, "remove it or choose another");
  const events: CurveEvent[] = [];
  let begin = 0;
  while (begin < log.length) {
    const found = log.indexOf("\n", begin);
    const end = found < 0 ? log.length : found;
    const wanted = drawn.test(log.slice(begin, begin + typeLength));
    // An empty line counts, so that sentences name the right ones.
    const event = reader.line(wanted ? log.slice(begin, end) : "");
    if (event) events.push(event as CurveEvent);
    begin = end + 1;
  }
  reader.end();
  return events;
}

/** No shorter than what `drawn` looks at. */
const typeLength = 24;
