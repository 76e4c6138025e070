import type { Rollout } from "../../../agent/rollout.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { WeightsChoice } from "../../worker_api/asked_weights.ts";
import { shortened } from "../labels/numbers.ts";
import type { Chosen, Store } from "../run/store.ts";
import { askedOf } from "../run/who_answers.ts";

/** Weights that can be asked again, with the steps that they have behind them. */
export interface SideWeights {
  weights: WeightsChoice;
  run: string | null;
  step: number;
}

/** One of the two rollouts that are compared, and where it is from. */
export interface Side {
  id: string;
  /** In lists, a few words. */
  label: string;
  rollout: Rollout;
  task: Task;
  /** What it was rolled under. */
  config: RunConfig;
  /** Whose weights wrote it, or the nearest to them that there are; null where none are here. */
  weights: SideWeights | null;
  /** What should be known of it, in sentences. */
  notices: readonly string[];
}

/** "right", "wrong" or how it ended. */
export function outcomeOf({ reward, unjudged, end, answer }: Rollout): string {
  if (reward && unjudged === undefined) return `${reward.right ? "right" : "wrong"}, “${shortened(answer ?? "", 40)}”`;
  return answer === null ? `no answer (${end})` : `“${shortened(answer, 40)}”`;
}

/** The rollouts of the shown run for the task that is looked at. */
export function sidesOfRun({ siblings, task, step }: Chosen, store: Store): Side[] {
  const config = store.runConfig.value;
  if (!config) return [];
  const { weights, run } = askedOf(store);
  return siblings.map((rollout) => ({
    id: rollout.id,
    label: `step ${step}, rollout ${rollout.rolloutIndex + 1}: ${outcomeOf(rollout)}`,
    rollout,
    task,
    config,
    weights: rollout.elsewhere || store.opened.value === null ? null : { weights, run, step: Math.max(0, step - 1) },
    notices: [],
  }));
}
