import { hasAdapter } from "../../../train/adapter_settings.ts";
import { differences, resolveConfig } from "../../../train/config.ts";
import { type Setting, writeSettings } from "../../alias_rules.ts";
import { ownPrefix } from "../../aliases.ts";
import { hydraWritten } from "../hydra_value.ts";
import { verlNames } from "../names.ts";
import type { ExportedRun } from "./run_settings.ts";

const rollout = "actor_rollout_ref.rollout";
const model = "actor_rollout_ref.model";

/** Where the model of an export is, and what there is beside it. */
export interface ExportedModel {
  /** A folder of the export, or null: a name on the Hub. */
  folder: "model" | null;
  /** Its name on the Hub, where it is not in the export. */
  name: string;
  /** Whether adapter/ holds a LoRA adapter to go on from. */
  adapter: boolean;
  /** Whether tokenizer/ stands for the tokenizer of a model on the Hub, so that the check needs no network. */
  tokenizer: boolean;
}

/** What stands for the export's folder in a setting. */
const here = "$HERE";

/** A file of the export, in the quotes that hydra takes away: a folder's name may have signs that it would read. */
const inHere = (path: string): string => `'${here}${path}'`;

/** Settings that the table writes for others than this export, or that stand below with other values. */
const replaced = new Set([
  "data.train_files",
  "data.max_response_length",
  "custom_reward_function.path",
  `${model}.path`,
  `${rollout}.multi_turn.enable`,
]);

/**
 * The run's settings by verl's names, in the order in which run.sh gives them. `$HERE` is the export's folder.
 * What verl has no name for stands below "saccade.", which verl ignores.
 */
export function exportOverrides(run: ExportedRun, exported: ExportedModel, hasHeldOut: boolean): Setting[] {
  const { config, view, tools } = run;
  // Names of verl itself, whatever environment the run has.
  const written = writeSettings(verlNames, { ...config, tool: "verl" }).filter(({ name }) => !replaced.has(name));
  const settings: Setting[] = [
    { name: "algorithm.adv_estimator", value: "grpo" },
    { name: "data.train_files", value: inHere("/data/train.parquet") },
    { name: "data.val_files", value: inHere(`/data/${hasHeldOut ? "heldout" : "train"}.parquet`) },
    ...(hasHeldOut ? [] : [{ name: "data.val_max_samples", value: "64" }]),
    { name: "data.image_key", value: "images" },
    { name: "data.return_raw_chat", value: "True" },
    // Rows with longer prompts were left out when they were written.
    { name: "data.filter_overlong_prompts", value: "False" },
    { name: "data.seed", value: String(config.seed) },
    { name: "data.custom_cls.path", value: inHere("/saccade_verl/dataset.py") },
    { name: "data.custom_cls.name", value: "SaccadeDataset" },
    { name: "data.max_response_length", value: String(run.responseTokens) },
    ...(exported.folder === null && config.maxPixels > 0
      ? [
          { name: "+data.mm_processor_kwargs.min_pixels", value: String(view.limits.minPixels) },
          { name: "+data.mm_processor_kwargs.max_pixels", value: String(view.limits.maxPixels) },
        ]
      : []),
    { name: `${model}.path`, value: exported.folder === null ? exported.name : inHere(`/${exported.folder}`) },
    ...(exported.adapter ? [{ name: `${model}.lora_adapter_path`, value: inHere("/adapter") }] : []),
    ...written.map(({ name, value }) => ({ name: name.replace(/^\+(?!\+)/, "++"), value })),
    ...microBatches(config.microBatchRollouts),
    { name: `${rollout}.multi_turn.enable`, value: "True" },
    { name: `${rollout}.multi_turn.format`, value: "hermes" },
    ...(tools.length > 0 ? [{ name: `${rollout}.multi_turn.tool_config_path`, value: inHere("/tools.yaml") }] : []),
    // The tools shorten what they say themselves, where the run's rules do.
    { name: `${rollout}.multi_turn.max_tool_response_length`, value: "65536" },
    { name: `${rollout}.agent.default_agent_loop`, value: "tool_agent" },
    { name: `${rollout}.agent.agent_loop_config_path`, value: inHere("/agent_loop.yaml") },
    { name: `${rollout}.top_p`, value: "1.0" },
    { name: `${rollout}.top_k`, value: "-1" },
    { name: `${rollout}.calculate_log_probs`, value: "True" },
    ...(hasAdapter(config) ? [{ name: `${rollout}.load_format`, value: "safetensors" }] : []),
    { name: "reward.custom_reward_function.path", value: inHere("/reward.py") },
    { name: "reward.custom_reward_function.name", value: "compute_score" },
    { name: "+ray_kwargs.ray_init.runtime_env.env_vars.PYTHONPATH", value: inHere("") },
    { name: "trainer.logger", value: "[console]" },
    { name: "trainer.project_name", value: "saccade" },
    { name: "trainer.experiment_name", value: config.preset },
    { name: "trainer.default_local_dir", value: inHere("/checkpoints") },
    { name: "trainer.rollout_data_dir", value: inHere("/rollout_dumps") },
    { name: `+${ownPrefix}preset`, value: config.preset },
  ];
  const base = resolveConfig({ preset: config.preset });
  // Paths of this machine, and of secrets' servers, mean nothing elsewhere.
  const own = differences(config, base).filter(
    (name) => !["preset", "model", "data", "adapter", "judgeUrl"].includes(name),
  );
  return [
    ...settings,
    ...own.map((name) => ({ name: `+${ownPrefix}${name}`, value: hydraWritten(String(config[name])) })),
  ];
}

