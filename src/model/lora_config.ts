import { shapeText } from "../gpu/tensor.ts";
import { expectOnly, flag, isNull, type Section, within } from "./config_values.ts";
import { excerpt, type Json, numberWithin, wholeNumber } from "./json_file.ts";
import { type ModuleMatcher, matcherOf } from "./lora_modules.ts";
import { oldName } from "./names.ts";
import type { ParameterShape } from "./parameters.ts";
import { sidesOf } from "./weight_form.ts";

/** The settings in PEFT's `adapter_config.json` that change what an adapter computes. */
export interface LoraConfig {
  r: number;
  alpha: number;
  /** Share of an adapted layer's inputs that PEFT zeroes in training; without effect in inference. */
  dropout: number;
  /** Scaling is alpha / sqrt(r) instead of alpha / r. */
  rankStabilized: boolean;
  /** Names or ends of names of modules, or a regular expression of whole names. */
  targetModules: string | readonly string[];
  excludeModules: string | readonly string[];
  /** Of the modules that targetModules names, those in layers of these numbers; null: in all. */
  layers: readonly number[] | null;
  /** The part of a name before a layer's number; any word where the list is empty. */
  layersPattern: readonly string[];
  /** Other ranks and alphas for modules that a key (the end of a name, as a regular expression) matches. */
  rankPattern: Readonly<Record<string, number>>;
  alphaPattern: Readonly<Record<string, number>>;
  /** The whole file, to be written again. */
  json: Readonly<Json>;
}

export const adapterConfigFile = "adapter_config.json";

/** Keys that change the mathematics: where one is present and not null, it has one of these values. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ["LORA"],
  bias: ["none"],
  use_dora: [false],
  use_qalora: [false],
  use_bdlora: [null, false],
  lora_bias: [false],
  modules_to_save: [null],
  layer_replication: [null],
  target_parameters: [null],
  trainable_token_indices: [null],
  alora_invocation_tokens: [null],
  arrow_config: [null],
  kasa_config: [null],
  monteclora_config: [null],
  velora_config: [null],
  // These only say how training began; others change the base weights too.
  init_lora_weights: [true, false, "gaussian", "eva", "orthogonal"],
};

const maxRank = 2 ** 16;
const maxAlpha = 1e6;
const maxNames = 10_000;
const maxPatterns = 1000;

/** Reads `adapter_config.json`. @throws Error naming a key that is missing, or that is not supported */
export function readLoraConfig(json: Json): LoraConfig {
  const file: Section = { json, where: named("") };
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
  expectOnly(file, supported, (value, values) => isNull(value) || (isEmpty(value) && values.includes(null)));
  const targetModules = names(json, "target_modules");
  if (targetModules === null)
    throw new Error(
      `${named("target_modules")} must be a list of names or a regular expression, found ${excerpt(json.target_modules)}`,
    );
  const layers = layerNumbers(json);
  const layersPattern = names(json, "layers_pattern") || [];
  // PEFT refuses these too.
  for (const [key, isGiven] of [
    ["layers_to_transform", layers !== null],
    ["layers_pattern", layersPattern.length > 0],
  ] as const)
    if (isGiven && typeof targetModules === "string")
      throw new Error(
        `${named(key)} cannot be combined with a regular expression in target_modules; name modules there`,
      );
  if (layersPattern.length > 0 && layers === null)
    throw new Error(`${named("layers_pattern")} needs layers_to_transform beside it, found none`);
  return {
    r: wholeNumber(json.r, named("r"), 1, maxRank),
    alpha: alphaOf(json.lora_alpha, named("lora_alpha")),
    dropout: within(file, "lora_dropout", { least: 0, most: 1, fallback: 0 }),
    rankStabilized: flag(file, "use_rslora") ?? false,
    targetModules,
    excludeModules: names(json, "exclude_modules") ?? [],
    layers,
    layersPattern: typeof layersPattern === "string" ? [layersPattern] : layersPattern,
    rankPattern: patterns(json, "rank_pattern", (value, name) => wholeNumber(value, name, 1, maxRank)),
    alphaPattern: patterns(json, "alpha_pattern", alphaOf),
    json,
  };
}

const named = (key: string): string => `${adapterConfigFile}: ${key}`;

/** Null where the key is absent or null. */
function names(json: Json, key: string): string | string[] | null {
  const value = json[key] ?? null;
  if (value === null || typeof value === "string") return value;
  if (Array.isArray(value) && value.length <= maxNames && value.every((name) => typeof name === "string")) return value;
  throw new Error(`${named(key)} must be a list of names or a regular expression, found ${excerpt(value)}`);
}

function layerNumbers(json: Json): number[] | null {
  const value = json.layers_to_transform ?? null;
  if (value === null || (Array.isArray(value) && value.length === 0)) return null;
  const list = Array.isArray(value) ? value : [value];
  return list.slice(0, maxNames).map((one) => wholeNumber(one, named("layers_to_transform"), 0, maxNames));
}

const alphaOf = (value: unknown, name: string): number => numberWithin(value, name, -maxAlpha, maxAlpha);

function patterns(
  json: Json,
  key: string,
  read: (value: unknown, name: string) => number,
): Readonly<Record<string, number>> {
  const value = json[key] ?? {};
  if (typeof value !== "object" || Array.isArray(value) || Object.keys(value).length > maxPatterns)
    throw new Error(`${named(key)} must be an object of at most ${maxPatterns} numbers, found ${excerpt(value)}`);
  return Object.fromEntries(
    Object.entries(value).map(([pattern, one]) => [pattern, read(one, `${named(key)}, "${pattern.slice(0, 80)}",`)]),
  );
}

export interface AdaptedModule {
  module: string;
  O: number;
  I: number;
  rank: number;
  scaling: number;
}

/**
 * The linear layers that a configuration names, in the model's order; names match in either spelling.
 *
 * @throws Error where it names none, or one that is not a linear layer of the towers
 */
export function adaptedModules(config: LoraConfig, shapes: readonly ParameterShape[]): AdaptedModule[] {
  const matcher: ModuleMatcher = matcherOf(config);
  const found: AdaptedModule[] = [];
  for (const { name, shape } of shapes) {
    if (!name.endsWith(".weight")) continue;
    const module = name.slice(0, -".weight".length);
    const spellings = [...new Set([module, oldName(module)])];
    const spelled = spellings.find((n) => matcher.isTarget(n));
    if (spelled === undefined || spellings.some((n) => matcher.isExcluded(n))) continue;
    const isLinear = shape.length === 2 && !/(^lm_head|embed_tokens|pos_embed)$/.test(module);
    if (!isLinear) {
      if (matcher.namesAll) continue;
      throw new Error(
        `${named("target_modules")} names ${module} ${shapeText(shape)}, which is not a linear layer inside the model; name it in exclude_modules`,
      );
    }
    const rank = matcher.rank(spelled);
    const { rows: O, columns: I } = sidesOf({ shape });
    found.push({
      module,
      O,
      I,
      rank,
      scaling: matcher.alpha(spelled) / (config.rankStabilized ? Math.sqrt(rank) : rank),
    });
  }
  if (found.length === 0)
    throw new Error(`${named("target_modules")} ${excerpt(config.targetModules)} names no layer of this model`);
  return found;
}
