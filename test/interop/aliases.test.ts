import { describe, expect, test } from "vitest";
import { namesOf } from "../../src/interop/alias_rules.ts";
import { readAliases, settingOf, tableOf } from "../../src/interop/aliases.ts";
import { trlNames } from "../../src/interop/trl/names.ts";
import { verlNames } from "../../src/interop/verl/names.ts";
import { resolveConfig } from "../../src/train/config.ts";

const actor = "actor_rollout_ref.actor";
const rollout = "actor_rollout_ref.rollout";

const read = (words: string, preset = "needle") =>
  readAliases(words.split(" ").filter(Boolean).map(settingOf), resolveConfig({ preset }));

describe("verl's names", () => {
  test.each<[string, Record<string, unknown>]>([
    [`${rollout}.n=8 data.train_batch_size=128`, { rolloutsPerTask: 8, tasksPerStep: 128 }],
    [`+${rollout}.n=8 ++data.train_batch_size=128`, { rolloutsPerTask: 8, tasksPerStep: 128 }],
    ["data.max_prompt_length=2048", { maxPromptTokens: 2048 }],
    [`${actor}.optim.lr=1e-6 ${actor}.optim.weight_decay=0.01`, { learningRate: 1e-6, weightDecay: 0.01 }],
    [`${actor}.optim.lr_warmup_steps=10`, { warmupSteps: 10 }],
    [`${actor}.optim.lr_warmup_steps=-1`, { warmupSteps: 0 }],
    [`${actor}.freeze_vision_tower=True`, { freeze: "vision" }],
    [`${actor}.freeze_vision_tower=False`, { freeze: "none" }],
    [`${actor}.optim.warmup_style=constant`, { lrSchedule: "constant" }],
    [
      `${actor}.optim.lr_scheduler_type=cosine ${actor}.optim.min_lr_ratio=0.1`,
      { lrSchedule: "cosine", minLrRatio: 0.1 },
    ],
    [`${actor}.optim.lr_warmup_steps_ratio=0.1 trainer.total_training_steps=250`, { warmupSteps: 25, steps: 250 }],
    [`${actor}.optim.betas=[0.9,0.95]`, { beta1: 0.9, beta2: 0.95 }],
    [`${actor}.grad_clip=0.5`, { maxGradNorm: 0.5 }],
    [`${actor}.clip_ratio_low=0.1 ${actor}.clip_ratio_high=0.28`, { clipRatioLow: 0.1, clipRatioHigh: 0.28 }],
    [`${actor}.clip_ratio=0.3`, { clipRatioLow: 0.3, clipRatioHigh: 0.3 }],
    [`${actor}.clip_ratio_c=10`, { clipRatioC: 10 }],
    [`${actor}.policy_loss.loss_mode=vanilla`, { ratioLevel: "token" }],
    [
      `${actor}.policy_loss.loss_mode=gspo ${actor}.loss_agg_mode=token-mean`,
      { ratioLevel: "sequence", clipRatioC: 0, lossAggMode: "seq-mean-token-mean" },
    ],
    [`${actor}.loss_agg_mode=seq-mean-token-sum`, { lossAggMode: "seq-mean-token-sum" }],
    [`${actor}.entropy_coeff=0.001`, { entropyCoef: 0.001 }],
    [
      `${actor}.use_kl_loss=True ${actor}.kl_loss_coef=0.01 ${actor}.kl_loss_type=k2`,
      { klLossCoef: 0.01, klLossType: "mse" },
    ],
    [`${actor}.use_kl_loss=True`, { klLossCoef: 0.001 }],
    [`${actor}.use_kl_loss=False ${actor}.kl_loss_coef=0.0001`, { klLossCoef: 0 }],
    ["algorithm.use_kl_in_reward=True algorithm.kl_ctrl.kl_coef=0.02", { klRewardCoef: 0.02 }],
    ["algorithm.use_kl_in_reward=False algorithm.kl_ctrl.kl_coef=0.02", { klRewardCoef: 0 }],
    [`${actor}.ppo_epochs=2`, { updatesPerStep: 2 }],
    [`data.train_batch_size=64 ${actor}.ppo_mini_batch_size=16`, { tasksPerStep: 64, miniBatchTasks: 16 }],
    [`${actor}.ppo_mini_batch_size=16`, { miniBatchTasks: 0 }],
    [`${actor}.ppo_micro_batch_size_per_gpu=4`, { microBatchRollouts: 4 }],
    [
      `${actor}.use_dynamic_bsz=True ${actor}.loss_agg_mode=seq-mean-token-mean`,
      { microBatchRollouts: 0, lossAggMode: "seq-mean-token-mean" },
    ],
    ["algorithm.norm_adv_by_std_in_grpo=False", { normAdvByStd: false }],
    ["algorithm.filter_groups.enable=True", { zeroVariance: "resample" }],
    [`${rollout}.temperature=0.7`, { temperature: 0.7 }],
    // A turn that answers comes after the last call.
    [`${rollout}.multi_turn.max_assistant_turns=5`, { maxToolCalls: 4 }],
    [`${rollout}.multi_turn.max_assistant_turns=5 ${rollout}.multi_turn.max_user_turns=2`, { maxToolCalls: 2 }],
    [`${rollout}.agent.max_turns=20`, { maxToolCalls: 19 }],
    [`${rollout}.multi_turn.enable=False`, { maxToolCalls: 0, zoom: false }],
    ["data.train_files=[a.parquet,'b.parquet']", { data: "a.parquet,b.parquet" }],
    ["actor_rollout_ref.model.path=Qwen/Qwen2.5-VL-7B-Instruct", { model: "Qwen/Qwen2.5-VL-7B-Instruct@main" }],
    ["actor_rollout_ref.model.path=/models/mine", { model: "/models/mine" }],
    [
      `actor_rollout_ref.model.lora_rank=8 ${actor}.fsdp_config.model_dtype=bfloat16`,
      { loraRank: 8, baseDtype: "bf16" },
    ],
    [`+${rollout}.engine_kwargs.vllm.kv_cache_dtype=bfloat16`, { kvCacheDtype: "bf16" }],
    [`++${rollout}.engine_kwargs.sglang.kv_cache_dtype=bf16`, { kvCacheDtype: "bf16" }],
    [`+${rollout}.engine_kwargs.vllm.kv_cache_dtype=auto`, {}],
    // All weights are trained, in f32.
    [`${actor}.fsdp_config.model_dtype=bf16`, {}],
    [
      "actor_rollout_ref.model.lora_rank=32 actor_rollout_ref.model.target_modules=[q_proj,v_proj]",
      { loraRank: 32, loraTargets: "q_proj,v_proj" },
    ],
    ["trainer.save_freq=8 trainer.test_freq=80", { saveEvery: 8, evalEvery: 80 }],
    ["trainer.save_freq=-1 trainer.test_freq=-1", { saveEvery: 100_000, evalEvery: 0 }],
    ["saccade.tool=verl", { tool: "verl" }],
  ])("%s", (words, changes) => {
    expect(read(words)).toMatchObject({ changes, refused: [] });
    expect(Object.keys(read(words).changes).sort()).toEqual(Object.keys(changes).sort());
  });

  test("a response bounds its turns only where turns had the whole of it", () => {
    expect(read("data.max_response_length=2048", "verl-7b").changes).toEqual({
      responseTokens: 2048,
      firstTurnTokens: 2048,
      nextTurnTokens: 2048,
    });
    expect(read("data.max_response_length=30000", "deepeyes-7b").changes).toEqual({ responseTokens: 30_000 });
    expect(read(`${rollout}.agent.single_response_max_tokens=1024`, "deepeyes-7b").changes).toEqual({
      firstTurnTokens: 1024,
      nextTurnTokens: 1024,
    });
  });

  test("what means nothing here is said in one line a reason", () => {
    const { changes, notes, refused } = read(
      `trainer.nnodes=4 ${rollout}.tensor_model_parallel_size=2 ${actor}.fsdp_config.param_offload=True ${rollout}.gpu_memory_utilization=0.8`,
    );
    expect(changes).toEqual({});
    expect(refused).toEqual([]);
    expect(notes).toEqual([
      `Nothing to do for trainer.nnodes, ${rollout}.tensor_model_parallel_size, ${actor}.fsdp_config.param_offload: one GPU does all the work, nothing is split or moved away`,
      `Nothing to do for ${rollout}.gpu_memory_utilization: our own kernels sample and train, sums in f32; there is no other engine to tune`,
    ]);
  });

  test.each([
    [
      "algorithm.adv_estimator=gae",
      "algorithm.adv_estimator=gae is not supported: advantages are GRPO's; supported: grpo",
    ],
    [`${rollout}.top_p=0.9`, "supported: 1"],
    [`${rollout}.repetition_penalty=1.05`, "supported: 1"],
    [`${rollout}.multi_turn.max_parallel_calls=3`, "supported: 1"],
    [`${actor}.kl_loss_type=full`, "supported kinds of kl_loss_type are low_var_kl"],
    [`${actor}.use_dynamic_bsz=True`, "set ppo_micro_batch_size_per_gpu"],
    [`${actor}.ppo_mini_batch_size=32`, "cannot be larger than the batch of 16"],
    ["custom_reward_function.path=my_reward.py", "choose one by --reward"],
    [`${rollout}.n=1`, "rolloutsPerTask must lie between 2 and 64, found 1"],
    [`${actor}.optim.warmup_style=linear`, "supported kinds of schedule are constant and cosine"],
    [`${actor}.optim.lr_scheduler_type=cosine ${actor}.optim.num_cycles=2`, "supported: num_cycles 0.5"],
    [`${actor}.use_kl_loss=maybe`, 'expected True or False, found "maybe"'],
    [`${actor}.optim.lr=fast`, "learningRate must be a number"],
    [`${actor}.policy_loss.loss_mode=cispo`, "supported kinds of loss_mode are vanilla and gspo"],
  ])("%s is refused", (word, sentence) => {
    const { refused, changes } = read(word);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain(sentence);
    expect(changes).toEqual({});
  });

  test.each([`${rollout}.top_p=1.0`, `${rollout}.top_k=-1`, "algorithm.adv_estimator=grpo", `${rollout}.min_p=null`])(
    "%s is what happens anyway",
    (word) => {
      expect(read(word)).toEqual({ changes: {}, notes: [], refused: [] });
    },
  );

  test("an unknown name is an error with the nearest known one", () => {
    expect(() => tableOf("actor_rollout_ref.rolout.n")).toThrow(
      'There is no setting "actor_rollout_ref.rolout.n" of verl; did you mean "actor_rollout_ref.rollout.n"?',
    );
    expect(() => read("data.train_batchsize=3")).toThrow('did you mean "data.train_batch_size"?');
    expect(() => read("num_generatons=3")).toThrow(
      'There is no setting "num_generatons" of TRL; did you mean "num_generations"?',
    );
    // Sections are left out, and the last part is mistyped.
    for (const [written, meant] of [
      ["actor.optim.lrr", "actor_rollout_ref.actor.optim.lr"],
      ["actor.kl_loss_coef", "actor_rollout_ref.actor.kl_loss_coef"],
      ["rollout.temprature", "actor_rollout_ref.rollout.temperature"],
    ])
      expect(() => read(`${written}=1`)).toThrow(`no setting "${written}" of verl; did you mean "${meant}"?`);
    expect(() => read("foo.bar=1")).toThrow(
      'There is no setting "foo.bar" of verl; saccade settings --as verl writes those that are known',
    );
    expect(() => read("saccade.tol=verl")).toThrow('did you mean "tool"?');
  });
});

