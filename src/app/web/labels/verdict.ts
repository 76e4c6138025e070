import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { continuationWords } from "../../text/continuation_words.ts";
import { figure, signed } from "./numbers.ts";
import { mostPaid } from "./reward_labels.ts";

/** The outcome of a rollout: a letter, its colour and its label. */
export interface Verdict {
  letter: "A" | "W" | "F" | "?";
  label: string;
  /** CSS variable. */
  colour: string;
}

/** Whether a call of the rollout was carried out. */
export const usedTool = (rollout: Rollout): boolean => rollout.calls.some((call) => call.outcome === "ok");

/** All outcomes, in the order of a legend. */
export const verdicts = {
  rightWithTool: { letter: "A", label: "right, with a tool", colour: "--tool" },
  right: { letter: "A", label: "right, without a tool", colour: "--answer" },
  wrong: { letter: "W", label: "wrong", colour: "--bad" },
  format: { letter: "F", label: "format broken", colour: "--format" },
  none: { letter: "?", label: "no verdict", colour: "--faint" },
  failed: { letter: "?", label: "failed, left out", colour: "--faint" },
} as const satisfies Record<string, Verdict>;

export function verdictOf(rollout: Rollout): Verdict {
  const { reward, end } = rollout;
  if (end === "error") return verdicts.failed;
  if (!reward || rollout.unjudged !== undefined) return verdicts.none;
  if (end !== "answer") return verdicts.format;
  if (!reward.right) return verdicts.wrong;
  return usedTool(rollout) ? verdicts.rightWithTool : verdicts.right;
}

/** Height of the bar, 0 to 1: the reward out of the most that is paid. */
export function barShare(rollout: Rollout, config: RunConfig | null): number {
  const most = config ? mostPaid(config) : 1;
  const paid = rollout.reward?.total ?? 0;
  // NaN weights give NaN rewards.
  const share = (Number.isFinite(paid) ? paid : 0) / (most || 1);
  return Math.min(1, Math.max(0.05, share));
}

/** For a screen reader: the whole cell as text. */
export function cellLabel(rollout: Rollout): string {
  const { label } = verdictOf(rollout);
  const reward = rollout.reward ? `, reward ${figure(rollout.reward.total)}` : "";
  const advantage = rollout.advantage === null ? "" : `, advantage ${signed(rollout.advantage)}`;
  const continuation = continuationWords(rollout);
  return `rollout ${rollout.rolloutIndex + 1}: ${label}${reward}${advantage}${continuation === null ? "" : `, ${continuation}`}`;
}
