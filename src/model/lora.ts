import type { Gpu } from "../gpu/gpu.ts";
import { shapeText, type Tensor } from "../gpu/tensor.ts";
import type { Adapter } from "../ops/linear.ts";
import type { NamedBytes } from "../platform.ts";
import { formatJson, readJson } from "./json_file.ts";
import {
  type AdaptedModule,
  adaptedModules,
  adapterConfigFile,
  type LoraConfig,
  readLoraConfig,
} from "./lora_config.ts";
import { matcherOf } from "./lora_modules.ts";
import { currentName, oldName } from "./names.ts";
import { Parameters } from "./parameters.ts";
import { type CheckpointFiles, openFile, writeSafetensors } from "./safetensors.ts";

export const adapterWeightsFile = "adapter_model.safetensors";
/** What stands before a module's name in an adapter's file. */
export const adapterPrefix = "base_model.model.";

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
      name: spell(name),
      shape,
      values: values.get(name)!,
    }));
    return adapterFiles(this.config, tensors, [...this.#modules.keys()].map(spell));
  }
}

/**
 * The two files of PEFT, in f32.
 *
 * @param tensors  named as parameters are
 * @param modules  the layers that have an adapter
 */
export function adapterFiles(
  config: LoraConfig,
  tensors: readonly { name: string; shape: readonly number[]; values: Float32Array }[],
  modules: readonly string[],
): NamedBytes[] {
  // An expression may be made for the other spelling.
  const { isTarget } = matcherOf(config);
  const targets = modules.every(isTarget) ? config.targetModules : modules;
  const json = { ...config.json, target_modules: targets };
  const prefixed = tensors.map((tensor) => ({ ...tensor, name: adapterPrefix + tensor.name, dtype: "F32" as const }));
  return [
    { name: adapterConfigFile, bytes: new TextEncoder().encode(`${formatJson(json)}\n`) },
    { name: adapterWeightsFile, bytes: writeSafetensors(prefixed) },
  ];
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