/** verl wants a size for each of its passes; where ours has none, 4 rollouts at a time. */
function microBatches(rollouts: number): Setting[] {
  const value = String(rollouts > 0 ? rollouts : 4);
  return [
    { name: "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu", value },
    { name: `${rollout}.log_prob_micro_batch_size_per_gpu`, value },
    { name: "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu", value },
  ];
}

/** One line each; a later setting of a name takes the place of an earlier one. */
export function overrideLines(settings: readonly Setting[]): string[] {
  const bare = (name: string) => name.replace(/^\+\+?/, "");
  const last = new Map(settings.map((one) => [bare(one.name), one]));
  return [...last.values()].map(({ name, value }) => `${name}=${value}`);
}

/** run.sh: starts verl with the settings, and with those that are given behind it. */
export function runScript(settings: readonly Setting[]): string {
  // Double quotes, so that the shell puts the folder in; no value has a sign that it would read otherwise.
  const words = overrideLines(settings).map(
    (line) => `"${line.replace(/[\\"`]/g, (sign) => `\\${sign}`).replaceAll(here, "$QUOTED")}"`,
  );
  return `#!/usr/bin/env bash
# Starts verl 0.9.1 (requirements.txt) on this folder. GPUS, NODES, TP and ROLLOUT say what machine it is; settings that are
# given behind it come last: bash run.sh trainer.total_training_steps=10
set -euo pipefail
HERE="$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)"
# As it stands between hydra's quotes.
QUOTED="\${HERE//\\'/\\\\\\'}"
export PYTHONPATH="$HERE\${PYTHONPATH:+:$PYTHONPATH}"
python3 -m verl.trainer.main_ppo \\
    ${words.join(" \\\n    ")} \\
    "${rollout}.name=\${ROLLOUT:-vllm}" \\
    "${rollout}.tensor_model_parallel_size=\${TP:-1}" \\
    "trainer.n_gpus_per_node=\${GPUS:-8}" \\
    "trainer.nnodes=\${NODES:-1}" \\
    "$@"
`;
}

export const requirements = `# verl, and what it imports to train on pictures with tools. On the machine with the GPUs: pip install "verl[vllm]==0.9.1"
verl==0.9.1
qwen_vl_utils
cachetools
fastapi
msgspec
nvtx
pyzmq
TransferQueue
torchvision
uvicorn
`;
