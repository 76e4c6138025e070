import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { figure, signed } from "./numbers.ts";
import { mostPaid } from "./reward_labels.ts";

/** How a rollout came out, in one letter, its colour and words. */
export interface Verdict {
  letter: "A" | "W" | "F" | "?";
  words: string;
  /** CSS variable. */
  colour: string;
}

/** Whether a call of the rollout was carried out. */
export const zoomed = (rollout: Rollout): boolean => rollout.calls.some((call) => call.outcome === "ok");

export function verdictOf(rollout: Rollout): Verdict {
  const { reward, end } = rollout;
  if (end === "error") return { letter: "?", words: "failed, left out", colour: "--faint" };
  if (!reward || rollout.unjudged !== undefined) return { letter: "?", words: "no verdict", colour: "--faint" };
  if (end !== "answer") return { letter: "F", words: "format broken", colour: "--format" };
  if (!reward.right) return { letter: "W", words: "wrong", colour: "--bad" };
  return zoomed(rollout)
    ? { letter: "A", words: "right, zoomed", colour: "--tool" }
    : { letter: "A", words: "right, without zooming", colour: "--answer" };
}

/** Height of the bar, 0 to 1: the reward out of the most that is paid. */
export function barShare(rollout: Rollout, config: RunConfig | null): number {
  const most = config ? mostPaid(config) : 1;
  const paid = rollout.reward?.total ?? 0;
  // A reward of weights that broke is none.
  const share = (Number.isFinite(paid) ? paid : 0) / (most || 1);
  return Math.min(1, Math.max(0.05, share));
}

/** For a screen reader: the whole cell in words. */
export function spoken(rollout: Rollout): string {
  const { words } = verdictOf(rollout);
  const reward = rollout.reward ? `, reward ${figure(rollout.reward.total)}` : "";
  const advantage = rollout.advantage === null ? "" : `, advantage ${signed(rollout.advantage)}`;
  return `rollout ${rollout.rolloutIndex + 1}: ${words}${reward}${advantage}`;
}
