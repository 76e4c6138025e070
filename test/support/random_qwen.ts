import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { readConfig } from "../../src/model/families/read_files.ts";
import { modelShapes } from "../../src/model/families/table.ts";
import { type Json, readJson } from "../../src/model/json_file.ts";
import { writeSafetensors } from "../../src/model/write_safetensors.ts";
import { Random } from "../../src/tasks/random.ts";
import { goldenFiles } from "./golden.ts";

/** Sides that blocks of 32 and 64 divide. */
const wider: Readonly<Record<string, { text: Json; vision: Json }>> = {
  "qwen3-deepstack": {
    text: { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 3, vocab_size: 96 },
    vision: { hidden_size: 64, num_heads: 4, intermediate_size: 128, out_hidden_size: 64 },
  },
  "qwen25-window": {
    text: { hidden_size: 64, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 128, vocab_size: 112 },
    vision: { hidden_size: 64, num_heads: 4, intermediate_size: 128, out_hidden_size: 64 },
  },
};

/**
 * A checkpoint like that of a folder in test/golden, wider and with random weights.
 * @param dtype  as which its weights, rounded to bf16, are stored
 */
export async function randomQwen(golden: keyof typeof wider, dtype: "BF16" | "F32"): Promise<CheckpointFiles> {
  const files = goldenFiles(golden);
  const json = await readJson(files, "config.json");
  const { text, vision } = wider[golden]!;
  Object.assign(json.text_config as Json, text);
  Object.assign(json.vision_config as Json, vision);
  const config = readConfig(json, await readJson(files, "preprocessor_config.json"));
  const tensors = modelShapes(config).map(({ name, shape }, i) => {
    const random = new Random(5, [i]);
    const count = shape.reduce((product, side) => product * side, 1);
    const isVector = shape.length === 1;
    const deviation = name.includes("embed_tokens") ? 0.3 : (count / shape[0]!) ** -0.5;
    const values = Float32Array.from({ length: count }, () => (isVector ? 1 : random.normal() * deviation));
    // The upper halves of f32 are bf16.
    const words = new Uint32Array(values.buffer);
    for (let k = 0; k < count; k++) words[k] = words[k]! & 0xffff0000;
    return { name, dtype, shape, values };
  });
  const own: Record<string, Uint8Array> = {
    "config.json": new TextEncoder().encode(JSON.stringify(json)),
    "model.safetensors": writeSafetensors(tensors),
  };
  return {
    read: async (name, start, end) => (own[name] ? own[name].slice(start, end) : files.read(name, start, end)),
    sizeBytes: async (name) => own[name]?.length ?? files.sizeBytes(name),
  };
}
