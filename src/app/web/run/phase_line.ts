import { count, counted } from "../labels/numbers.ts";
import type { Phase } from "./run_state.ts";

/** One line about the step under way: the first may take a minute, and the page must not look dead. */
export function phaseLine(phase: Phase): string {
  switch (phase.name) {
    case "looking":
      return "looking at the pictures";
    case "rolling": {
      const { tokens, waiting, rolled, rollouts } = phase;
      const left =
        waiting > 0
          ? `${counted(waiting, "rollout")} still writing`
          : `${count(rolled)} of ${count(rollouts)} rollouts done`;
      return `rolling: ${count(tokens)} tokens, ${left}`;
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
