import { type Setting, writeSettings } from "./alias_rules.ts";
import { differences, ownPrefix, readAliases, settingOf, tableOf } from "./aliases.ts";
import { resolveConfig } from "./config.ts";
import type { RunConfig } from "./knobs.ts";
import { presets } from "./presets.ts";
import { quoted, shellWords } from "./shell_words.ts";
import { verlNames } from "./verl_names.ts";

const rollout = "actor_rollout_ref.rollout";
const actor = "actor_rollout_ref.actor";

/** What verl's own ppo_trainer.yaml says where a command says nothing. */
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

/** What a pasted command comes to: a whole configuration, how it differs from its preset, and what to know. */
export interface ReadCommand {
  preset: string;
  config: RunConfig;
  changes: Partial<RunConfig>;
  notes: string[];
  /** What cannot be done; the configuration is then not that of the command. */
  refused: string[];
}

/**
 * Reads a shell command that starts verl (`python3 -m verl.trainer.main_ppo name=value ...`), lines around it included.
 * What it leaves unsaid is as verl has it; what verl does not say either (steps, prompts, judge) is as the preset has it
 * that comes nearest.
 *
 * @throws Error where the text has no such command
 */
export function readVerlCommand(text: string): ReadCommand {
  const { words, unresolved } = overrides(text);
  const notes = unresolved.map(
    ({ word, variable }) => `${word} is left out: the variable ${variable} is not set in this text, and is not guessed`,
  );
  const refused: string[] = [];
  const given = new Map<string, string>();
  let configName = "";
  for (const word of words) {
    const option = /^--config-(name|path|dir)=(.*)$/.exec(word);
    if (option) {
      if (option[1] === "name") configName = option[2]!.replace(/\.yaml$/, "");
      continue;
    }
    if (word.startsWith("-")) {
      notes.push(`${word} is left out: it is for hydra`);
      continue;
    }
    try {
      const { name, value } = settingOf(word);
      tableOf(name);
      if (given.has(name) && given.get(name) !== value) notes.push(`${name} is given twice, the last one holds`);
      given.set(name, value);
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  if (configName !== "" && configName !== recipeFile && configName !== "ppo_trainer")
    notes.push(`The file ${configName}.yaml is not read: what it alone says is taken from verl's ppo_trainer.yaml`);

  const isFork = [...given.keys()].some(
    (name) => name.startsWith(`${rollout}.agent.`) && name !== `${rollout}.agent.num_workers`,
  );
  const defaults: Record<string, string> = {
    ...verlDefaults,
    ...(isFork ? forkDefaults : {}),
    ...(configName === recipeFile ? recipeDefaults : {}),
  };
  if (!isFork && configName !== recipeFile) defaults[`${rollout}.multi_turn.enable`] = "False";
  const batch = Number(given.get("data.train_batch_size") ?? defaults["data.train_batch_size"]);
  // verl's 256 would be refused by verl itself for smaller batches; nobody who wrote nothing meant that.
  if (batch < 256) defaults[`${actor}.ppo_mini_batch_size`] = String(batch);
  if (!given.has("algorithm.adv_estimator"))
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
  if (!given.has("trainer.total_training_steps") && !given.has(`${ownPrefix}steps`)) {
    const epochs = given.get("trainer.total_epochs") ?? "30";
    notes.push(
      `The steps stay at ${config.steps}: verl works them out of rows x ${epochs} epochs / ${config.tasksPerStep}; --steps changes them`,
    );
  }
  const changes = Object.fromEntries(differences(config, base).map((name) => [name, config[name]]));
  return {
    preset,
    config,
    changes,
    notes: [...notes, ...understood.notes],
    refused: [...refused, ...understood.refused],
  };
}

/** The words after verl's program, and those with variables that nothing in the text sets. */
function overrides(text: string): { words: string[]; unresolved: { word: string; variable: string }[] } {
  for (const { words, unresolved } of shellWords(text)) {
    const program = words.findIndex((word) =>
      /^(verl\.trainer\.main_\w+|(\S*\/)?main_ppo\.py|recipe\.\w+\.main_\w+)$/.test(word),
    );
    if (program < 0) continue;
    const after = words.slice(program + 1);
    const open = new Map(unresolved.map(({ word, variable }) => [word, variable]));
    return {
      words: after.filter((word) => !open.has(word)),
      unresolved: after.filter((word) => open.has(word)).map((word) => ({ word, variable: open.get(word)! })),
    };
  }
  throw new Error(
    'Expected a command such as "python3 -m verl.trainer.main_ppo data.train_batch_size=128", found none in the text',
  );
}

/**
 * A configuration as a command that starts verl: DeepEyes' fork where the tool is its own, verl with the recipe else.
 * What verl has no name for stands below "saccade.", which verl ignores, so that readVerlCommand gives the same back.
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
  const own = differences(config, back).map((name) => ({ name: `+${ownPrefix}${name}`, value: String(config[name]) }));
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
