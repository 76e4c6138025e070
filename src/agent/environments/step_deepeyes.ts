import type { Box } from "../../image/pixels.ts";
import { loadJson, type PythonValue } from "../../policy/python_json.ts";
import { afterLast, length, max, min, round, str, strip, typeName } from "../../policy/python_text.ts";
import { deepEyesUser } from "../../policy/recipe_texts.ts";

/** What DeepEyes' environment makes of one turn of the model. */
export type DeepEyesStep =
  | { done: true }
  | {
      done: false;
      /** What follows the model's turn; `<image>` stands for the crop. */
      prompt: string;
      /** Of the picture's own pixels, where the model zoomed. */
      cropSourcePx?: Box;
      /** Anticlockwise, where it turned the picture. */
      rotateDegrees?: number;
    };

const turn = (content: string) => `\n<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`;

/**
 * One step of `VisualToolBoxV2` (DeepEyes 6c5e796, .../envs/mm_process_engine/visual_toolbox_v2.py): a filled answer
 * ends, so does a turn without a call; of several calls the last counts; boxes are in pixels of the picture itself,
 * whatever size the model saw, and must be wider and higher than 30. Python's conversions and messages included.
 */
export function stepAsDeepEyes(text: string, image: { width: number; height: number }): DeepEyesStep {
  if (lastBetween(text, "answer")) return { done: true };
  const action = lastBetween(text, "tool_call");
  if (!action) return { done: true };
  const fail = (message: string): DeepEyesStep => ({ done: false, prompt: turn(`Error: ${message}`) });
  let call: PythonValue;
  try {
    call = loadJson(strip(action));
  } catch (error) {
    return fail(`Invalid tool call format: ${strip(action)}. Error: ${(error as Error).message}`);
  }
  try {
    return { done: false, prompt: turn(`<tool_response><image>${deepEyesUser}</tool_response>`), ...act(call, image) };
  } catch (error) {
    return fail((error as Error).message);
  }
}

function lastBetween(text: string, tag: string): string | undefined {
  return [...text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].at(-1)?.[1];
}

function act(call: PythonValue, image: { width: number; height: number }) {
  const name = item(call, "name");
  const args = item(call, "arguments");
  if (name === "image_zoom_in_tool") return { cropSourcePx: crop(item(args, "bbox_2d"), image) };
  if (name === "image_rotate_tool") return { rotateDegrees: angle(item(args, "angle")) };
  throw new Error(`Unknown tool name: ${str(name)}`);
}

/** `value[key]`. */
function item(value: PythonValue, key: string): PythonValue {
  if (value instanceof Map) {
    const found = value.get(key);
    if (found === undefined) throw new Error(`'${key}'`);
    return found;
  }
  if (typeof value === "string") throw new Error("string indices must be integers, not 'str'");
  if (Array.isArray(value)) throw new Error("list indices must be integers or slices, not str");
  throw new Error(`'${typeName(value)}' object is not subscriptable`);
}

/** The arguments that the box is spread over. */
const sides = ["left", "top", "right", "bottom"];
const method = "VisualToolBoxV2.maybe_resize_bbox()";

function crop(box: PythonValue, { width, height }: { width: number; height: number }): Box {
  if (typeof box !== "string" && !Array.isArray(box) && !(box instanceof Map))
    throw new Error(
      `verl.workers.agent.envs.mm_process_engine.visual_toolbox_v2.${method} argument after * must be an iterable, not ${typeName(box)}`,
    );
  const items: PythonValue[] = box instanceof Map ? [...box.keys()] : [...box];
  const given = typeof box === "string" ? length(box) : items.length;
  if (given > 4) throw new Error(`${method} takes 5 positional arguments but ${given + 1} were given`);
  if (given < 4) {
    const names = sides.slice(given).map((side) => `'${side}'`);
    const last = names.pop()!;
    const listed = names.length > 1 ? `${names.join(", ")}, and ${last}` : [...names, last].join(" and ");
    const plural = names.length > 0 ? "arguments" : "argument";
    throw new Error(`${method} missing ${names.length + 1} required positional ${plural}: ${listed}`);
  }
  const compared = (value: PythonValue, sign: string): number => {
    if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return Number(value);
    throw new Error(`'${sign}' not supported between instances of '${typeName(value)}' and 'int'`);
  };
  const left = max(0, compared(items[0]!, ">"));
  const top = max(0, compared(items[1]!, ">"));
  const right = min(width, compared(items[2]!, "<"));
  const bottom = min(height, compared(items[3]!, "<"));
  const [w, h] = [right - left, bottom - top];
  if (!(left < right && bottom > top && Math.max(w, h) / Math.min(w, h) <= 100 && Math.min(w, h) > 30))
    throw new Error("ZOOM IN ARGUMENTS ARE INVALID");
  return [round(left), round(top), round(right), round(bottom)];
}

/** What `Image.rotate` takes: it begins with `angle % 360.0`. */
function angle(value: PythonValue): number {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return Number(value);
  if (typeof value === "string") throw new Error("not all arguments converted during string formatting");
  throw new Error(`unsupported operand type(s) for %: '${typeName(value)}' and 'float'`);
}

/** The sentence in a step's prompt, where it is an error. */
export const errorIn = (prompt: string): string =>
  afterLast(prompt, "<|im_start|>user\n").replace(/<\|im_end\|>.*$/s, "");
