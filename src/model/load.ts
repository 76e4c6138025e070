import type { Gpu } from "../gpu/gpu.ts";
import { shapeText } from "../gpu/tensor.ts";
import { readConfig } from "./config.ts";
import type { Model } from "./model.ts";
import { currentName } from "./names.ts";
import { Qwen25VL } from "./qwen2_5_vl.ts";
import { Qwen3VL } from "./qwen3_vl.ts";
import { type CheckpointFiles, openCheckpoint } from "./safetensors.ts";

/**
 * Builds the model that a Hugging Face folder describes and fills it tensor by tensor.
 *
 * @throws Error naming the tensor that is missing, left over or of another shape; the model is not to be used then
 */
export async function loadModel(gpu: Gpu, files: CheckpointFiles, { trained }: { trained: boolean }): Promise<Model> {
  const config = readConfig(await readJson(files, "config.json"), await readJson(files, "preprocessor_config.json"));
  const { vision } = config;
  const model =
    vision.family === "qwen3_vl"
      ? new Qwen3VL(gpu, { ...config, vision }, { trained })
      : new Qwen25VL(gpu, { ...config, vision }, { trained });
  await fillModel(model, files);
  return model;
}

/** Overwrites all weights with those of a folder, a stretch of a tensor at a time. @throws Error as loadModel does */
export async function fillModel(model: Model, files: CheckpointFiles): Promise<void> {
  const tensors = await openCheckpoint(files);
  const missing = new Map(model.parameters.shapes.map((p) => [p.name, p.shape]));
  for (const tensor of tensors) {
    const name = currentName(tensor.name);
    // Some checkpoints store the tied head a second time.
    if (name === "lm_head.weight" && model.config.tieWordEmbeddings) continue;
    const shape = missing.get(name);
    if (!shape) throw new Error(`${tensor.file}: the model that config.json describes has no weight "${tensor.name}"`);
    if (shape.join() !== tensor.shape.join())
      throw new Error(
        `${tensor.file}: "${tensor.name}" has shape ${shapeText(tensor.shape)}, config.json makes it ${shapeText(shape)}`,
      );
    for await (const { first, values } of tensor.parts()) model.parameters.write(name, values, first);
    missing.delete(name);
  }
  const [first] = missing.keys();
  if (first)
    throw new Error(`The checkpoint lacks ${missing.size} weights that config.json asks for, the first is "${first}"`);
}

/** A JSON file of a model folder. @throws Error where it is missing or no JSON object */
export async function readJson(files: CheckpointFiles, name: string): Promise<Record<string, unknown>> {
  if ((await files.sizeBytes(name)) === null) throw new Error(`${name} is missing from the model's folder`);
  const text = new TextDecoder().decode(await files.read(name));
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new Error(`${name} is not a JSON object; is the download complete?`);
}
