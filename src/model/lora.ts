import type { Gpu } from "../gpu/gpu.ts";
import { shapeText, type Tensor } from "../gpu/tensor.ts";
import type { Adapter } from "../ops/linear.ts";
import type { NamedBytes } from "../platform.ts";
import { readJson } from "./load.ts";
import { currentName, oldName } from "./names.ts";
import { type ParameterShape, Parameters } from "./parameters.ts";
import { type CheckpointFiles, openFile, writeSafetensors } from "./safetensors.ts";

/** What of PEFT's `adapter_config.json` says how an adapter acts. */
export interface LoraConfig {
  r: number;
  alpha: number;
  /** Scaling is alpha / sqrt(r) instead of alpha / r. */
  rankStabilized: boolean;
  /** Names or ends of names of modules, or a regular expression of whole names. */
  targetModules: string | readonly string[];
  excludeModules: string | readonly string[];
  /** Other ranks and alphas for modules that a key (the end of a name, as a regular expression) matches. */
  rankPattern: Readonly<Record<string, number>>;
  alphaPattern: Readonly<Record<string, number>>;
  /** The whole file, to be written again. */
  json: Readonly<Record<string, unknown>>;
}

export const adapterConfigFile = "adapter_config.json";
export const adapterWeightsFile = "adapter_model.safetensors";
/** What stands before a module's name in an adapter's file. */
export const adapterPrefix = "base_model.model.";

/** Keys that change the mathematics: where one stands, it has one of these values. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ["LORA"],
  bias: ["none"],
  use_dora: [false],
  use_qalora: [false],
  use_bdlora: [false, null],
  lora_bias: [false],
  fan_in_fan_out: [false],
  modules_to_save: [null],
  layers_to_transform: [null],
  layer_replication: [null],
  target_parameters: [null],
  trainable_token_indices: [null],
  alora_invocation_tokens: [null],
  arrow_config: [null],
  kasa_config: [null],
  monteclora_config: [null],
  velora_config: [null],
  // These only say where training began; the others change the base weights too.
  init_lora_weights: [true, false, "gaussian", "eva", "orthogonal"],
};

/** Reads `adapter_config.json`. @throws Error naming a key that is missing, or that is not supported */
export function readLoraConfig(json: Record<string, unknown>): LoraConfig {
  for (const [key, values] of Object.entries(supported)) {
    const value = json[key];
    const isEmpty = Array.isArray(value) && value.length === 0 && values.includes(null);
    if (value !== undefined && !isEmpty && !values.includes(value))
      throw new Error(
        `${adapterConfigFile}: ${key} is ${JSON.stringify(value)}, only ${JSON.stringify(values[0])} is supported`,
      );
  }
  const { r, lora_alpha: alpha, target_modules: targets, exclude_modules: excluded } = json;
  if (!Number.isInteger(r) || (r as number) < 1)
    throw new Error(`${adapterConfigFile}: r must be a whole number above 0, found ${JSON.stringify(r)}`);
  if (typeof alpha !== "number")
    throw new Error(`${adapterConfigFile}: lora_alpha must be a number, found ${JSON.stringify(alpha)}`);
  const isTargets = (value: unknown): value is string | string[] =>
    typeof value === "string" || (Array.isArray(value) && value.every((name) => typeof name === "string"));
  if (!isTargets(targets))
    throw new Error(
      `${adapterConfigFile}: target_modules must be a list of names or a regular expression, found ${JSON.stringify(targets)}`,
    );
  return {
    r: r as number,
    alpha,
    rankStabilized: json.use_rslora === true,
    targetModules: targets,
    excludeModules: isTargets(excluded) ? excluded : [],
    rankPattern: (json.rank_pattern ?? {}) as Record<string, number>,
    alphaPattern: (json.alpha_pattern ?? {}) as Record<string, number>,
    json,
  };
}

/** The whole name, or an end of it after a dot; a string is a regular expression of the whole name (Python's fullmatch). */
function matches(targets: string | readonly string[], name: string): boolean {
  if (typeof targets === "string") return new RegExp(`^(?:${targets})$`).test(name);
  return targets.some((target) => name === target || name.endsWith(`.${target}`));
}

/** A pattern's value for a module: of the first key that matches the end of its name. */
function patternValue(patterns: Readonly<Record<string, number>>, name: string, fallback: number): number {
  for (const [key, value] of Object.entries(patterns))
    if (new RegExp(`^(?:.*\\.)?(?:${key})$`).test(name)) return value;
  return fallback;
}

const isTarget = ({ targetModules }: LoraConfig, name: string): boolean =>
  targetModules === "all-linear" ? name !== "lm_head" : matches(targetModules, name);

interface AdaptedModule {
  module: string;
  O: number;
  I: number;
  rank: number;
  scaling: number;
}

/**
 * The linear layers that a configuration names, in the model's order; names match in either spelling.
 *
 * @throws Error where it names none, or one that is no linear layer of the towers
 */
export function adaptedModules(config: LoraConfig, shapes: readonly ParameterShape[]): AdaptedModule[] {
  const found: AdaptedModule[] = [];
  for (const { name, shape } of shapes) {
    if (!name.endsWith(".weight")) continue;
    const module = name.slice(0, -".weight".length);
    const spellings = [module, oldName(module)];
    const spelled = spellings.find((n) => isTarget(config, n));
    if (!spelled || spellings.some((n) => matches(config.excludeModules, n))) continue;
    const isLinear = shape.length === 2 && !/(^lm_head|embed_tokens|pos_embed)$/.test(module);
    if (!isLinear) {
      if (config.targetModules === "all-linear") continue;
      throw new Error(
        `${adapterConfigFile}: target_modules names ${module} ${shapeText(shape)}, which is no linear layer inside the model; name it in exclude_modules`,
      );
    }
    const rank = patternValue(config.rankPattern, spelled, config.r);
    const alpha = patternValue(config.alphaPattern, spelled, config.alpha);
    found.push({
      module,
      O: shape[0]!,
      I: shape[1]!,
      rank,
      scaling: alpha / (config.rankStabilized ? Math.sqrt(rank) : rank),
    });
  }
  if (found.length === 0)
    throw new Error(
      `${adapterConfigFile}: target_modules ${JSON.stringify(config.targetModules)} names no layer of this model`,
    );
  return found;
}

