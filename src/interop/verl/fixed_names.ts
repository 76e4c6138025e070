import type { AliasTable } from "../alias_rules.ts";
import { actor, rollout } from "./sections.ts";

/** Of these one value is supported: the texts that mean it, and what it is. */
export const fixedNames: AliasTable["fixed"] = {
  "algorithm.adv_estimator": { values: ["grpo"], line: "advantages are GRPO's" },
  "algorithm.kl_penalty": { values: ["kl", "k1"], line: "the KL in the reward is the plain difference" },
  "algorithm.kl_ctrl.type": { values: ["fixed"], line: "the weight of a KL stays" },
  "algorithm.use_pf_ppo": { values: ["False"], line: "rollouts are not resampled by reward" },
  [`${actor}.shuffle`]: { values: ["False"], line: "mini-batches keep the order of the step" },
  [`${actor}.tis_imp_ratio_cap`]: { values: ["-1", "null"], line: "sampling and training share one set of weights" },
  [`${actor}.optim.optimizer`]: { values: ["AdamW"], line: "the optimizer is AdamW" },
  [`${rollout}.top_p`]: { values: ["1"], line: "tokens are sampled from the whole distribution" },
  [`${rollout}.top_k`]: { values: ["-1", "0"], line: "tokens are sampled from the whole distribution" },
  [`${rollout}.min_p`]: { values: ["0", "null"], line: "tokens are sampled from the whole distribution" },
  [`${rollout}.repetition_penalty`]: { values: ["1"], line: "logits are not changed before sampling" },
  [`${rollout}.do_sample`]: { values: ["True"], line: "training samples" },
  [`${rollout}.ignore_eos`]: { values: ["False"], line: "a turn ends at its stop token" },
  [`${rollout}.use_fire_sampling`]: { values: ["False"], line: "every token is sampled at one temperature" },
  [`${rollout}.multi_turn.max_parallel_calls`]: { values: ["1"], line: "the first call of a turn is executed" },
  [`${rollout}.multi_turn.format`]: { values: ["hermes", "chatml"], line: "calls stand in <tool_call> tags" },
  [`${rollout}.multi_turn.interaction_config_path`]: { values: ["null"], line: "only tools answer" },
  [`${rollout}.agent.custom_stop`]: { values: ["[]", "null"], line: "a turn ends at the stop tokens of its prompt" },
  "data.prompt_key": { values: ["prompt"], line: "columns have DeepEyes' names" },
  "data.image_key": { values: ["images"], line: "columns have DeepEyes' names" },
  "data.reward_fn_key": { values: ["data_source"], line: "columns have DeepEyes' names" },
  "data.train_max_samples": { values: ["-1"], line: "all rows are trained on; --held-out-rows leaves some out" },
  "reward_model.enable": { values: ["False"], line: "answers are judged by rules or a judge (--judge)" },
  "reward_model.reward_manager": { values: ["naive"], line: "a rollout has one reward, at its end" },
};
