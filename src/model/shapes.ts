import type { ModelConfig } from "./config.ts";
import type { ParameterShape } from "./parameters.ts";
import { parameterShapes as qwen25Shapes } from "./qwen2_5_vl.ts";
import { parameterShapes as qwen3Shapes } from "./qwen3_vl.ts";

/** Every weight's name and shape of the model that a configuration describes. */
export function modelShapes(config: ModelConfig): ParameterShape[] {
  const { vision } = config;
  return vision.family === "qwen3_vl" ? qwen3Shapes({ ...config, vision }) : qwen25Shapes({ ...config, vision });
}

/** Numbers in weights of these shapes. */
export const parameterCount = (shapes: readonly ParameterShape[]): number =>
  shapes.reduce((total, { shape }) => total + shape.reduce((product, side) => product * side, 1), 0);
