import { crop } from "../../image/crop.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { intersectionOverUnion } from "../box_overlap.ts";
import type { CallOutcome, ToolCall } from "../rollout.ts";

/** The one tool, as models are told about it (the full schema of verl's DeepEyes recipe, configs/image_zoom_in_tool_config.yaml). */
export const zoomSchema =
  '{"type":"function","function":{"name":"image_zoom_in_tool","description":"Zoom in on a specific region of an image by cropping it based on a bounding box (bbox) and an optional object label.","parameters":{"type":"object","properties":{"bbox_2d":{"type":"array","items":{"type":"number"},"minItems":4,"maxItems":4,"description":"The bounding box of the region to zoom in, as [x1, y1, x2, y2], where (x1, y1) is the top-left corner and (x2, y2) is the bottom-right corner."},"label":{"type":"string","description":"The name or label of the object in the specified bounding box (optional)."}},"required":["bbox_2d"]}}}';

const zoomName = "image_zoom_in_tool";

/** A picture in a conversation: the pixels that can be cropped, and what the model sees of them. */
export interface View {
  original: Pixels;
  modelInput: Pixels;
}

export interface ZoomSettings {
  /** What the model's numbers mean: thousandths of the picture (Qwen3-VL) or pixels of the picture as shown (Qwen2.5-VL). */
  frame: "relative-1000" | "shown-pixels";
  /** A crop is never narrower than this (as far as the picture allows). */
  minSidePx: number;
  /**
   * Controls that show whether the crop itself matters: "blank" answers with a grey picture of the same size,
   * "shuffled" with another place of the same picture.
   */
  crop: "source" | "blank" | "shuffled";
}

/** A call as it goes into the log; the loop adds where it was made. */
export type Call = Omit<ToolCall, "segment">;

/**
 * Answers one call. `json` is what the model wrote between the tags, `views` the pictures of the conversation so far,
 * task pictures first. An argument `image_index` chooses among them (0 where it is absent).
 *
 * The box is widened to a square about its centre, moved inside the picture, rounded to whole pixels and cut from the
 * *source* pixels, so that zooming shows more than the model had seen. Never throws for what the model wrote: a bad
 * call comes back with its outcome and a message for the model, without a cut.
 */
export function zoom(
  json: string,
  views: readonly View[],
  settings: ZoomSettings,
  goldBoxSourcePx?: Box,
): { call: Call; cut?: Pixels } {
  const fail = (outcome: CallOutcome, message: string, rest: Partial<Call> = {}): { call: Call } => ({
    call: { name: zoomName, ...rest, outcome, message },
  });

  let written: unknown;
  try {
    written = JSON.parse(json);
  } catch {
    return fail("not_json", "Error: the tool call is not valid JSON", { name: "" });
  }
  if (!isObject(written))
    return fail("not_json", "Error: the tool call must be a JSON object with name and arguments", { name: "" });
  if (written.name !== zoomName) {
    const name = typeof written.name === "string" ? written.name : "";
    return fail("unknown_tool", `Error: there is no such tool; the only one is ${zoomName}`, { name });
  }
  if (!isObject(written.arguments)) return fail("bad_arguments", "Error: arguments must be an object with bbox_2d");

  const label = typeof written.arguments.label === "string" ? { label: written.arguments.label } : {};
  const numbers = written.arguments.bbox_2d;
  // JSON.parse reads 1e999 as Infinity, so a number that JSON allows may still not be finite.
  if (
    !Array.isArray(numbers) ||
    numbers.length !== 4 ||
    !numbers.every((n) => typeof n === "number" && Number.isFinite(n))
  ) {
    return fail("bad_arguments", "Error: bbox_2d must be a list of 4 numbers", label);
  }
  const boxWritten = numbers as [number, number, number, number];
  const imageIndex = written.arguments.image_index ?? 0;
  const view = typeof imageIndex === "number" ? views[imageIndex] : undefined;
  if (typeof imageIndex !== "number" || !view) {
    return fail("image_index", `Error: image_index must be a whole number from 0 to ${views.length - 1}`, {
      boxWritten,
      ...label,
    });
  }

  const known = { boxWritten, imageIndex, ...label };
  const [widthUnits, heightUnits] =
    settings.frame === "relative-1000" ? [1000, 1000] : [view.modelInput.width, view.modelInput.height];
  const [x1, y1, x2, y2] = boxWritten;
  if (!(x2 > x1 && y2 > y1)) return fail("bad_box", "Error: bbox_2d must have x1 < x2 and y1 < y2", known);
  if (Math.min(x1, y1) < 0 || x2 > widthUnits || y2 > heightUnits) {
    return fail(
      "bad_box",
      `Error: bbox_2d must lie inside the image, which ends at [${widthUnits}, ${heightUnits}]`,
      known,
    );
  }

  const { width, height } = view.original;
  const scaleX = width / widthUnits;
  const scaleY = height / heightUnits;
  const boxSourcePx = widen([x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY], view.original, settings.minSidePx);
  const cut = cutOut(view.original, boxSourcePx, settings.crop);
  // The gold box stands in picture 0; a crop of a crop has no frame in common with it.
  const iou = goldBoxSourcePx && imageIndex === 0 ? { iou: intersectionOverUnion(boxSourcePx, goldBoxSourcePx) } : {};
  return {
    call: { name: zoomName, outcome: "ok", ...known, boxSourcePx, ...iou },
    cut,
  };
}

/** The square about the box's centre that holds the box, inside the picture, in whole pixels; where the picture is too narrow for the square, as much of it as there is. */
function widen([left, top, right, bottom]: Box, picture: { width: number; height: number }, minSidePx: number): Box {
  const side = Math.max(Math.round(Math.max(right - left, bottom - top)), minSidePx);
  const place = (centre: number, length: number): [number, number] => {
    const size = Math.min(side, length);
    const start = Math.min(Math.max(Math.round(centre - size / 2), 0), length - size);
    return [start, start + size];
  };
  const [x, xEnd] = place((left + right) / 2, picture.width);
  const [y, yEnd] = place((top + bottom) / 2, picture.height);
  return [x, y, xEnd, yEnd];
}

/** What the tool answers with for a box that it carried out. */
export function cutOut(source: Pixels, box: Box, how: ZoomSettings["crop"]): Pixels {
  if (how === "blank") return grey(box);
  return crop(source, how === "shuffled" ? elsewhere(box, source) : box);
}

/** A box of the same size, moved along both sides by half the room that there is; the same at every replay. */
function elsewhere([left, top, right, bottom]: Box, { width, height }: { width: number; height: number }): Box {
  const move = (start: number, size: number, side: number) => {
    const room = side - size;
    return (start + Math.ceil(room / 2)) % (room + 1);
  };
  const [w, h] = [right - left, bottom - top];
  const [x, y] = [move(left, w, width), move(top, h, height)];
  return [x, y, x + w, y + h];
}

function grey([left, top, right, bottom]: Box): Pixels {
  const [width, height] = [right - left, bottom - top];
  return { width, height, data: new Uint8Array(width * height * 3).fill(128) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
