import { type ModelConfig, parameterCount } from "../../model/config.ts";
import { familyOf } from "../../model/families/table.ts";
import type { ParameterShape } from "../../model/parameters.ts";
import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { mostSets } from "../../train/resampled_calls.ts";
import type { Workload } from "./assumed_step.ts";

/** Floating point operations of a step; `token` are those of one token for all rollouts at once. */
export interface Flops {
  prefill: number;
  token: number;
  forward: number;
  backward: number;
  reference: number;
}

/** Floating point operations of a step: two for each weight a row meets, and those of attention. */
export function flopsOf(config: RunConfig, model: ModelConfig, shapes: readonly ParameterShape[], of: Workload): Flops {
  const { text, vision } = model;
  const family = familyOf(model);
  const hasReference = config.klLossCoef > 0 || config.klRewardCoef > 0;
  const matrices = shapes.filter(({ shape }) => shape.length >= 2);
  const layers = parameterCount(matrices.filter(({ name }) => name.startsWith("model.language_model.layers.")));
  const towers = parameterCount(matrices.filter(({ name }) => /^model\.visual\.(blocks|patch_embed)\./.test(name)));
  const mergers = parameterCount(matrices.filter(({ name }) => /^model\.visual\.(deepstack_)?merger/.test(name)));
  const attended = (rows: number, keys: number) =>
    4 * text.numHiddenLayers * text.numAttentionHeads * text.headDim * rows * keys;
  const seen = (patches: number): number => {
    const keys = family.attendedKeys(vision, patches);
    return 2 * patches * (towers + mergers / vision.spatialMergeSize ** 2) + 4 * vision.hiddenSize * patches * keys;
  };
  const prompt = seen(of.promptPatches) + 2 * layers * of.promptTokens + attended(of.promptTokens, of.promptTokens / 2);
  const own = of.modelTokens + of.observationTokens;
  const rollout = seen(of.observationPatches) + 2 * layers * own + attended(own, of.promptTokens + own / 2);
  const head = 2 * text.vocabSize * text.hiddenSize * of.modelTokens;
  const { tasksPerStep: tasks, rolloutsPerTask, updatesPerStep } = config;
  // As many as may continue others are counted as rollouts of a task, and the prompts that go into the model again for them.
  const sets = mostSets(config, tasks * rolloutsPerTask);
  const n = rolloutsPerTask + (sets * config.resampledCalls) / tasks;
  const forward = tasks * (prompt + n * rollout);
  const heads = tasks * n * head;
  const observed = seen(of.observationPatches) + 2 * layers * of.observationTokens;
  const looked = tasks * (seen(of.promptPatches) + n * seen(of.observationPatches));
  // The backward pass costs twice the forward pass, and logits are computed again; where weights stay as they are, only their
  // inputs' gradients are made, and none of the pictures before a frozen tower.
  const backward = hasAdapter(config)
    ? forward + 2 * heads
    : config.freeze === "vision"
      ? 2 * (forward - looked) + 3 * heads
      : config.freeze === "text"
        ? forward + looked + 2 * heads
        : 2 * forward + 3 * heads;
  return {
    prefill:
      sets * prompt + tasks * (prompt + n * (observed + attended(of.observationTokens, of.promptTokens + own / 2))),
    token: tasks * n * (2 * (layers + text.vocabSize * text.hiddenSize) + attended(1, of.promptTokens + own / 2)),
    forward: updatesPerStep * (forward + heads),
    backward: updatesPerStep * backward,
    reference: hasReference ? forward + heads : 0,
  };
}
