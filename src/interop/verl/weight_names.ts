import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { listed, type Mapping } from "../alias_rules.ts";
import { actor, model, rollout } from "./sections.ts";

const modelDtype = `${actor}.fsdp_config.model_dtype`;
const dtypes: Readonly<Record<string, RunConfig["baseDtype"]>> = {
  fp32: "f32",
  float32: "f32",
  bf16: "bf16",
  bfloat16: "bf16",
  fp16: "f16",
  float16: "f16",
};

/** The dtype of the weights under an adapter. */
export const baseDtype: Mapping = {
  names: [modelDtype],
  read(given, base, say) {
    const dtype = given(modelDtype);
    if (dtype === undefined) return {};
    const found = Object.hasOwn(dtypes, dtype) ? dtypes[dtype]! : null;
    if (!found) throw new Error(`supported kinds of model_dtype are ${Object.keys(dtypes).join(", ")}`);
    if (hasAdapter(base)) return { baseDtype: found };
    if (found !== "f32")
      say(`${modelDtype}=${dtype}: all weights are trained, in f32; --base-dtype bf16 reads them as the nearest bf16`);
    return {};
  },
  write({ baseDtype, ...config }): Record<string, string> {
    const dtype = Object.keys(dtypes).find((name) => dtypes[name] === baseDtype);
    return hasAdapter(config) && dtype !== undefined ? { [modelDtype]: dtype } : {};
  },
};

const cacheDtypes: Readonly<Record<string, RunConfig["kvCacheDtype"] | null>> = {
  // The dtype of vLLM's or SGLang's model: theirs, not that of our kernels.
  auto: null,
  bfloat16: "bf16",
  bf16: "bf16",
};

/** The dtype of the rollout engine's cache of keys and values, as verl passes it on. */
export const cacheDtype: Mapping = {
  names: ["vllm", "sglang"].map((engine) => `${rollout}.engine_kwargs.${engine}.kv_cache_dtype`),
  read(given) {
    const dtype = cacheDtype.names.map(given).find((text) => text !== undefined) ?? "auto";
    if (!Object.hasOwn(cacheDtypes, dtype))
      throw new Error(`supported kinds of kv_cache_dtype are ${Object.keys(cacheDtypes).join(", ")}`);
    const found = cacheDtypes[dtype];
    return found ? { kvCacheDtype: found } : {};
  },
  // Engine arguments are in no yaml file, so the override is forced ("++").
  write: ({ kvCacheDtype }): Record<string, string> =>
    kvCacheDtype === "bf16" ? { [`++${cacheDtype.names[0]!}`]: "bfloat16" } : {},
};

export const lora: Mapping = {
  names: [`${model}.lora_rank`, `${model}.lora_alpha`, `${model}.target_modules`],
  read(given) {
    const rank = given(`${model}.lora_rank`);
    const alpha = given(`${model}.lora_alpha`);
    const targets = given(`${model}.target_modules`);
    return {
      ...(rank === undefined ? {} : { loraRank: rank }),
      ...(alpha === undefined ? {} : { loraAlpha: alpha }),
      ...(targets === undefined ? {} : { loraTargets: listed(targets).join(",") }),
    };
  },
  write: ({ loraRank, loraAlpha, loraTargets }): Record<string, string> =>
    loraRank === 0
      ? {}
      : {
          [`${model}.lora_rank`]: String(loraRank),
          [`${model}.lora_alpha`]: String(loraAlpha),
          [`${model}.target_modules`]: loraTargets === "all-linear" ? loraTargets : `[${loraTargets}]`,
        },
};
