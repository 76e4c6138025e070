import { hasAdapter } from "../../../train/adapter_settings.ts";
import type { ExportedModel } from "./overrides.ts";
import type { ExportedRun } from "./run_settings.ts";

/** What an export holds, for its README. */
export interface ExportCounts {
  train: number;
  heldOut: number;
  rollouts: number;
  /** Sentences on what a person should know. */
  notes: readonly string[];
}

/** Sentences on where verl's training of this run is another than ours, by the run's own settings. */
function differencesOf({ config, view }: ExportedRun, exported: ExportedModel): string[] {
  const { warmupSteps, lrSchedule, zeroVariance, overlong, judge, reward, judgeVotes, microBatchRollouts } = config;
  const { rankedTasks, callCredit, callRouting } = config;
  return [
    "The engine: vLLM or SGLang sample and FSDP trains, in bf16 and with sums of their own. The same seed gives other tokens, and the ratio of training to sampling is not exactly 1.",
    `Pictures are resized for the model by transformers' image processor; sizes and numbers of image tokens are the same (${view.limits.minPixels} to ${view.limits.maxPixels} pixels), single levels may differ by rounding. Crops are cut from the same pixels.`,
    "Ids that are left out of the distribution here (pictures, padding) get a bias of -100 under vLLM; under SGLang they are only unlikely.",
    "Tasks: verl shuffles the rows of a file by its own seed and goes through them epoch by epoch.",
    "Advantages: the same formula, whose sums verl makes in f32.",
    ...(warmupSteps > 0
      ? [`Warm-up of ${warmupSteps} steps: verl's first update has rate 0, ours the rate of one step.`]
      : []),
    ...(lrSchedule === "linear"
      ? ["The schedule linear is not one of verl's FSDP optimizer: its rate stays constant."]
      : []),
    ...(zeroVariance === "drop" ? ["Groups without variance are dropped here; verl counts them in the mean."] : []),
    ...(zeroVariance === "resample"
      ? ["Groups without variance: algorithm.filter_groups.enable, which not every trainer of verl follows."]
      : []),
    ...(rankedTasks > 0
      ? ["Only the tasks whose rewards differ most are trained on here (--ranked-tasks); verl trains on all."]
      : []),
    ...(callCredit > 0 || callRouting !== "whole"
      ? [
          "Credit of single calls (--call-credit, --call-routing) is given here only: verl's advantages are the outcome's.",
        ]
      : []),
    ...(overlong === "mask" ? ["Rollouts that ran out are left out of the loss here; verl trains on them."] : []),
    ...(config.resampledCalls > 0
      ? [
          "Calls that were all wrong are sampled again here (resampledCalls, AXPO); verl has no such round. The stored rollouts of the check have none either.",
        ]
      : []),
    ...(microBatchRollouts === 0
      ? [
          "Losses are aggregated over the whole step here; verl's actor takes micro-batches of 4 and corrects their weights.",
        ]
      : []),
    ...(judge === "hardened"
      ? [
          "The judge hardened: its rules, prompt and strict reading are here; the guard that refuses answers which try to talk to the judge, canaries and votes are not.",
        ]
      : []),
    ...(judgeVotes > 1 ? ["One model judges; votes of several are not written in Python."] : []),
    ...(judge !== "rules"
      ? [
          "An answer without a verdict is paid 0 (unjudged is 1 in the metrics): verl's reward function cannot leave a rollout out of its group.",
        ]
      : []),
    ...(reward === "mini-o3"
      ? ["Mini-o3's over-turn masking: a rollout that ran out is paid 0 rather than left out."]
      : []),
    ...(config.klRewardCoef > 0
      ? ["The KL in the reward is verl's use_kl_in_reward; stored advantages are compared without it."]
      : []),
    ...(config.freeze === "text"
      ? ["Frozen text weights (--freeze text) have no setting in verl: all are trained there."]
      : []),
    ...(config.evalCausal ? ["What the tools' pictures were worth (--eval-causal) is measured here only."] : []),
    ...(hasAdapter(config) && config.baseDtype !== "auto"
      ? [`Weights under the adapter: ${config.baseDtype} here, bf16 in verl's engine.`]
      : []),
    ...(exported.folder === null ? ["The model is a name on the Hub; whoever trains must reach it."] : []),
  ];
}

