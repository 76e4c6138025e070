import { differences, resolveConfig } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { presets } from "../../train/presets.ts";
import { type Setting, writeSettings } from "../alias_rules.ts";
import { ownPrefix, readAliases } from "../aliases.ts";
import { quoted } from "../shell/quoted.ts";
import { hydraWritten } from "./hydra_value.ts";
import { verlNames } from "./names.ts";
import { certainDefaults, readOverrides, sentencesOf } from "./overrides.ts";
import { readVerlText, whatElse } from "./script.ts";

const rollout = "actor_rollout_ref.rollout";
const actor = "actor_rollout_ref.actor";

/** Values of verl's own ppo_trainer.yaml, which hold where a command says nothing. */
const verlDefaults: Readonly<Record<string, string>> = {
  "data.train_batch_size": "1024",
  "data.max_prompt_length": "512",
  "data.max_response_length": "512",
  [`${rollout}.n`]: "1",
  [`${rollout}.temperature`]: "1.0",
  [`${actor}.optim.lr`]: "1e-6",
  [`${actor}.optim.lr_warmup_steps`]: "-1",
  [`${actor}.optim.weight_decay`]: "0.01",
  [`${actor}.optim.betas`]: "[0.9,0.999]",
  [`${actor}.grad_clip`]: "1.0",
  [`${actor}.clip_ratio`]: "0.2",
  [`${actor}.clip_ratio_c`]: "3.0",
  [`${actor}.loss_agg_mode`]: "token-mean",
  [`${actor}.entropy_coeff`]: "0",
  [`${actor}.use_kl_loss`]: "False",
  [`${actor}.kl_loss_coef`]: "0.001",
  [`${actor}.kl_loss_type`]: "low_var_kl",
  [`${actor}.ppo_epochs`]: "1",
  [`${actor}.ppo_mini_batch_size`]: "256",
  "actor_rollout_ref.model.lora_rank": "0",
  "algorithm.adv_estimator": "gae",
  "algorithm.norm_adv_by_std_in_grpo": "True",
  "algorithm.use_kl_in_reward": "False",
  "algorithm.kl_ctrl.kl_coef": "0.001",
  "trainer.save_freq": "-1",
  "trainer.test_freq": "-1",
};

/** Further ones of DeepEyes' fork, and of the recipe's own file. */
const forkDefaults = { [`${rollout}.agent.single_response_max_tokens`]: "32768", [`${rollout}.agent.max_turns`]: "50" };
const recipeFile = "deepeyes_multiturn_grpo";
const recipeDefaults = {
  "data.max_prompt_length": "2048",
  "data.max_response_length": "2048",
  "data.train_batch_size": "256",
  [`${rollout}.multi_turn.enable`]: "True",
  [`${rollout}.multi_turn.max_assistant_turns`]: "5",
  "custom_reward_function.path": "recipe/deepeyes/reward_function.py",
};

/** What was read from a command: a whole configuration, how it differs from its preset, and notes. */
export interface ReadCommand {
  preset: string;
  config: RunConfig;
  changes: Partial<RunConfig>;
  notes: string[];
  /** What cannot be done, or is not certain; the configuration is then not that of the command. */
  refused: string[];
}

/**
 * Reads a shell script or command that starts verl (`python3 -m verl.trainer.main_ppo name=value ...`), what `bash -x`
 * printed of one, or the `.hydra/overrides.yaml` of a run. Settings that it lacks have verl's defaults; what verl has no
 * setting for (steps, prompts, judge) is as in the nearest preset. A value that is not certain is named and not used.
 *
 * @throws Error where the text has no such command, or more than one
 */
