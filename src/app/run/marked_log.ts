import type { TrainEvent } from "../../train/events.ts";
import { isBlank, type RolloutMark } from "../../train/rollout_mark.ts";

/**
 * The events of a log with what a person said of its rollouts: each before the update of its step, where those who read a
 * log step by step find it. What is said here takes the place of what the log says.
 */
export function* withMarks(events: Iterable<TrainEvent>, marks: readonly RolloutMark[]): Generator<TrainEvent> {
  const said = new Map(marks.map((mark) => [mark.rollout, mark]));
  /** Of the step under way. */
  let waiting: TrainEvent[] = [];
  for (const event of events) {
    if (event.type === "mark" && said.has(event.mark.rollout)) continue;
    if (event.type === "tasks" && !event.more) waiting = [];
    if (event.type === "group")
      for (const { id } of event.rollouts) {
        const mark = said.get(id);
        if (mark && !isBlank(mark)) waiting.push({ type: "mark", step: event.step, mark });
      }
    if (event.type === "update") {
      yield* waiting;
      waiting = [];
    }
    yield event;
  }
}