/** README.md of the export. */
export function readmeText(run: ExportedRun, exported: ExportedModel, counts: ExportCounts): string {
  const { config, tools } = run;
  const lines = (items: readonly string[]) => items.map((item) => `- ${item}`).join("\n");
  const where =
    exported.folder === null ? `the model is \`${exported.name}\` on the Hub` : "`model/` is the checkpoint";
  const judgeLine =
    config.judge === "rules"
      ? "The judge is Saccade's rules, in `saccade_verl/rules`; no network."
      : `The judge \`${config.judge}\` asks a server: SACCADE_JUDGE_URL says where (${config.judgeUrl || "none was set"}), SACCADE_JUDGE_MODEL which model, and SACCADE_JUDGE_KEY is the key. No key is stored in these files.`;
  return `# A Saccade run for verl 0.9.1

Preset \`${config.preset}\`, prompt \`${config.prompt}\`, environment \`${config.tool}\`, reward \`${config.reward}\`. ${counts.train} rows to train on, ${counts.heldOut} held out.

    pip install -r requirements.txt               # no GPU is needed for the check; 6 GB
    python3 check.py                              # plays ${counts.rollouts} stored rollouts through verl, compares everything
    pip install "verl[vllm]==0.9.1"               # on the machine with the GPUs
    GPUS=8 bash run.sh                            # trains; settings behind it come last, as name=value

## What lies here

| | |
| --- | --- |
| \`data/train.parquet\`, \`data/heldout.parquet\` | rows: prompt, images (files as bytes), data_source, reward_model.ground_truth, agent_name, extra_info (tools_kwargs, tool_selection) |
| \`data/check.parquet\`, \`rollouts/\` | rows of the check, and rollouts as they came out in Saccade: ids, masks, rewards, advantages, crops |
| \`run.sh\`, \`overrides.txt\` | verl's settings, one a line; \`$HERE\` is this folder |
| \`tools.yaml\`, \`saccade_verl/tools.py\`, \`zoom.py\` | ${tools.length > 0 ? tools.map(({ name }) => `\`${name}\``).join(", ") : "no tool"}: BaseTools that read agent_data.image_data |
| \`agent_loop.yaml\`, \`saccade_verl/agent_loop.py\` | the run's own rules in the place of \`tool_agent\`: which turns are calls, what answers them, when a rollout ends |
| \`saccade_verl/dataset.py\` | verl's dataset, with pictures in their own pixels: verl's would resize them before a tool can cut |
| \`reward.py\`, \`saccade_verl/rewards.py\` | the reward part by part: \`reward_NAME\` in verl's metrics, \`acc\` for right answers |
| \`chat_template.jinja\` | writes conversations as the run does. The tools block is in it, and not in the rows: verl hands the schemas over |
| \`settings.json\` | what the Python files read of the run |
| ${exported.folder === null ? (exported.tokenizer ? "`tokenizer/`" : "-") : "`model/`"}${exported.adapter ? ", `adapter/`" : ""} | ${where}${exported.adapter ? "; `adapter/` is the LoRA adapter (PEFT), by lora_adapter_path" : ""}${exported.tokenizer ? "; its tokenizer and small files, so that the check needs no network" : ""} |

${judgeLine}

## What is the same

\`check.py\` proves it on this machine: ids of prompts and responses, masks, numbers of turns, pixels of crops, rewards and advantages. Limits of turns, of calls and of the response hold as in Saccade.

## What is not

${lines(differencesOf(run, exported))}
${counts.notes.length > 0 ? `\n## About this export\n\n${lines(counts.notes)}\n` : ""}
With verl's own agent loop (leave out agent_loop_config_path) the tools, the template and the reward still work, but Hermes' parser decides what a call is: every \`<tool_call>\` block that is JSON counts wherever it stands, and a call that is none ends the rollout. Its template puts a line break before a tool's answer${config.prompt === "verl" ? ", which this run's prompt does not have" : ""}. \`check.py --stock\` shows what comes out.

## The way back

\`trainer.rollout_data_dir\` writes \`rollout_dumps/STEP.jsonl\`, which Saccade opens (\`logs rollout_dumps\`, or dropped into the page), beside a log of its own. A checkpoint of verl becomes a Hugging Face folder by \`python3 -m verl.model_merger merge --backend fsdp --local_dir checkpoints/global_step_N/actor --target_dir merged\`; \`--model merged\` opens it.
`;
}