export function readVerlCommand(text: string): ReadCommand {
  const { words, notes: found } = readVerlText(text);
  const overrides = readOverrides(words);
  const { given, configPath, refused } = overrides;
  const configName = overrides.configName || "ppo_trainer";
  const notes = [...found, ...overrides.notes];
  // verl's own files lie in "config" beside its program; a file of that name elsewhere may differ.
  const isOwnPath = configPath === "" || /^(\.\/)?config\/?$/.test(configPath);
  const isForeign = configName !== recipeFile && !(configName === "ppo_trainer" && isOwnPath);

  const names = [...given.keys(), ...overrides.notCertain.map(({ name }) => name)];
  const isFork = names.some((name) => name.startsWith(`${rollout}.agent.`) && name !== `${rollout}.agent.num_workers`);
  const all: Record<string, string> = {
    ...verlDefaults,
    ...(isFork ? forkDefaults : {}),
    ...(configName === recipeFile ? recipeDefaults : {}),
  };
  if (!isFork && configName !== recipeFile) all[`${rollout}.multi_turn.enable`] = "False";
  if (isForeign) {
    const unsaid = Object.keys(all).filter((name) => !given.has(name));
    refused.push(
      `not understood: the file ${configPath ? `${configPath}/` : ""}${configName}.yaml is not read; what it may say and the command does not is as in the preset: ${unsaid.join(", ")}`,
    );
  }
  const defaults = isForeign ? {} : certainDefaults(all, overrides);
  const batch = Number(given.get("data.train_batch_size") ?? defaults["data.train_batch_size"]);
  // verl refuses its own default of 256 for smaller batches, so a command without it cannot mean that.
  if (batch < 256 && `${actor}.ppo_mini_batch_size` in defaults)
    defaults[`${actor}.ppo_mini_batch_size`] = String(batch);
  if (defaults["algorithm.adv_estimator"] !== undefined && !given.has("algorithm.adv_estimator"))
    notes.push("algorithm.adv_estimator is not given, for which verl takes gae");

  const settings: Setting[] = [...new Map([...Object.entries(defaults), ...given])].map(([name, value]) => ({
    name,
    value,
  }));
  const named = given.get(`${ownPrefix}preset`);
  const candidates = named ? [named] : isFork ? ["deepeyes-7b", "deepeyes-32b"] : ["verl-7b"];
  const read = candidates.map((preset) => {
    const base = resolveConfig({ preset });
    const understood = readAliases(settings, base);
    const config = resolveConfig({ ...understood.changes, preset });
    return { preset, base, config, understood, distance: differences(config, base).length };
  });
  const { preset, base, config, understood } = read.reduce((best, next) =>
    next.distance < best.distance ? next : best,
  );
  if (!named) notes.push(`What verl does not say is as in ${preset} (${presets[preset]!.line})`);
  const isSaid = names.some((name) => name === "trainer.total_training_steps" || name === `${ownPrefix}steps`);
  if (!isSaid) {
    const epochs = given.get("trainer.total_epochs") ?? "30";
    notes.push(
      `The steps stay at ${config.steps}: verl works them out of rows x ${epochs} epochs / ${config.tasksPerStep}; --steps changes them`,
    );
  }
  const changes = Object.fromEntries(differences(config, base).map((name) => [name, config[name]]));
  const { matter, idle } = sentencesOf(overrides);
  const unclear = [...matter, ...refused.filter((sentence) => sentence.startsWith("not understood"))];
  return {
    preset,
    config,
    changes,
    notes: [...notes, ...idle, ...understood.notes],
    refused: [
      ...matter,
      ...refused,
      ...understood.refused,
      ...(unclear.length > 0 ? [`What is not understood is as in ${preset} above. ${whatElse}`] : []),
    ],
  };
}

/**
 * A configuration as a command that starts verl: DeepEyes' fork where the tool is its own, else verl with the recipe.
 * Knobs that verl has no name for are written below "saccade.", which verl ignores, so that readVerlCommand reads the
 * same configuration back.
 */
export function writeVerlCommand(config: RunConfig): string {
  const isFork = config.tool === "deepeyes";
  const settings: Setting[] = [
    { name: "algorithm.adv_estimator", value: "grpo" },
    ...writeSettings(verlNames, config),
    { name: "data.return_raw_chat", value: "True" },
    { name: "data.filter_overlong_prompts", value: "True" },
    ...(isFork || !config.zoom || config.maxToolCalls === 0
      ? []
      : [
          {
            name: `${rollout}.multi_turn.tool_config_path`,
            value: "recipe/deepeyes/configs/image_zoom_in_tool_config.yaml",
          },
        ]),
    { name: `${rollout}.name`, value: isFork ? "vllm" : "sglang" },
    { name: "trainer.n_gpus_per_node", value: "8" },
    { name: "trainer.nnodes", value: "1" },
    { name: "trainer.project_name", value: "saccade" },
    { name: "trainer.experiment_name", value: config.preset },
    { name: `+${ownPrefix}preset`, value: config.preset },
  ];
  const back = readVerlCommand(commandOf(settings)).config;
  const own = differences(config, back).map((name) => ({
    name: `+${ownPrefix}${name}`,
    value: hydraWritten(String(config[name])),
  }));
  const remarks = [
    `# ${isFork ? "For DeepEyes' fork of verl" : "For verl with recipe/deepeyes"}; verl ignores what stands below ${ownPrefix.slice(0, -1)}`,
    ...(config.data === "" ? ["# verl needs files: these tasks are scenes that are generated here"] : []),
    ...(/@/.test(config.data) ? ["# verl reads files on disk: download the data set and name its parquet files"] : []),
  ];
  return [...remarks, commandOf([...settings, ...own])].join("\n");
}

const commandOf = (settings: readonly Setting[]): string =>
  ["python3 -m verl.trainer.main_ppo", ...settings.map(({ name, value }) => quoted(`${name}=${value}`))].join(
    " \\\n    ",
  );
