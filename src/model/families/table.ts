import type { ModelConfig } from "../config.ts";
import { excerpt } from "../json_file.ts";
import type { ParameterShape } from "../parameters.ts";
import type { Family, ModelFiles } from "./family.ts";
import { qwen25VL } from "./qwen2_5_vl/family.ts";
import { qwen3VL } from "./qwen3_vl/family.ts";

/** The families of models that can be loaded. */
export const families: readonly Family[] = [qwen25VL, qwen3VL];

/** The family of a `model_type`. @throws Error where there is none */
export function familyNamed(modelType: unknown): Family {
  const found = families.find((family) => family.modelType === modelType);
  if (found) return found;
  const known = families.map((family) => `"${family.modelType}"`).join(" or ");
  throw new Error(
    `config.json: model_type is ${excerpt(modelType)}, expected ${known}; choose a model of one of these`,
  );
}

export const familyOf = ({ modelType }: ModelConfig): Family => familyNamed(modelType);

/** Every weight's name and shape of the model that a configuration describes. */
export const modelShapes = (config: ModelConfig): ParameterShape[] => familyOf(config).parameterShapes(config);

/** The two files of a published model by its name on the Hub, of which only sizes are to be trusted; null where no family knows it. */
export function publishedFiles(name: string): ModelFiles | null {
  const family = families.find(({ published }) => Object.hasOwn(published, name));
  return family?.published[name] ?? null;
}
