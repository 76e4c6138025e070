import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { type AliasTable, type Changes, listed, type Mapping, numeral, one, python, truth } from "../alias_rules.ts";
import { hydraWritten } from "./hydra_value.ts";

/*
 * verl's settings, from its verl/trainer/config/{ppo_trainer,data,actor,rollout}.yaml (b37184774 and later) and those
 * that DeepEyes adds below rollout.agent (6c5e796).
 */

const actor = "actor_rollout_ref.actor";
const rollout = "actor_rollout_ref.rollout";
const model = "actor_rollout_ref.model";

/** Whether a run is written with the names of DeepEyes' fork, which has its own agent loop, or with verl's own. */
const isFork = ({ tool }: RunConfig): boolean => tool === "deepeyes";

/** Larger than any gradient: verl needs a norm, and this one never clips. */
const noClip = 1e9;
const neverSaved = 100_000;

const nonNegative = (text: string): number => Math.max(0, numeral(text));

const lengths: Mapping = {
  names: ["data.max_response_length", `${rollout}.response_length`, `${rollout}.agent.single_response_max_tokens`],
  read(given, base) {
    const response = given("data.max_response_length") ?? given(`${rollout}.response_length`);
    const turn = given(`${rollout}.agent.single_response_max_tokens`);
    const changes: Changes = response === undefined ? {} : { responseTokens: response };
    // verl's own loop limits a turn only by what is left of the response.
    const isWhole = base.firstTurnTokens === base.responseTokens && base.nextTurnTokens === base.responseTokens;
    const longest = turn ?? (isWhole ? response : undefined);
    if (longest !== undefined) Object.assign(changes, { firstTurnTokens: longest, nextTurnTokens: longest });
    return changes;
  },
  write(config) {
    const { responseTokens, firstTurnTokens, nextTurnTokens, maxToolCalls } = config;
    const response = responseTokens || firstTurnTokens + maxToolCalls * nextTurnTokens;
    return {
      "data.max_response_length": String(response),
      ...(isFork(config)
        ? { [`${rollout}.agent.single_response_max_tokens`]: String(Math.max(firstTurnTokens, nextTurnTokens)) }
        : {}),
    };
  },
};

