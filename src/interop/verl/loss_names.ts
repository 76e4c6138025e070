import type { RunConfig } from "../../train/knobs.ts";
import { type Changes, type Mapping, numeral, python, truth } from "../alias_rules.ts";
import { actor } from "./sections.ts";

const klTypes: Readonly<Record<string, RunConfig["klLossType"]>> = {
  low_var_kl: "low_var_kl",
  k3: "low_var_kl",
  kl: "kl",
  k1: "kl",
  abs: "abs",
  mse: "mse",
  k2: "mse",
};

/** verl's GSPO has no dual clip and takes the mean over sequences, whatever stands beside it. */
export const lossMode: Mapping = {
  names: [`${actor}.policy_loss.loss_mode`],
  read(given) {
    const mode = given(`${actor}.policy_loss.loss_mode`);
    if (mode === undefined) return {};
    if (mode === "vanilla") return { ratioLevel: "token" };
    if (mode !== "gspo") throw new Error("supported kinds of loss_mode are vanilla and gspo");
    return { ratioLevel: "sequence", clipRatioC: 0, lossAggMode: "seq-mean-token-mean" };
  },
  write: ({ ratioLevel }): Record<string, string> =>
    ratioLevel === "token" ? {} : { [`${actor}.policy_loss.loss_mode`]: "gspo" },
};

export const klLoss: Mapping = {
  names: [`${actor}.use_kl_loss`, `${actor}.kl_loss_coef`, `${actor}.kl_loss_type`],
  read(given, base) {
    const type = given(`${actor}.kl_loss_type`);
    if (type !== undefined && !Object.hasOwn(klTypes, type))
      throw new Error(`supported kinds of kl_loss_type are ${Object.keys(klTypes).join(", ")}`);
    const changes: Changes = type === undefined ? {} : { klLossType: klTypes[type] };
    const isUsed = given(`${actor}.use_kl_loss`);
    const coef = given(`${actor}.kl_loss_coef`);
    if (isUsed === undefined ? coef === undefined : !truth(isUsed))
      return isUsed === undefined ? changes : { ...changes, klLossCoef: 0 };
    // 0.001 is verl's default.
    return { ...changes, klLossCoef: coef ?? (base.klLossCoef || 0.001) };
  },
  write: ({ klLossCoef, klLossType }) => ({
    [`${actor}.use_kl_loss`]: python(klLossCoef > 0),
    [`${actor}.kl_loss_coef`]: String(klLossCoef),
    [`${actor}.kl_loss_type`]: klLossType,
  }),
};

export const klReward: Mapping = {
  names: ["algorithm.use_kl_in_reward", "algorithm.kl_ctrl.kl_coef"],
  read(given, base, say) {
    const isUsed = given("algorithm.use_kl_in_reward");
    const coef = given("algorithm.kl_ctrl.kl_coef");
    if (isUsed === undefined) {
      if (coef !== undefined && numeral(coef) !== 0)
        say(`algorithm.kl_ctrl.kl_coef=${coef} counts only with algorithm.use_kl_in_reward=True`);
      return {};
    }
    return { klRewardCoef: truth(isUsed) ? (coef ?? (base.klRewardCoef || 0.001)) : 0 };
  },
  write: ({ klRewardCoef }) => ({
    "algorithm.use_kl_in_reward": python(klRewardCoef > 0),
    "algorithm.kl_ctrl.kl_coef": String(klRewardCoef),
  }),
};

export const clip: Mapping = {
  names: [`${actor}.clip_ratio`, `${actor}.clip_ratio_low`, `${actor}.clip_ratio_high`],
  read(given, _, say) {
    const both = given(`${actor}.clip_ratio`);
    const low = given(`${actor}.clip_ratio_low`) ?? both;
    const high = given(`${actor}.clip_ratio_high`) ?? both;
    if (both !== undefined && numeral(both) !== 0.2 && (low === both || high === both))
      say(
        `${actor}.clip_ratio=${both} is taken for the sides that are not given; verl itself lets the 0.2 of clip_ratio_low and clip_ratio_high hide it`,
      );
    return {
      ...(low === undefined ? {} : { clipRatioLow: low }),
      ...(high === undefined ? {} : { clipRatioHigh: high }),
    };
  },
  write: ({ clipRatioLow, clipRatioHigh }) => ({
    [`${actor}.clip_ratio_low`]: String(clipRatioLow),
    [`${actor}.clip_ratio_high`]: String(clipRatioHigh),
  }),
};

export const miniBatch: Mapping = {
  names: [`${actor}.ppo_mini_batch_size`],
  read(given, { tasksPerStep }) {
    const tasks = numeral(given(`${actor}.ppo_mini_batch_size`) ?? "0");
    if (tasks > tasksPerStep)
      throw new Error(
        `a mini-batch cannot be larger than the batch of ${tasksPerStep} (data.train_batch_size); verl refuses it too`,
      );
    return { miniBatchTasks: tasks === tasksPerStep ? 0 : tasks };
  },
  write: ({ miniBatchTasks, tasksPerStep }) => ({
    [`${actor}.ppo_mini_batch_size`]: String(miniBatchTasks || tasksPerStep),
  }),
};

export const microBatch: Mapping = {
  names: [`${actor}.ppo_micro_batch_size_per_gpu`, `${actor}.ppo_micro_batch_size`, `${actor}.use_dynamic_bsz`],
  read(given, { lossAggMode }, say) {
    const isDynamic = given(`${actor}.use_dynamic_bsz`);
    if (isDynamic !== undefined && truth(isDynamic)) {
      if (lossAggMode === "token-mean")
        throw new Error(
          "micro-batches by tokens weigh a token by its micro-batch; supported with seq-mean modes, or set ppo_micro_batch_size_per_gpu",
        );
      return { microBatchRollouts: 0 };
    }
    const perGpu = given(`${actor}.ppo_micro_batch_size_per_gpu`);
    if (perGpu === undefined && given(`${actor}.ppo_micro_batch_size`) !== undefined)
      say(
        `${actor}.ppo_micro_batch_size is shared by GPUs whose number is not known here; set ppo_micro_batch_size_per_gpu`,
      );
    return perGpu === undefined ? {} : { microBatchRollouts: perGpu };
  },
  write: ({ microBatchRollouts }) => ({ [`${actor}.ppo_micro_batch_size_per_gpu`]: String(microBatchRollouts || 1) }),
};
