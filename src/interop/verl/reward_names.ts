import { type Mapping, truth } from "../alias_rules.ts";

export const groups: Mapping = {
  names: ["algorithm.filter_groups.enable"],
  read: (given) => ({ zeroVariance: truth(given("algorithm.filter_groups.enable") ?? "False") ? "resample" : "keep" }),
  write: ({ zeroVariance }): Record<string, string> =>
    zeroVariance === "resample" ? { "+algorithm.filter_groups.enable": "True" } : {},
};

const rewardFile = "recipe/deepeyes/deepeyes.py";

export const reward: Mapping = {
  names: ["custom_reward_function.path"],
  read(given) {
    const path = given("custom_reward_function.path");
    if (path === undefined) return {};
    if (!/(^|\/)deepeyes\/(deepeyes|reward_function)\.py$/.test(path))
      throw new Error(
        `a reward in Python cannot run here, only the recipe's own is known (${rewardFile}); leave it out and choose one by --reward`,
      );
    return { reward: "verl" };
  },
  write: ({ reward: chosen }): Record<string, string> =>
    chosen === "verl" ? { "custom_reward_function.path": rewardFile } : {},
};