const turns: Mapping = {
  names: [
    `${rollout}.agent.activate_agent`,
    `${rollout}.agent.max_turns`,
    `${rollout}.multi_turn.enable`,
    `${rollout}.multi_turn.max_assistant_turns`,
    `${rollout}.multi_turn.max_turns`,
    `${rollout}.multi_turn.max_user_turns`,
  ],
  read(given) {
    const isOn = ["agent.activate_agent", "multi_turn.enable"]
      .map((name) => given(`${rollout}.${name}`))
      .filter((text) => text !== undefined)
      .map(truth);
    if (isOn.length > 0 && !isOn.includes(true)) return { maxToolCalls: 0, zoom: false };
    // The last turn of the model answers, so there is one call fewer; each call is answered by one turn of the user.
    const calls = [
      ...["agent.max_turns", "multi_turn.max_assistant_turns", "multi_turn.max_turns"].map((name) => {
        const text = given(`${rollout}.${name}`);
        return text === undefined ? Number.POSITIVE_INFINITY : numeral(text) - 1;
      }),
      numeral(given(`${rollout}.multi_turn.max_user_turns`) ?? "1e9"),
    ];
    const fewest = Math.min(...calls);
    return fewest < 1e9 ? { maxToolCalls: fewest } : {};
  },
  write(config): Record<string, string> {
    const isOn = config.zoom && config.maxToolCalls > 0;
    const most = String(config.maxToolCalls + 1);
    return isFork(config)
      ? { [`${rollout}.agent.activate_agent`]: python(isOn), [`${rollout}.agent.max_turns`]: most }
      : {
          [`${rollout}.multi_turn.enable`]: python(isOn),
          [`${rollout}.multi_turn.max_assistant_turns`]: most,
          [`${rollout}.multi_turn.max_user_turns`]: most,
        };
  },
};

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
const lossMode: Mapping = {
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

const klLoss: Mapping = {
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

const klReward: Mapping = {
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

const clip: Mapping = {
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

const miniBatch: Mapping = {
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

const microBatch: Mapping = {
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

const warmup: Mapping = {
  names: [`${actor}.optim.lr_warmup_steps`, `${actor}.optim.lr_warmup_steps_ratio`],
  read(given, { steps }, say) {
    const asSteps = given(`${actor}.optim.lr_warmup_steps`);
    const ratio = given(`${actor}.optim.lr_warmup_steps_ratio`);
    const count =
      asSteps !== undefined && numeral(asSteps) > 0 ? numeral(asSteps) : Math.trunc(numeral(ratio ?? "0") * steps);
    if (count > 0) say(`Warm-up of ${count} steps: verl's first update has rate 0, ours the rate of one step`);
    return { warmupSteps: count };
  },
  write: ({ warmupSteps }) => ({ [`${actor}.optim.lr_warmup_steps`]: String(warmupSteps || -1) }),
};

const scheduleNames = [`${actor}.optim.warmup_style`, `${actor}.optim.lr_scheduler_type`];

/** verl knows two; its cosine is ours. */
const schedule: Mapping = {
  names: [...scheduleNames, `${actor}.optim.min_lr_ratio`, `${actor}.optim.num_cycles`],
  read(given) {
    const kind = scheduleNames.map(given).find((text) => text !== undefined) ?? "constant";
    if (kind !== "constant" && kind !== "cosine")
      throw new Error("supported kinds of schedule are constant and cosine");
    if (kind === "constant") return scheduleNames.some((name) => given(name) !== undefined) ? { lrSchedule: kind } : {};
    if (numeral(given(`${actor}.optim.num_cycles`) ?? "0.5") !== 0.5)
      throw new Error("the rate falls by half a cosine; supported: num_cycles 0.5");
    return { lrSchedule: kind, minLrRatio: given(`${actor}.optim.min_lr_ratio`) ?? 0 };
  },
  write: ({ lrSchedule, minLrRatio }): Record<string, string> =>
    lrSchedule === "cosine"
      ? { [`${actor}.optim.warmup_style`]: "cosine", [`${actor}.optim.min_lr_ratio`]: String(minLrRatio) }
      : {},
};

const modelDtype = `${actor}.fsdp_config.model_dtype`;
const dtypes: Readonly<Record<string, RunConfig["baseDtype"]>> = {
  fp32: "f32",
  float32: "f32",
  bf16: "bf16",
  bfloat16: "bf16",
  fp16: "f16",
  float16: "f16",
};

/** The dtype of the weights under an adapter. */
const baseDtype: Mapping = {
  names: [modelDtype],
  read(given, base, say) {
    const dtype = given(modelDtype);
    if (dtype === undefined) return {};
    const found = Object.hasOwn(dtypes, dtype) ? dtypes[dtype]! : null;
    if (!found) throw new Error(`supported kinds of model_dtype are ${Object.keys(dtypes).join(", ")}`);
    if (hasAdapter(base)) return { baseDtype: found };
    if (found !== "f32")
      say(`${modelDtype}=${dtype}: all weights are trained, in f32; --base-dtype bf16 reads them as the nearest bf16`);
    return {};
  },
  write({ baseDtype, ...config }): Record<string, string> {
    const dtype = Object.keys(dtypes).find((name) => dtypes[name] === baseDtype);
    return hasAdapter(config) && dtype !== undefined ? { [modelDtype]: dtype } : {};
  },
};

const cacheDtypes: Readonly<Record<string, RunConfig["kvCacheDtype"] | null>> = {
  // The dtype of vLLM's or SGLang's model: theirs, not that of our kernels.
  auto: null,
  bfloat16: "bf16",
  bf16: "bf16",
};

/** The dtype of the rollout engine's cache of keys and values, as verl passes it on. */
const cacheDtype: Mapping = {
  names: ["vllm", "sglang"].map((engine) => `${rollout}.engine_kwargs.${engine}.kv_cache_dtype`),
  read(given) {
    const dtype = cacheDtype.names.map(given).find((text) => text !== undefined) ?? "auto";
    if (!Object.hasOwn(cacheDtypes, dtype))
      throw new Error(`supported kinds of kv_cache_dtype are ${Object.keys(cacheDtypes).join(", ")}`);
    const found = cacheDtypes[dtype];
    return found ? { kvCacheDtype: found } : {};
  },
  // Engine arguments are in no yaml file, so the override is forced ("++").
  write: ({ kvCacheDtype }): Record<string, string> =>
    kvCacheDtype === "bf16" ? { [`++${cacheDtype.names[0]!}`]: "bfloat16" } : {},
};

const lora: Mapping = {
  names: [`${model}.lora_rank`, `${model}.lora_alpha`, `${model}.target_modules`],
  read(given) {
    const rank = given(`${model}.lora_rank`);
    const alpha = given(`${model}.lora_alpha`);
    const targets = given(`${model}.target_modules`);
    return {
      ...(rank === undefined ? {} : { loraRank: rank }),
      ...(alpha === undefined ? {} : { loraAlpha: alpha }),
      ...(targets === undefined ? {} : { loraTargets: listed(targets).join(",") }),
    };
  },
  write: ({ loraRank, loraAlpha, loraTargets }): Record<string, string> =>
    loraRank === 0
      ? {}
      : {
          [`${model}.lora_rank`]: String(loraRank),
          [`${model}.lora_alpha`]: String(loraAlpha),
          [`${model}.target_modules`]: loraTargets === "all-linear" ? loraTargets : `[${loraTargets}]`,
        },
};

const betas: Mapping = {
  names: [`${actor}.optim.betas`],
  read(given) {
    const [beta1, beta2, ...rest] = listed(given(`${actor}.optim.betas`) ?? "");
    if (beta2 === undefined || rest.length > 0) throw new Error("expected two numbers such as [0.9,0.999]");
    return { beta1, beta2 };
  },
  // Not in the older yaml files, so the override is forced.
  write: ({ beta1, beta2 }): Record<string, string> =>
    beta1 === 0.9 && beta2 === 0.999 ? {} : { [`++${actor}.optim.betas`]: `[${beta1},${beta2}]` },
};

const groups: Mapping = {
  names: ["algorithm.filter_groups.enable"],
  read: (given) => ({ zeroVariance: truth(given("algorithm.filter_groups.enable") ?? "False") ? "resample" : "keep" }),
  write: ({ zeroVariance }): Record<string, string> =>
    zeroVariance === "resample" ? { "+algorithm.filter_groups.enable": "True" } : {},
};

const rewardFile = "recipe/deepeyes/deepeyes.py";

const reward: Mapping = {
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

const toolRows: Mapping = {
  names: [`${rollout}.agent.tool_name_key`],
  read(given) {
    const key = given(`${rollout}.agent.tool_name_key`);
    if (key !== undefined && key !== "env_name")
      throw new Error("the column that names a row's tool is env_name; others are not read");
    return key === undefined ? {} : { toolRows: "named" };
  },
  write: (config): Record<string, string> =>
    isFork(config) && config.toolRows === "named" ? { [`${rollout}.agent.tool_name_key`]: "env_name" } : {},
};

export const verlNames: AliasTable = {
  system: "verl",
  mappings: [
    one("data.train_files", "data", {
      read: (text) => listed(text).join(","),
      write: (data: string) => {
        if (data === "") return null;
        const files = data.split(",").map(hydraWritten);
        return files.length > 1 ? `[${files.join(",")}]` : files[0]!;
      },
    }),
    one("data.train_batch_size", "tasksPerStep"),
    one(["data.max_prompt_length", `${rollout}.prompt_length`], "maxPromptTokens"),
    one(`${rollout}.n`, "rolloutsPerTask"),
    turns,
    lengths,
    toolRows,
    one(`${rollout}.temperature`, "temperature"),
    one(`${model}.path`, "model", {
      // A name on the Hub; a folder has more parts, or begins otherwise.
      read: (text) => (/^[\w-][\w.-]*\/[\w.-]+$/.test(text) ? `${text}@main` : text),
      write: (name: string) => name.replace(/@main$/, ""),
    }),
    lora,
    one(`${model}.enable_gradient_checkpointing`, "gradientCheckpointing", {
      read: (text) => (truth(text) ? "on" : "off"),
      write: (choice: RunConfig["gradientCheckpointing"]) => (choice === "auto" ? null : python(choice === "on")),
    }),
    one(`${actor}.freeze_vision_tower`, "freeze", {
      read: (text) => (truth(text) ? "vision" : "none"),
      // verl has no other part that may be frozen, and older versions do not know the name.
      write: (freeze: RunConfig["freeze"]) => (freeze === "vision" ? "True" : null),
    }),
    baseDtype,
    cacheDtype,
    {
      ...one("trainer.total_training_steps", "steps"),
      // An epoch has a step at least, so that the steps end the run.
      write: ({ steps }) => ({ "trainer.total_training_steps": String(steps), "trainer.total_epochs": String(steps) }),
    },
    one(`${actor}.optim.lr`, "learningRate"),
    warmup,
    schedule,
    one(`${actor}.optim.weight_decay`, "weightDecay"),
    betas,
    one([`${actor}.grad_clip`, `${actor}.optim.clip_grad`], "maxGradNorm", {
      read: (text) => (numeral(text) >= noClip ? 0 : text),
      write: (norm: number) => String(norm || noClip),
    }),
    clip,
    one(`${actor}.clip_ratio_c`, "clipRatioC", { write: (c: number) => (c === 0 ? null : String(c)) }),
    one(`${actor}.loss_agg_mode`, "lossAggMode"),
    lossMode,
    one(`${actor}.entropy_coeff`, "entropyCoef"),
    klLoss,
    klReward,
    one(`${actor}.ppo_epochs`, "updatesPerStep"),
    miniBatch,
    microBatch,
    one("algorithm.norm_adv_by_std_in_grpo", "normAdvByStd", { read: truth, write: python }),
    groups,
    reward,
    { ...one(["data.seed", `${rollout}.seed`], "seed"), write: undefined },
    one("trainer.save_freq", "saveEvery", {
      read: (text) => (numeral(text) <= 0 ? neverSaved : text),
      write: (every: number) => String(every === neverSaved ? -1 : every),
    }),
    one("trainer.test_freq", "evalEvery", { read: nonNegative, write: (every: number) => String(every || -1) }),
  ],
  fixed: {
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
  },
  idle: {
    "one GPU does all the work, nothing is split or moved away": [
      "trainer.nnodes",
      "trainer.n_gpus_per_node",
      "trainer.n_training_gpus_per_node",
      "trainer.balance_batch",
      "trainer.device",
      "trainer.use_legacy_worker_impl",
      "ray_init.*",
      "ray_kwargs.*",
      "trainer.ray_wait_register_center_timeout",
      "actor_rollout_ref.hybrid_engine",
      "actor_rollout_ref.nccl_timeout",
      "actor_rollout_ref.ref.*",
      `${actor}.strategy`,
      `${actor}.fsdp_config.*`,
      `${actor}.megatron.*`,
      `${actor}.ulysses_sequence_parallel_size`,
      `${actor}.data_loader_seed`,
      `${rollout}.tensor_model_parallel_size`,
      `${rollout}.data_parallel_size`,
      `${rollout}.layer_name_map.*`,
    ],
    "our own kernels sample and train, sums in f32; there is no other engine to tune": [
      `${rollout}.name`,
      `${rollout}.mode`,
      `${rollout}.dtype`,
      `${rollout}.load_format`,
      `${rollout}.gpu_memory_utilization`,
      `${rollout}.enforce_eager`,
      `${rollout}.free_cache_engine`,
      `${rollout}.enable_chunked_prefill`,
      `${rollout}.enable_prefix_caching`,
      `${rollout}.cudagraph_capture_sizes`,
      `${rollout}.max_num_batched_tokens`,
      `${rollout}.max_num_seqs`,
      `${rollout}.max_model_len`,
      `${rollout}.disable_log_stats`,
      `${rollout}.multi_stage_wake_up`,
      `${rollout}.layered_summon`,
      `${rollout}.over_sample_rate`,
      `${rollout}.update_weights_bucket_megabytes`,
      `${rollout}.engine_kwargs.*`,
      `${rollout}.log_prob_*`,
      `${rollout}.calculate_log_probs`,
      `${rollout}.chat_scheduler`,
      `${rollout}.agent.num_workers`,
      `${rollout}.agent.concurrent_workers`,
      `${rollout}.agent.show_tqdm`,
      `${rollout}.agent.max_vllm_images`,
      `${rollout}.agent.vl_model_path`,
      `${rollout}.agent.agent_loop_config_path`,
      `${rollout}.agent.custom_async_server.*`,
      `${model}.use_remove_padding`,
      `${model}.use_fused_kernels`,
      `${model}.use_fused_loss`,
      `${model}.fused_kernel_options.*`,
      `${model}.use_liger`,
      `${model}.use_shm`,
      `${model}.enable_activation_offload`,
      `${model}.return_last_hidden_state`,
      `${model}.external_lib`,
      `${model}.trust_remote_code`,
      `${actor}.use_torch_compile`,
      `${actor}.use_fused_kernels`,
      `${actor}.entropy_from_logits_with_chunking`,
      `${actor}.entropy_checkpointing`,
      `${actor}.calculate_entropy`,
      `${actor}.ppo_max_token_len_per_gpu`,
    ],
    "prompts, calls and tool texts are those of --prompt and --tool": [
      `${model}.custom_chat_template`,
      `${rollout}.multi_turn.tool_config_path`,
      `${rollout}.multi_turn.max_tool_response_length`,
      `${rollout}.multi_turn.tool_response_truncate_side`,
      `${rollout}.multi_turn.use_inference_chat_template`,
      `${rollout}.multi_turn.tokenization_sanity_check_mode`,
      `${rollout}.multi_turn.completion_callback`,
      `${rollout}.agent.default_agent_loop`,
      `${rollout}.agent.tool_meta_key`,
      `${rollout}.agent.single_obs_max_length`,
      "data.tool_config_path",
      "data.apply_chat_template_kwargs*",
      "data.custom_cls.*",
      "data.tokenizer",
      "data.return_raw_input_ids",
      "data.return_raw_chat",
      "data.return_full_prompt",
      "data.return_multi_modal_inputs",
      "data.trust_remote_code",
      "data.video_key",
      "data.image_patch_size",
    ],
    "rows are read as they are needed, over-long prompts are left out and counted": [
      "data.filter_overlong_prompts",
      "data.filter_overlong_prompts_workers",
      "data.truncation",
      "data.dataloader_num_workers",
      "data.use_shm",
      "data.shuffle",
      "data.gen_batch_size",
    ],
    "held-out rows are taken out of the same files (--held-out-rows, --eval-tasks), sampled and greedy": [
      "data.val_files",
      "data.val_batch_size",
      "data.val_max_samples",
      "data.validation_shuffle",
      "trainer.val_before_train",
      "trainer.val_only",
      "trainer.log_val_generations",
      "trainer.validation_data_dir",
      `${rollout}.val_kwargs.*`,
    ],
    "a run has the folder and the logs that --out names": [
      "trainer.project_name",
      "trainer.experiment_name",
      "trainer.logger",
      "trainer.default_local_dir",
      "trainer.default_hdfs_dir",
      "trainer.rollout_data_dir",
      "trainer.tensorboard_dir",
      "trainer.rl_logging_board_dir",
      "trainer.resume_mode",
      "trainer.resume_from_path",
      "trainer.max_actor_ckpt_to_keep",
      "trainer.max_critic_ckpt_to_keep",
      "trainer.del_local_ckpt_after_load",
      "trainer.remove_previous_ckpt_in_save",
      "trainer.esi_redundant_time",
      `${actor}.checkpoint.*`,
      `${actor}.profiler.*`,
      `${rollout}.profiler.*`,
      `${rollout}.trace.*`,
      "global_profiler.*",
      "trainer.profile_steps",
      "hydra.*",
    ],
    "GRPO has no critic and does not discount": [
      "critic.*",
      "trainer.critic_warmup",
      "algorithm.gamma",
      "algorithm.lam",
      "algorithm.kl_ctrl.horizon",
      "algorithm.kl_ctrl.target_kl",
    ],
    "a run ends by its steps (trainer.total_training_steps)": [
      "trainer.total_epochs",
      `${actor}.optim.total_training_steps`,
    ],
    "the reward is chosen by --reward": [
      "custom_reward_function.name",
      "reward_model.launch_reward_fn_async",
      "reward_model.reward_kwargs.*",
    ],
    "groups are sampled again as often as is needed": [
      "algorithm.filter_groups.metric",
      "algorithm.filter_groups.max_num_gen_batches",
    ],
    "it is for finding faults": ["debug", "vs_debug"],
  },
};
