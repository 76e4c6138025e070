import type { TrainEvent } from "../../train/events.ts";

/** Kinds of events that only early logs have: a rollout's end, which its group says as well. */
export const formerKinds: readonly string[] = ["rolled"];

/**
 * An event of a log of format 1 as format 2 has it: tasks, rollouts and changes counted the steps made before theirs, and
 * a rollout's id began with that.
 */
export function fromFormat1(event: TrainEvent): TrainEvent {
  switch (event.type) {
    case "run":
      return { ...event, format: 2 };
    case "tasks":
    case "config":
    case "decode":
      return { ...event, step: event.step + 1 };
    case "group": {
      const rollouts = event.rollouts.map((rollout) => {
        const step = rollout.step + 1;
        return { ...rollout, step, id: rollout.id.replace(/^\d+(?=·)/, String(step)) };
      });
      return { ...event, step: event.step + 1, rollouts };
    }
    default:
      return event;
  }
}
