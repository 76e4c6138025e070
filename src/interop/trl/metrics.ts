import { hasVariance } from "../../train/advantage.ts";
import type { Metrics } from "../../train/events.ts";
import {
  callsOk,
  deviation,
  extreme,
  type MetricNames,
  meanOf,
  metric,
  own,
  type StepLists,
  seconds,
  sum,
  valuesOf,
} from "../step_metrics.ts";

/**
 * TRL's names (GRPOTrainer). Of its clip ratios only the sum can be had: the update does not distinguish below from above.
 * Beside these, `rewards/<part>/mean` and `rewards/<part>/std` of every part of a reward.
 */
export const trlMetricTable: MetricNames = {
  reward: meanOf("mean of rewards, scored rollouts", ({ rewards }) => rewards),
  reward_std: metric("their standard deviation, over the whole step", ({ rewards }) => deviation(rewards)),
  frac_reward_zero_std: meanOf("share of groups whose rewards are all equal", ({ facts }) =>
    facts.rollouts
      .map((group) => group.filter(({ continues }) => !continues))
      .filter((group) => group.filter(({ reward }) => reward).length >= 2)
      .map((group) => Number(!hasVariance(group))),
  ),
  kl: own("kl_loss", "KL to the starting model in the loss; only with klLossCoef"),
  entropy: meanOf("mean over the model's tokens of the entropies they were sampled from", ({ entropies }) => entropies),
  loss: own("loss", "the whole loss, mean over updates"),
  "clip_ratio/region_mean": own("clip_fraction", "share of tokens whose ratio was clipped, below or above"),
  grad_norm: own("grad_norm", "norm of the gradient before it is clipped, mean over updates"),
  learning_rate: own("learning_rate", "learning rate of the step"),
  num_tokens: metric("prompts and what the model wrote, since the run began", ({ facts, promptTokens, modelTokens }) =>
    facts.tokensBefore === undefined || promptTokens.length === 0
      ? undefined
      : facts.tokensBefore + sum(promptTokens) + sum(modelTokens),
  ),
  "completions/mean_length": meanOf("mean of tokens that the model wrote", ({ modelTokens }) => modelTokens),
  "completions/min_length": metric("smallest of these", ({ modelTokens }) => extreme(Math.min, modelTokens)),
  "completions/max_length": metric("largest of these", ({ modelTokens }) => extreme(Math.max, modelTokens)),
  "completions/clipped_ratio": meanOf("share of rollouts that were cut off within a turn", ({ all }) =>
    all.map(({ end }) => Number(end === "length")),
  ),
  "tools/call_frequency": meanOf("mean of calls handed to the tool", ({ all }) => all.map(({ calls }) => calls.length)),
  "tools/failure_frequency": metric("share of these that gave no picture", ({ all }) => {
    const calls = sum(all.map((rollout) => rollout.calls.length));
    return calls === 0 ? 0 : 1 - sum(all.map(callsOk)) / calls;
  }),
  step_time: seconds("the whole step", "durationMs"),
};

/** The numbers of a step under TRL's names. */
export function trlMetrics(step: StepLists): Metrics {
  const rewards = step.all.flatMap(({ reward }) => (reward ? [reward.parts] : []));
  const names = [...new Set(rewards.flatMap((parts) => Object.keys(parts)))].sort();
  const parts = names.map((name): MetricNames => {
    const list = rewards.flatMap(({ [name]: value }) => (value === undefined ? [] : [value]));
    const line = `of the part ${name}`;
    return {
      [`rewards/${name}/mean`]: meanOf(line, () => list),
      [`rewards/${name}/std`]: metric(line, () => deviation(list)),
    };
  });
  return valuesOf(Object.assign({}, trlMetricTable, ...parts), step);
}