describe("TRL's names", () => {
  test.each<[string, Record<string, unknown>]>([
    ["num_generations=16 learning_rate=1e-6 max_steps=80", { rolloutsPerTask: 16, learningRate: 1e-6, steps: 80 }],
    ["beta=0.04", { klLossCoef: 0.04, klLossType: "low_var_kl" }],
    ["epsilon=0.3", { clipRatioLow: 0.3, clipRatioHigh: 0.3 }],
    ["epsilon=0.2 epsilon_high=0.28", { clipRatioLow: 0.2, clipRatioHigh: 0.28 }],
    ["delta=4", { clipRatioC: 4 }],
    ["importance_sampling_level=sequence", { ratioLevel: "sequence" }],
    ["loss_type=dapo", { lossAggMode: "token-mean", microBatchRollouts: 0 }],
    ["loss_type=grpo", { lossAggMode: "seq-mean-token-mean", microBatchRollouts: 0 }],
    ["loss_type=dr_grpo", { lossAggMode: "seq-mean-token-sum-norm", microBatchRollouts: 0 }],
    ["scale_rewards=none", { normAdvByStd: false }],
    ["scale_rewards=True", { normAdvByStd: true }],
    ["max_completion_length=512 max_tool_calling_iterations=3", { responseTokens: 512, maxToolCalls: 3 }],
    [
      "num_generations=8 per_device_train_batch_size=16 gradient_accumulation_steps=4",
      { rolloutsPerTask: 8, tasksPerStep: 8, miniBatchTasks: 0 },
    ],
    [
      "num_generations=8 per_device_train_batch_size=16 gradient_accumulation_steps=2 steps_per_generation=8 loss_type=bnpo",
      { rolloutsPerTask: 8, tasksPerStep: 16, miniBatchTasks: 4, lossAggMode: "token-mean", microBatchRollouts: 16 },
    ],
    ["generation_batch_size=64", { tasksPerStep: 8 }],
    ["num_iterations=2 max_grad_norm=0.1", { updatesPerStep: 2, maxGradNorm: 0.1 }],
    ["warmup_ratio=0.1", { warmupSteps: 10 }],
    ["adam_beta1=0.8 adam_beta2=0.99 weight_decay=0.1", { beta1: 0.8, beta2: 0.99, weightDecay: 0.1 }],
    ["mask_truncated_completions=True", { overlong: "mask" }],
    ["seed=3 save_steps=5 eval_steps=20 eval_strategy=steps", { seed: 3, saveEvery: 5, evalEvery: 20 }],
    ["lora_r=8 lora_alpha=16", { loraRank: 8, loraAlpha: 16 }],
    ["lora_r=8 torch_dtype=bfloat16", { loraRank: 8, baseDtype: "bf16" }],
    ["lora_r=8 dtype=auto", { loraRank: 8, baseDtype: "auto" }],
    ["lora_r=8 dtype=bfloat16 load_in_8bit=True", { loraRank: 8, baseDtype: "int8" }],
    ["lora_r=8 load_in_4bit=True bnb_4bit_quant_type=nf4", { loraRank: 8, baseDtype: "nf4" }],
    ["lora_r=8 load_in_4bit=False", { loraRank: 8 }],
    ["lr_scheduler_type=constant_with_warmup", { lrSchedule: "constant" }],
    ["lr_scheduler_type=linear", { lrSchedule: "linear", minLrRatio: 0 }],
    [
      'lr_scheduler_type=cosine_with_min_lr lr_scheduler_kwargs={"min_lr_rate":0.1}',
      { lrSchedule: "cosine", minLrRatio: 0.1 },
    ],
  ])("%s", (words, changes) => {
    const found = read(words);
    expect(found).toMatchObject({ changes, refused: [] });
    expect(Object.keys(found.changes).sort()).toEqual(Object.keys(changes).sort());
  });

  test.each([
    ["loss_type=cispo", "supported kinds of loss_type are dapo, bnpo, grpo, dr_grpo"],
    ["scale_rewards=batch", "group and none"],
    ["delta=1.1", "supported above 1 + epsilon_high"],
    ["top_p=0.95", "supported: 1"],
    ["lr_scheduler_type=polynomial", "constant_with_warmup, linear, cosine, cosine_with_min_lr"],
    ['lr_scheduler_type=cosine lr_scheduler_kwargs={"min_lr_rate":0.1}', "with lr_scheduler_type=cosine_with_min_lr"],
    ["lr_scheduler_type=cosine_with_min_lr", "with lr_scheduler_type=cosine_with_min_lr"],
    ['lr_scheduler_type=cosine lr_scheduler_kwargs={"num_cycles":2}', "expected lr_scheduler_kwargs such as"],
    ["importance_sampling_level=row", "ratioLevel must be one of token, sequence"],
    ["per_device_train_batch_size=12", "not a whole number of groups of 8"],
    ["generation_batch_size=64 steps_per_generation=2", "exclude each other"],
    ["load_in_4bit=True bnb_4bit_quant_type=fp4", "the supported kind of bnb_4bit_quant_type is nf4"],
    ["load_in_4bit=True load_in_8bit=True", "load_in_8bit and load_in_4bit exclude each other"],
    ["torch_dtype=float8", "supported kinds of dtype are auto, float32, bfloat16, float16"],
  ])("%s is refused", (words, sentence) => {
    const { refused } = read(words);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain(sentence);
  });

  test("what means nothing here is accepted", () => {
    const { changes, refused, notes } = read("use_vllm=True vllm_mode=colocate bf16=True logging_steps=1");
    expect({ changes, refused }).toEqual({ changes: {}, refused: [] });
    expect(notes).toHaveLength(2);
  });
});

test.each([verlNames, trlNames])("no name of $system stands in two places", (table) => {
  const names = namesOf(table);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
