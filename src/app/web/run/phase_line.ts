import { count, counted } from "../labels/numbers.ts";
import type { Phase } from "./run_state.ts";

/** One line about the step under way: the first may take a minute, and the page must not look dead. */
export function phaseLine(phase: Phase): string {
  switch (phase.name) {
    case "encoding":
      return "encoding the images";
    case "sampling": {
      const { tokens, waiting, done, rollouts, again } = phase;
      const left =
        waiting > 0
          ? `${counted(waiting, "rollout")} still generating`
          : `${count(done)} of ${count(rollouts)} rollouts done`;
      return `sampling${again ? " calls again" : ""}: ${count(tokens)} tokens, ${left}`;
    }
    case "updating":
      return "updating the weights";
    case "evaluating":
      return "evaluating on held-out tasks";
    case "idle":
      return "making the next tasks";
    case "over":
      return "done";
  }
}