/** Low-rank matrices beside a model's linear layers, trained while the model stays as it is (LoRA, as PEFT has it). */
export class LoraAdapter {
  readonly parameters: Parameters;
  readonly #modules: ReadonlyMap<string, AdaptedModule>;

  /** All zero, which changes nothing. @param model the weights that it sits on */
  constructor(
    gpu: Gpu,
    model: Parameters,
    readonly config: LoraConfig,
    { trained }: { trained: boolean },
  ) {
    const dropout = Number(config.json.lora_dropout ?? 0);
    if (trained && dropout > 0)
      throw new Error(`${adapterConfigFile}: lora_dropout is ${dropout}, training supports only 0`);
    const modules = adaptedModules(config, model.shapes);
    this.#modules = new Map(modules.map((m) => [m.module, m]));
    const shapes = modules.flatMap(({ module, O, I, rank }) => [
      { name: `${module}.lora_A.weight`, shape: [rank, I] },
      { name: `${module}.lora_B.weight`, shape: [O, rank] },
    ]);
    this.parameters = new Parameters(gpu, shapes, { trained });
  }

  /** What sits on a module, named as in the model. */
  on(module: string): Adapter | undefined {
    const found = this.#modules.get(module);
    if (!found) return undefined;
    const get = (part: "A" | "B"): Tensor => this.parameters.get(`${module}.lora_${part}.weight`);
    return { down: get("A"), up: get("B"), scaling: found.scaling };
  }

  /** PEFT's first state: A uniform within 1 / sqrt(I), B zero. @param random gives numbers from 0 to 1 */
  initialize(random: () => number): void {
    for (const { name, shape } of this.parameters.shapes) {
      const bound = name.endsWith("lora_A.weight") ? shape[1]! ** -0.5 : 0;
      this.parameters.set(
        name,
        Float32Array.from({ length: shape[0]! * shape[1]! }, () => bound * (2 * random() - 1)),
      );
    }
  }

  /** The two files of PEFT, in f32. */
  async files(spelling: "current" | "old" = "current"): Promise<NamedBytes[]> {
    const spell = spelling === "old" ? oldName : (name: string) => name;
    const values = await this.parameters.read();
    const tensors = this.parameters.shapes.map(({ name, shape }) => ({
      name: adapterPrefix + spell(name),
      dtype: "F32" as const,
      shape,
      values: values.get(name)!,
    }));
    const modules = [...this.#modules.keys()].map(spell);
    // An expression may be made for the other spelling.
    const targets = modules.every((name) => isTarget(this.config, name)) ? this.config.targetModules : modules;
    const json = { ...this.config.json, target_modules: targets };
    return [
      { name: adapterConfigFile, bytes: new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`) },
      { name: adapterWeightsFile, bytes: writeSafetensors(tensors) },
    ];
  }
}

/** A tensor's name in an adapter file, in any of the spellings that PEFT has written, as parameters are named here. */
export function adapterParameterName(fileName: string): string {
  const name = fileName.startsWith(adapterPrefix) ? fileName.slice(adapterPrefix.length) : fileName;
  return currentName(name.replace(/\.lora_(A|B)\.default\.weight$/, ".lora_$1.weight"));
}

/**
 * Reads a PEFT adapter's folder.
 *
 * @throws Error naming the tensor that is missing, left over or of another shape
 */
export async function loadAdapter(
  gpu: Gpu,
  model: Parameters,
  files: CheckpointFiles,
  options: { trained: boolean },
): Promise<LoraAdapter> {
  const adapter = new LoraAdapter(gpu, model, readLoraConfig(await readJson(files, adapterConfigFile)), options);
  try {
    await fillAdapter(adapter, files);
  } catch (error) {
    adapter.parameters.free();
    throw error;
  }
  return adapter;
}

/** Overwrites an adapter's weights with those of a folder of the same configuration. @throws Error as loadAdapter does */
export async function fillAdapter(adapter: LoraAdapter, files: CheckpointFiles): Promise<void> {
  const missing = new Map(adapter.parameters.shapes.map((p) => [p.name, p.shape]));
  for (const tensor of await openFile(files, adapterWeightsFile)) {
    const name = adapterParameterName(tensor.name);
    const shape = missing.get(name);
    if (!shape)
      throw new Error(
        `${adapterWeightsFile}: target_modules of ${adapterConfigFile} names no layer for "${tensor.name}"`,
      );
    if (shape.join() !== tensor.shape.join())
      throw new Error(
        `${adapterWeightsFile}: "${tensor.name}" has shape ${shapeText(tensor.shape)}, ${adapterConfigFile} and the model make it ${shapeText(shape)}`,
      );
    adapter.parameters.set(name, await tensor.values());
    missing.delete(name);
  }
  const [first] = missing.keys();
  if (first)
    throw new Error(
      `${adapterWeightsFile} lacks ${missing.size} tensors that ${adapterConfigFile} asks for, the first is "${first}"`,
    );
}
