import type { Box } from "../../image/pixels.ts";
import { loadJson, type PythonValue } from "../../policy/python_json.ts";
import { isTruthy, length, max, min, round, str, toFloat, typeName } from "../../policy/python_text.ts";
import { refusal, type ToolContext, type ToolResult } from "./tool.ts";

const minSidePx = 28;
const longestReply = 256;

/** What verl's zoom tool answers: a crop of the model input, or an error sentence. */
export type VerlReply =
  | {
      ok: true;
      text: string;
      toolReward: number;
      /** Clamped and, where it was too small, enlarged; before PIL rounds it. */
      box: FloatBox;
      cropShownPx: Box;
      enlarged: boolean;
    }
  | {
      ok: false;
      text: string;
      toolReward: number;
      kind: "missing_or_not_4" | "invalid_box" | "exception_in_processing" | "tool_exception";
      reason?: Invalid;
    };

interface Size {
  width: number;
  height: number;
}

/** Left, top, right, bottom; not yet whole pixels. */
type FloatBox = [number, number, number, number];

type Invalid = "empty_or_inverted_after_clamp" | "aspect_ratio_gt_100" | "final_size_lt_28";

/**
 * `image_zoom_in_tool` of verl's DeepEyes recipe, called as its agent loop calls it (verl b37184774,
 * tools/image_zoom_in_tool.py and experimental/agent_loop/tool_agent_loop.py): Python's conversions and messages
 * included. The picture is the one that the model sees; a box under 28 pixels is enlarged about its centre.
 *
 * @param json  the arguments as JSON text
 * @param image size of the model input
 */
export function zoomAsVerl(json: string, image: Size): VerlReply {
  try {
    const reply = execute(loadJson(json), image);
    return { ...reply, text: shorten(reply.text) };
  } catch (error) {
    const text = `Error when executing tool: ${(error as Error).message}`;
    return { ok: false, kind: "tool_exception", text, toolReward: 0 };
  }
}

/** The first picture of the conversation is the one that verl's tool was created with. */
export function zoomInVerl({ json, views: [view] }: ToolContext): ToolResult {
  if (!view) return refusal("image_index", "Error when executing tool: Missing required 'image' parameter in kwargs");
  const { original, modelInput } = view;
  const reply = zoomAsVerl(json, modelInput);
  if (!reply.ok) return refusal(reply.kind === "invalid_box" ? "bad_box" : "bad_arguments", reply.text);
  const [x, y] = [original.width / modelInput.width, original.height / modelInput.height];
  const [left, top, right, bottom] = reply.cropShownPx;
  return {
    caption: reply.text,
    record: {
      boxShownPx: reply.cropShownPx,
      boxSourcePx: [Math.round(left * x), Math.round(top * y), Math.round(right * x), Math.round(bottom * y)],
      imageIndex: 0,
    },
  };
}

function execute(parameters: PythonValue, image: Size): VerlReply {
  if (!(parameters instanceof Map)) throw new Error(`'${typeName(parameters)}' object has no attribute 'get'`);
  const written = parameters.get("bbox_2d") ?? null;
  const label = parameters.get("label") ?? (parameters.has("label") ? null : "");
  if (!isTruthy(written) || lengthOf(written) !== 4)
    return {
      ok: false,
      kind: "missing_or_not_4",
      text: "Error: bbox_2d parameter is missing or not a list of 4 numbers.",
      toolReward: -0.05,
    };
  let fitted: ReturnType<typeof fitInto>;
  try {
    fitted = fitInto(itemsOf(written).map(toFloat), image);
  } catch (error) {
    const text = `Error processing image zoom-in: ${(error as Error).message}`;
    return { ok: false, kind: "exception_in_processing", text, toolReward: -0.05 };
  }
  if ("reason" in fitted)
    return {
      ok: false,
      kind: "invalid_box",
      reason: fitted.reason,
      text: `Error: The specified bounding box ${str(written)} is invalid or results in a crop smaller than the minimum size of ${minSidePx}x${minSidePx}.`,
      toolReward: -0.05,
    };
  const labelled = isTruthy(label) ? ` with label ${str(label)}` : "";
  return {
    ok: true,
    text: `Zoomed in on the image to the region ${str(written)}${labelled}.`,
    toolReward: 0,
    box: fitted.box,
    cropShownPx: fitted.box.map(round) as Box,
    enlarged: fitted.enlarged,
  };
}

/** `len(value)`. */
function lengthOf(value: PythonValue): number {
  if (typeof value === "string") return length(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new Error(`object of type '${typeName(value)}' has no len()`);
}

/** What unpacking gives: of a text its characters, of a dict its keys. */
const itemsOf = (value: PythonValue): PythonValue[] =>
  value instanceof Map ? [...value.keys()] : [...(value as PythonValue[] | string)];

function fitInto(
  [l = 0, t = 0, r = 0, b = 0]: number[],
  { width, height }: Size,
): { box: FloatBox; enlarged: boolean } | { reason: Invalid } {
  const [left, top, right, bottom] = [max(0, l), max(0, t), min(width, r), min(height, b)];
  const invalid = check(left, top, right, bottom);
  if (invalid) return { reason: invalid };
  const enlarged = right - left < minSidePx || bottom - top < minSidePx;
  const box = enlarged ? enlarge([left, top, right, bottom], { width, height }) : ([left, top, right, bottom] as const);
  const still = check(...box);
  if (still) return { reason: still };
  const sides = [Math.floor(box[2]) - Math.floor(box[0]), Math.floor(box[3]) - Math.floor(box[1])];
  if (Math.min(...sides) < minSidePx) return { reason: "final_size_lt_28" };
  return { box: [...box], enlarged };
}

function check(left: number, top: number, right: number, bottom: number): Invalid | null {
  if (!(left < right && top < bottom)) return "empty_or_inverted_after_clamp";
  const [width, height] = [right - left, bottom - top];
  return Math.max(width, height) / Math.min(width, height) > 100 ? "aspect_ratio_gt_100" : null;
}

/** The least side becomes 28, the aspect stays, the box is moved inside; whole pixels outwards. */
function enlarge([left, top, right, bottom]: FloatBox, image: Size): FloatBox {
  const ratio = minSidePx / Math.min(bottom - top, right - left);
  let width = (right - left) * ratio;
  let height = (bottom - top) * ratio;
  if (width > image.width) {
    height *= image.width / width;
    width = image.width;
  }
  if (height > image.height) {
    width *= image.height / height;
    height = image.height;
  }
  const place = (centre: number, size: number, side: number) => {
    const start = Math.max(0, centre - size / 2);
    return start + size > side ? side - size : start;
  };
  const x = place((left + right) / 2, width, image.width);
  const y = place((top + bottom) / 2, height, image.height);
  return [Math.floor(x), Math.floor(y), Math.ceil(x + width), Math.ceil(y + height)];
}

function shorten(text: string): string {
  const letters = [...text];
  if (letters.length <= longestReply) return text;
  const half = longestReply / 2;
  return `${letters.slice(0, half).join("")}...(truncated)...${letters.slice(-half).join("")}`;
}
