import type { Gpu } from "../gpu/gpu.ts";
import { shapeText } from "../gpu/tensor.ts";
import type { Adapter } from "../ops/low_rank.ts";
import type { NamedBytes } from "../platform.ts";
import { type CheckpointFiles, openFile } from "./checkpoint_files.ts";
import { formatJson, readJson } from "./json_file.ts";
import {
  type AdaptedModule,
  adaptedModules,
  adapterConfigFile,
  type LoraConfig,
  readLoraConfig,
} from "./lora_config.ts";
import { matcherOf } from "./lora_modules.ts";
import { type AdapterNames, currentName, oldName } from "./names.ts";
import { Parameters } from "./parameters.ts";
import { sidesOf } from "./weight_form.ts";
import { writeSafetensors } from "./write_safetensors.ts";

export const adapterWeightsFile = "adapter_model.safetensors";
/** Prefix of a module's name in an adapter's file. */
export const adapterPrefix = "base_model.model.";

/** Low-rank matrices beside a model's linear layers, trained while the model is frozen (LoRA, as PEFT has it). */
export class LoraAdapter {
  readonly parameters: Parameters;
  readonly #modules: ReadonlyMap<string, AdaptedModule>;

  /** All zero, which changes nothing. @param model the weights that it adapts */
  constructor(
    gpu: Gpu,
    model: Parameters,
    readonly config: LoraConfig,
    { trained }: { trained: boolean },
  ) {
    const modules = adaptedModules(config, model.shapes);
    this.#modules = new Map(modules.map((m) => [m.module, m]));
    const packs = packsOf(modules, model);
    const shapes = modules.flatMap(({ module, O, I, rank }) => {
      const pack = packs.get(module);
      const packed = (part: string) => (pack ? { pack: `${pack}.${part}`, layers: pack } : {});
      return [
        { name: `${module}.lora_A.weight`, shape: [rank, I], ...packed("lora_A") },
        { name: `${module}.lora_B.weight`, shape: [O, rank], ...packed("lora_B") },
      ];
    });
    this.parameters = new Parameters(gpu, shapes, { trained });
  }

  /**
   * The adapters of modules that are applied as one: one for all of them where they are packed, else one each.
   *
   * @param modules  named as in the model
   * @param bounds   where the columns of each begin, and the end of the last
   */
  on(modules: readonly string[], bounds: readonly number[]): Adapter[] {
    const get = (part: "A" | "B", of: readonly string[]) =>
      this.parameters.packed(of.map((module) => `${module}.lora_${part}.weight`));
    const adapter = (of: readonly string[], columns: readonly number[]): Adapter | null => {
      const found = this.#modules.get(of[0] ?? "");
      const [down, up] = [get("A", of), get("B", of)];
      return found && down && up ? { down, up, scaling: found.scaling, bounds: columns } : null;
    };
    const one = adapter(modules, bounds);
    if (one) return [one];
    return modules.flatMap((module, i) => adapter([module], bounds.slice(i, i + 2)) ?? []);
  }

  /** The matrices of one module, down (R, I) and up (O, R), and what their product is multiplied by; null where it has none. */
  async matrices(module: string): Promise<{ down: Float32Array; up: Float32Array; scaling: number } | null> {
    const found = this.#modules.get(module);
    if (!found) return null;
    const all = (part: "A" | "B", rows: number) => this.parameters.readRows(`${module}.lora_${part}.weight`, 0, rows);
    return { down: await all("A", found.rank), up: await all("B", found.O), scaling: found.scaling };
  }

  /** PEFT's first state: A uniform within 1 / sqrt(I), B zero. @param random gives numbers from 0 to 1 */
  initialize(random: () => number): void {
    for (const { name, shape } of this.parameters.shapes) {
      const { rows, columns } = sidesOf({ shape });
      const bound = name.endsWith("lora_A.weight") ? columns ** -0.5 : 0;
      this.parameters.set(
        name,
        Float32Array.from({ length: rows * columns }, () => bound * (2 * random() - 1)),
      );
    }
  }

  /** The two files of PEFT, in f32. */
  async files(spelling: AdapterNames = "current"): Promise<NamedBytes[]> {
    const spell = spelling === "old" ? oldName : (name: string) => name;
    const values = await this.parameters.read();
    const tensors = this.parameters.shapes.map(({ name, shape }) => ({
      name: spell(name),
      shape,
      values: values.get(name) ?? new Float32Array(),
    }));
    return adapterFiles(this.config, tensors, [...this.#modules.keys()].map(spell));
  }
}

/**
 * The pack of each module that has one: modules that the model packs, all of them adapted with one rank and one scaling.
 */
function packsOf(modules: readonly AdaptedModule[], model: Parameters): Map<string, string> {
  const adapted = new Map(modules.map((m) => [`${m.module}.weight`, m]));
  const names = new Map<string, string[]>();
  for (const { name, pack } of model.shapes) if (pack) names.set(pack, [...(names.get(pack) ?? []), name]);
  const packs = new Map<string, string>();
  for (const [pack, members] of names) {
    const found = members.map((name) => adapted.get(name));
    const [first] = found;
    const isOne = found.every((m) => m && m.rank === first?.rank && m.scaling === first.scaling);
    if (isOne && model.packed(members)) for (const m of found) if (m) packs.set(m.module, pack);
  }
  return packs;
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
