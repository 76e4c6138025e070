import type { TrainEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { fakeEvents } from "./fake_run.ts";

/** An invented run whose answers are sentences: rules decide on few of them, a judge that reads on all. */
export const wordedEvents = (config: RunConfig): TrainEvent[] =>
  [...fakeEvents(config)].map((event) => {
    if (event.type === "tasks")
      return {
        ...event,
        tasks: event.tasks.map((task) => ({
          ...task,
          source: "photos",
          answer: `Here it says ${names[task.answer]} on the sign`,
        })),
      };
    if (event.type !== "group") return event;
    return {
      ...event,
      rollouts: event.rollouts.map((rollout) => ({
        ...rollout,
        answer: rollout.answer === null ? null : `the sign says ${names[rollout.answer]}`,
        response: {
          plain: `<answer>${rollout.answer === null ? "" : `the sign says ${names[rollout.answer]}`}</answer>`,
        },
        reward: rollout.reward && { ...rollout.reward, verdict: "judge verl" },
      })),
    };
  });

const names: Record<string, string> = Object.fromEntries(
  ["north", "south", "east", "west", "open", "closed", "stop", "slow", "left", "right"].map((name, i) => [i, name]),
);
