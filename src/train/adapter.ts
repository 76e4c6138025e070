import type { Gpu } from "../gpu/gpu.ts";
import type { CheckpointFiles } from "../model/checkpoint_files.ts";
import { fillAdapter, LoraAdapter, loadAdapter } from "../model/lora.ts";
import { adapterConfigFile, type LoraConfig, readLoraConfig } from "../model/lora_config.ts";
import type { Model } from "../model/model.ts";
import { Random } from "../tasks/random.ts";
import { type AdapterSettings, hasAdapter } from "./adapter_settings.ts";
import type { RunConfig } from "./knobs.ts";

/** Random numbers of an adapter's first weights (see needle.ts, lessons.ts, file_tasks.ts and warmup.ts for other streams). */
const stream = 0x6c6f7261;

/** What a new adapter of these knobs is, as PEFT writes it. @throws Error where the targets are not a list of names */
export function newLoraConfig({
  model,
  loraRank,
  loraAlpha,
  loraTargets,
}: Omit<AdapterSettings, "adapter">): LoraConfig {
  const [, repository, revision] = /^(?:hf:\/\/)?(\w[\w.-]*\/\w[\w.-]*)@(.+)$/.exec(model) ?? [];
  return readLoraConfig({
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: repository ?? model,
    revision: revision ?? null,
    r: loraRank,
    lora_alpha: loraAlpha,
    lora_dropout: 0,
    target_modules: targetModules(loraTargets),
    exclude_modules: null,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_to_transform: null,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
    use_dora: false,
    use_rslora: false,
  });
}

/** @throws Error where training would differ from PEFT's; rollouts, scores and exports do not */
export function expectTrainable({ dropout }: LoraConfig): void {
  if (dropout > 0)
    throw new Error(
      `${adapterConfigFile}: lora_dropout is ${dropout}, training supports only 0; set it to 0 there to train without dropout`,
    );
}

/** Names mean layers of the text model: the vision tower of Qwen2.5-VL has some of the same names. */
function targetModules(text: string): string {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 1 && names[0] === "all-linear") return "all-linear";
  const wrong = names.find((name) => !/^\w+(\.\w+)*$/.test(name));
  if (names.length === 0 || wrong !== undefined)
    throw new Error(
      `loraTargets must be names of layers such as q_proj,v_proj, or all-linear, found "${wrong ?? text}"`,
    );
  return `.*language_model.*\\.(${names.map((name) => name.replaceAll(".", "\\.")).join("|")})`;
}

/** What an adapter is opened by; a new one's weights follow from the seed. */
type SeededSettings = AdapterSettings & Pick<RunConfig, "seed">;

/**
 * The adapter that a run trains: a new one, or the one that its folder holds. Null where all weights are trained.
 * The caller puts it on the model before any pass is recorded.
 *
 * @param files  of the folder that `config.adapter` names
 * @throws Error with one sentence where the folder does not fit the model or the knobs
 */
export async function openAdapter(
  gpu: Gpu,
  model: Model,
  config: SeededSettings,
  files: CheckpointFiles | null,
): Promise<LoraAdapter | null> {
  if (!hasAdapter(config)) return null;
  if (config.adapter === "") {
    const adapter = new LoraAdapter(gpu, model.parameters, newLoraConfig(config), { trained: true });
    initialize(adapter, config.seed);
    return adapter;
  }
  const adapter = await loadAdapter(gpu, model.parameters, filesOf(config, files), { trained: true });
  if (config.loraRank > 0 && config.loraRank !== adapter.config.r) {
    adapter.parameters.free();
    throw new Error(
      `loraRank is ${config.loraRank}, the adapter in ${config.adapter} has rank ${adapter.config.r}; leave loraRank at 0 to go on from it, or adapter empty for a new one`,
    );
  }
  return adapter;
}

/** Back to what `openAdapter` gave under the same knobs, in place, with a fresh optimizer. @throws Error as it does */
export async function refillAdapter(
  adapter: LoraAdapter,
  config: SeededSettings,
  files: CheckpointFiles | null,
): Promise<void> {
  if (config.adapter === "") initialize(adapter, config.seed);
  else await fillAdapter(adapter, filesOf(config, files));
  adapter.parameters.resetOptimizer();
}

function initialize(adapter: LoraAdapter, seed: number): void {
  const random = new Random(seed, [stream]);
  adapter.initialize(() => random.uniform());
}

function filesOf({ adapter }: AdapterSettings, files: CheckpointFiles | null): CheckpointFiles {
  if (!files) throw new Error(`Expected the files of the adapter ${adapter}, found none`);
  return files;
}
