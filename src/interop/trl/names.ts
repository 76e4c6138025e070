import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { type AliasTable, listed, type Mapping, numeral, one, python, truth } from "../alias_rules.ts";

/* TRL's settings: GRPOConfig of trl/trainer/grpo_config.py (006d32c9), what it has from transformers' TrainingArguments, and ModelConfig's LoRA. */

const rates: Mapping = {
  names: ["warmup_steps", "warmup_ratio"],
  read(given, { steps }, say) {
    const count = numeral(given("warmup_steps") ?? "0") || Math.ceil(numeral(given("warmup_ratio") ?? "0") * steps);
    if (count > 0) say(`Warm-up of ${count} steps: transformers' first update has rate 0, ours the rate of one step`);
    return { warmupSteps: count };
  },
  write: ({ warmupSteps }) => ({ warmup_steps: String(warmupSteps) }),
};

const decays = { linear: "linear", cosine: "cosine", cosine_with_min_lr: "cosine" } as const;

/** transformers' kinds. Of what lr_scheduler_kwargs may hold, the least rate of a cosine is known. */
const schedule: Mapping = {
  names: ["lr_scheduler_type", "lr_scheduler_kwargs"],
  read(given) {
    const kind = given("lr_scheduler_type");
    const least = leastRate(given("lr_scheduler_kwargs") ?? "{}");
    if ((kind === "cosine_with_min_lr") !== (least !== null))
      throw new Error(
        'lr_scheduler_kwargs is supported as {"min_lr_rate": 0.1} with lr_scheduler_type=cosine_with_min_lr, and not otherwise',
      );
    if (kind === undefined) return {};
    if (/^constant(_with_warmup)?$/.test(kind)) return { lrSchedule: "constant" };
    if (!Object.hasOwn(decays, kind))
      throw new Error(
        `supported kinds of lr_scheduler_type are constant, constant_with_warmup, ${Object.keys(decays).join(", ")}`,
      );
    return { lrSchedule: decays[kind as keyof typeof decays], minLrRatio: least ?? 0 };
  },
  write({ lrSchedule, minLrRatio, warmupSteps }): Record<string, string> {
    if (lrSchedule === "constant") return { lr_scheduler_type: warmupSteps > 0 ? "constant_with_warmup" : "constant" };
    if (lrSchedule === "linear" || minLrRatio === 0) return { lr_scheduler_type: lrSchedule };
    return {
      lr_scheduler_type: "cosine_with_min_lr",
      lr_scheduler_kwargs: JSON.stringify({ min_lr_rate: minLrRatio }),
    };
  },
};

