import type { Box } from "../../image/pixels.ts";
import { loadJson, type PythonValue } from "../../policy/python_json.ts";
import { item, length, max, min, round, typeName } from "../../policy/python_text.ts";
import { refusal, type ToolContext, type ToolResult } from "./tool.ts";

/** The arguments that the box is spread over. */
const sides = ["left", "top", "right", "bottom"];
const method = "VisualToolBoxV2.maybe_resize_bbox()";
const invalid = "ZOOM IN ARGUMENTS ARE INVALID";

/** DeepEyes' zoom: into the first picture, in pixels of the picture itself, whatever size the model saw. */
export function zoomAsDeepEyes({ json, views: [view] }: ToolContext): ToolResult {
  try {
    const boxSourcePx = boxAsDeepEyes(loadJson(json), view?.original ?? { width: 0, height: 0 });
    return { record: { boxSourcePx, imageIndex: 0 } };
  } catch (error) {
    const { message } = error as Error;
    return refusal(message === invalid ? "bad_box" : "bad_arguments", `Error: ${message}`);
  }
}

/**
 * The box that `VisualToolBoxV2` cuts (DeepEyes 6c5e796, .../envs/mm_process_engine/visual_toolbox_v2.py); it must be
 * wider and higher than 30. Python's conversions included. @throws Error with Python's message
 */
export function boxAsDeepEyes(given: PythonValue, { width, height }: { width: number; height: number }): Box {
  const box = item(given, "bbox_2d");
  if (typeof box !== "string" && !Array.isArray(box) && !(box instanceof Map))
    throw new Error(
      `verl.workers.agent.envs.mm_process_engine.visual_toolbox_v2.${method} argument after * must be an iterable, not ${typeName(box)}`,
    );
  const items: PythonValue[] = box instanceof Map ? [...box.keys()] : [...box];
  const count = typeof box === "string" ? length(box) : items.length;
  if (count > 4) throw new Error(`${method} takes 5 positional arguments but ${count + 1} were given`);
  const [first, second, third, fourth] = items;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) {
    const names = sides.slice(count).map((side) => `'${side}'`);
    const last = names.pop();
    const listed = names.length > 1 ? `${names.join(", ")}, and ${last}` : [...names, last].join(" and ");
    const plural = names.length > 0 ? "arguments" : "argument";
    throw new Error(`${method} missing ${names.length + 1} required positional ${plural}: ${listed}`);
  }
  const compared = (value: PythonValue, sign: string): number => {
    if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return Number(value);
    throw new Error(`'${sign}' not supported between instances of '${typeName(value)}' and 'int'`);
  };
  const left = max(0, compared(first, ">"));
  const top = max(0, compared(second, ">"));
  const right = min(width, compared(third, "<"));
  const bottom = min(height, compared(fourth, "<"));
  const [w, h] = [right - left, bottom - top];
  if (!(left < right && bottom > top && Math.max(w, h) / Math.min(w, h) <= 100 && Math.min(w, h) > 30))
    throw new Error(invalid);
  return [round(left), round(top), round(right), round(bottom)];
}
