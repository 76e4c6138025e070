import type { RunConfig } from "../../train/knobs.ts";
import { type AliasTable, listed, numeral, one, python, truth } from "../alias_rules.ts";
import { fixedNames } from "./fixed_names.ts";
import { hydraWritten } from "./hydra_value.ts";
import { idleNames } from "./idle_names.ts";
import { clip, klLoss, klReward, lossMode, microBatch, miniBatch } from "./loss_names.ts";
import { betas, schedule, warmup } from "./optimizer_names.ts";
import { groups, reward } from "./reward_names.ts";
import { actor, model, rollout } from "./sections.ts";
import { lengths, toolRows, turns } from "./turn_names.ts";
import { baseDtype, cacheDtype, lora } from "./weight_names.ts";

/*
 * verl's settings, from its verl/trainer/config/{ppo_trainer,data,actor,rollout}.yaml (b37184774 and later) and those
 * that DeepEyes adds below rollout.agent (6c5e796).
 */

/** Larger than any gradient: verl needs a norm, and this one never clips. */
const noClip = 1e9;
const neverSaved = 100_000;

const nonNegative = (text: string): number => Math.max(0, numeral(text));

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
  fixed: fixedNames,
  idle: idleNames,
};