/** Null where nothing is said. @throws Error for anything else */
function leastRate(text: string): number | null {
  const found = /^\{\s*(?:["']min_lr_rate["']\s*:\s*([\d.e+-]+)\s*)?\}$/.exec(text.trim());
  if (!found) throw new Error('expected lr_scheduler_kwargs such as {"min_lr_rate": 0.1}');
  return found[1] === undefined ? null : numeral(found[1]);
}

const clip: Mapping = {
  names: ["epsilon", "epsilon_high"],
  read(given, base) {
    const low = given("epsilon");
    const high = given("epsilon_high") ?? low;
    return { clipRatioLow: low ?? base.clipRatioLow, clipRatioHigh: high };
  },
  write: ({ clipRatioLow, clipRatioHigh }) => ({ epsilon: String(clipRatioLow), epsilon_high: String(clipRatioHigh) }),
};

/** The same bound as the dual clip: it is on the ratio, and matters only where the advantage is negative. */
const delta: Mapping = {
  names: ["delta"],
  read(given, { clipRatioHigh }) {
    const text = given("delta");
    if (text === undefined) return {};
    if (numeral(text) <= 1 + clipRatioHigh)
      throw new Error(`supported above 1 + epsilon_high (${1 + clipRatioHigh}), where it is the dual clip`);
    return { clipRatioC: text };
  },
  write: ({ clipRatioC }): Record<string, string> => (clipRatioC === 0 ? {} : { delta: String(clipRatioC) }),
};

/**
 * TRL counts completions: a forward pass has per_device_train_batch_size of them, an update gradient_accumulation_steps
 * passes, and what is sampled at once is enough for steps_per_generation passes.
 */
const batch: Mapping = {
  names: [
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "steps_per_generation",
    "generation_batch_size",
    "loss_type",
  ],
  read(given, base, say) {
    const changes: Partial<RunConfig> = {};
    const pass = given("per_device_train_batch_size");
    const passes = given("gradient_accumulation_steps");
    const perGeneration = given("steps_per_generation");
    const sampled = given("generation_batch_size");
    if ([pass, passes, perGeneration, sampled].some((text) => text !== undefined)) {
      if (perGeneration !== undefined && sampled !== undefined)
        throw new Error("steps_per_generation and generation_batch_size exclude each other");
      const update = numeral(pass ?? "8") * numeral(passes ?? "1");
      const all =
        sampled === undefined ? numeral(pass ?? "8") * numeral(perGeneration ?? passes ?? "1") : numeral(sampled);
      changes.tasksPerStep = groupsIn(all, base.rolloutsPerTask);
      // A generation batch alone leaves the mini-batch as it was.
      if (pass !== undefined || passes !== undefined || sampled === undefined) {
        const mini = groupsIn(update, base.rolloutsPerTask);
        changes.miniBatchTasks = mini >= changes.tasksPerStep ? 0 : mini;
      }
      say(`One process: ${changes.tasksPerStep} tasks of ${base.rolloutsPerTask} completions a step`);
    }
    const loss = given("loss_type");
    if (loss !== undefined) {
      const found = losses[loss];
      if (!found) throw new Error(`supported kinds of loss_type are ${Object.keys(losses).join(", ")}`);
      changes.lossAggMode = found;
      changes.microBatchRollouts = loss === "bnpo" ? numeral(pass ?? "8") : 0;
      if (loss === "dr_grpo")
        say("dr_grpo: TRL divides by max_completion_length, verl's seq-mean-token-sum-norm by the padded length");
    }
    return changes;
  },
  write({ tasksPerStep, rolloutsPerTask, miniBatchTasks, microBatchRollouts, lossAggMode }) {
    const update = (miniBatchTasks || tasksPerStep) * rolloutsPerTask;
    const pass = microBatchRollouts > 0 && update % microBatchRollouts === 0 ? microBatchRollouts : rolloutsPerTask;
    const loss =
      lossAggMode === "token-mean" && microBatchRollouts > 0
        ? "bnpo"
        : Object.keys(losses).find((name) => losses[name] === lossAggMode);
    return {
      per_device_train_batch_size: String(pass),
      gradient_accumulation_steps: String(update / pass),
      steps_per_generation: String((tasksPerStep * rolloutsPerTask) / pass),
      ...(loss ? { loss_type: loss } : {}),
    };
  },
};

const losses: Readonly<Record<string, RunConfig["lossAggMode"]>> = {
  dapo: "token-mean",
  bnpo: "token-mean",
  grpo: "seq-mean-token-mean",
  dr_grpo: "seq-mean-token-sum-norm",
};

function groupsIn(completions: number, rolloutsPerTask: number): number {
  const groups = completions / rolloutsPerTask;
  if (!Number.isInteger(groups) || groups < 1)
    throw new Error(
      `${completions} completions are not a whole number of groups of ${rolloutsPerTask} (num_generations)`,
    );
  return groups;
}

const length: Mapping = {
  names: ["max_completion_length"],
  read(given, base) {
    const most = given("max_completion_length");
    const isWhole = base.firstTurnTokens === base.responseTokens && base.nextTurnTokens === base.responseTokens;
    return { responseTokens: most, ...(isWhole ? { firstTurnTokens: most, nextTurnTokens: most } : {}) };
  },
  write: ({ responseTokens, firstTurnTokens, nextTurnTokens, maxToolCalls }) => ({
    max_completion_length: String(responseTokens || firstTurnTokens + maxToolCalls * nextTurnTokens),
  }),
};

const dtypes: Readonly<Record<string, RunConfig["baseDtype"]>> = {
  auto: "auto",
  float32: "f32",
  bfloat16: "bf16",
  float16: "f16",
};

/** The dtype of the weights under an adapter: ModelConfig's, or bitsandbytes' int8 and NF4. */
const baseDtype: Mapping = {
  names: ["dtype", "torch_dtype", "load_in_8bit", "load_in_4bit", "bnb_4bit_quant_type"],
  read(given, base, say) {
    const dtype = given("dtype") ?? given("torch_dtype");
    if (dtype !== undefined && !Object.hasOwn(dtypes, dtype))
      throw new Error(`supported kinds of dtype are ${Object.keys(dtypes).join(", ")}`);
    const [in8, in4] = ["load_in_8bit", "load_in_4bit"].map((name) => truth(given(name) ?? "False"));
    if (in8 && in4) throw new Error("load_in_8bit and load_in_4bit exclude each other");
    if (in4 && (given("bnb_4bit_quant_type") ?? "nf4") !== "nf4")
      throw new Error(
        "the supported kind of bnb_4bit_quant_type is nf4; --base-dtype int4 is another form of four bits",
      );
    if (in8 || in4) return { baseDtype: in8 ? "int8" : "nf4" };
    if (dtype === undefined) return {};
    if (hasAdapter(base)) return { baseDtype: dtypes[dtype] };
    if (dtype !== "float32" && dtype !== "auto")
      say(`dtype=${dtype}: all weights are trained, in f32; --base-dtype bf16 reads them as the nearest bf16`);
    return {};
  },
  write({ baseDtype, ...config }): Record<string, string> {
    if (!hasAdapter(config)) return {};
    if (baseDtype === "int8") return { load_in_8bit: "True" };
    if (baseDtype === "nf4") return { load_in_4bit: "True", bnb_4bit_quant_type: "nf4" };
    const dtype = Object.keys(dtypes).find((name) => dtypes[name] === baseDtype);
    return dtype === undefined || baseDtype === "auto" ? {} : { dtype };
  },
};

const onHub = (text: string): string => (/^[\w-][\w.-]*\/[\w.-]+$/.test(text) ? `${text}@main` : text);
const offHub = (name: string): string => name.replace(/@main$/, "");

export const trlNames: AliasTable = {
  system: "TRL",
  mappings: [
    one("model_name_or_path", "model", { read: onHub, write: offHub }),
    one("dataset_name", "data", { read: onHub, write: (data: string) => (data === "" ? null : offHub(data)) }),
    one("seed", "seed"),
    one("max_steps", "steps"),
    one("num_generations", "rolloutsPerTask"),
    batch,
    one("temperature", "temperature"),
    length,
    { ...one("max_prompt_length", "maxPromptTokens"), write: undefined },
    one("max_tool_calling_iterations", "maxToolCalls"),
    one("gradient_checkpointing", "gradientCheckpointing", {
      read: (text) => (truth(text) ? "on" : "off"),
      write: (choice: RunConfig["gradientCheckpointing"]) => (choice === "auto" ? null : python(choice === "on")),
    }),
    one("learning_rate", "learningRate"),
    rates,
    schedule,
    one("weight_decay", "weightDecay"),
    one("adam_beta1", "beta1"),
    one("adam_beta2", "beta2"),
    one("max_grad_norm", "maxGradNorm"),
    clip,
    delta,
    one("importance_sampling_level", "ratioLevel"),
    {
      names: ["beta"],
      // TRL knows one estimator.
      read: (given) => ({ klLossCoef: given("beta"), klLossType: "low_var_kl" }),
      write: ({ klLossCoef, klLossType }): Record<string, string> =>
        klLossCoef > 0 && klLossType !== "low_var_kl" ? {} : { beta: String(klLossCoef) },
    },
    one("entropy_coef", "entropyCoef", { write: (coef: number) => (coef === 0 ? null : String(coef)) }),
    one("num_iterations", "updatesPerStep"),
    one("scale_rewards", "normAdvByStd", {
      read(text) {
        if (text === "group") return true;
        if (text === "none") return false;
        if (text === "batch" || text === "mean") throw new Error("supported kinds of scale_rewards are group and none");
        return truth(text);
      },
      write: (isScaled: boolean) => (isScaled ? "group" : "none"),
    }),
    one("mask_truncated_completions", "overlong", {
      read: (text) => (truth(text) ? "mask" : "keep"),
      write: (overlong: RunConfig["overlong"]) => python(overlong === "mask"),
    }),
    one("lora_r", "loraRank", { write: (rank: number) => (rank === 0 ? null : String(rank)) }),
    {
      names: ["lora_alpha", "lora_target_modules"],
      read(given) {
        const alpha = given("lora_alpha");
        const targets = given("lora_target_modules");
        return {
          ...(alpha === undefined ? {} : { loraAlpha: alpha }),
          ...(targets === undefined ? {} : { loraTargets: listed(targets).join(",") }),
        };
      },
      write: ({ loraRank, loraAlpha, loraTargets }): Record<string, string> =>
        loraRank === 0
          ? {}
          : {
              lora_alpha: String(loraAlpha),
              lora_target_modules: loraTargets === "all-linear" ? loraTargets : `[${loraTargets}]`,
            },
    },
    baseDtype,
    one("save_steps", "saveEvery"),
    one("eval_steps", "evalEvery", { write: (every: number) => (every === 0 ? null : String(every)) }),
    {
      names: ["eval_strategy"],
      read(given) {
        const strategy = given("eval_strategy") ?? "no";
        if (strategy === "no") return { evalEvery: 0 };
        if (strategy !== "steps") throw new Error("supported kinds of eval_strategy are no and steps");
        return {};
      },
      write: ({ evalEvery }) => ({ eval_strategy: evalEvery > 0 ? "steps" : "no" }),
    },
  ],
  fixed: {
    optim: {
      values: ["adamw_torch", "adamw_torch_fused", "adamw_hf"],
      line: "the optimizer is AdamW",
    },
    adam_epsilon: { values: ["1e-8"], line: "AdamW's epsilon is torch's" },
    top_p: { values: ["1"], line: "tokens are sampled from the whole distribution" },
    top_k: { values: ["0", "-1", "null"], line: "tokens are sampled from the whole distribution" },
    min_p: { values: ["0", "null"], line: "tokens are sampled from the whole distribution" },
    repetition_penalty: { values: ["1"], line: "logits are not changed before sampling" },
    generation_kwargs: { values: ["null", "{}"], line: "tokens are sampled from the whole distribution" },
    multi_objective_aggregation: { values: ["sum_then_normalize"], line: "a rollout's rewards are added up first" },
    reward_weights: {
      values: ["null"],
      line: "the parts of the reward have knobs of their own (--answer-weight, --format-weight, --bonus-weight)",
    },
    top_entropy_quantile: { values: ["1"], line: "every token is trained" },
    off_policy_mask_threshold: { values: ["null"], line: "rollouts are of the weights that are trained" },
    use_bias_correction_kl: { values: ["False"], line: "the KL is not weighted by the ratio" },
    sync_ref_model: { values: ["False"], line: "the reference model stays" },
    lora_dropout: { values: ["0"], line: "adapters are trained without dropout" },
    use_rslora: { values: ["False"], line: "an adapter is scaled by alpha / rank" },
    use_bnb_nested_quant: { values: ["False"], line: "scales of NF4 are halves" },
    use_dora: { values: ["False"], line: "adapters are LoRA" },
  },
  idle: {
    "our own kernels sample and train on one GPU, sums in f32": [
      "use_vllm",
      "vllm_*",
      "use_transformers_paged",
      "cache_implementation",
      "ds3_gather_for_generation",
      "bf16",
      "fp16",
      "tf32",
      "gradient_checkpointing_kwargs",
      "torch_compile",
      "attn_implementation",
      "deepspeed",
      "fsdp",
      "fsdp_config",
      "ddp_*",
      "use_liger_kernel",
      "use_liger_loss",
      "cast_lm_head_to_fp32",
      "model_init_kwargs",
      "disable_dropout",
      "use_peft",
      "dataloader_*",
    ],
    "prompts and columns are those of --prompt and of the data": [
      "remove_unused_columns",
      "chat_template_kwargs",
      "shuffle_dataset",
      "dataset_config",
      "dataset_train_split",
      "dataset_test_split",
    ],
    "held-out rows are sampled and greedy (--held-out-rows, --eval-tasks)": [
      "num_generations_eval",
      "per_device_eval_batch_size",
      "eval_on_start",
      "do_eval",
    ],
    "a run has the folder and the logs that --out names": [
      "output_dir",
      "run_name",
      "report_to",
      "logging_*",
      "log_completions",
      "log_completions_hub_repo",
      "log_unique_prompts",
      "num_completions_to_print",
      "save_strategy",
      "save_total_limit",
      "save_only_model",
      "push_to_hub",
      "hub_*",
      "project",
      "trackio_space_id",
      "resume_from_checkpoint",
      "overwrite_output_dir",
    ],
    "a run ends by its steps (max_steps)": ["num_train_epochs"],
    "the reference model stays": ["ref_model_mixup_alpha", "ref_model_sync_steps"],
    "the loss it belongs to is not supported": ["sapo_temperature_neg", "sapo_temperature_pos"],
    "the order of rows depends on seed": ["data_seed"],
  },
};
