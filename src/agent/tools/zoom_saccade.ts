import type { Box } from "../../image/pixels.ts";
import { chosenView, coordinateUnits, refusal, type ToolContext, type ToolResult } from "./tool.ts";

/**
 * The box in source pixels by our own rules. It is widened to a square about its centre, moved inside the picture and
 * rounded to whole pixels. An argument `image_index` chooses among the conversation's pictures.
 */
export function zoomAsSaccade(given: Record<string, unknown>, context: ToolContext): ToolResult {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return refusal("bad_arguments", "Error: arguments must be an object with bbox_2d");
  const label = typeof given.label === "string" ? { label: given.label } : {};
  const boxWritten = fourNumbers(given.bbox_2d);
  if (!boxWritten) return refusal("bad_arguments", "Error: bbox_2d must be a list of 4 numbers", label);
  const chosen = chosenView(given.image_index, context.views);
  if ("refused" in chosen) return { ...chosen.refused, record: { boxWritten, ...label } };
  const { view, imageIndex } = chosen;

  const record = { boxWritten, imageIndex, ...label };
  const units = coordinateUnits(view, context.frame);
  const [x1, y1, x2, y2] = boxWritten;
  if (!(x2 > x1 && y2 > y1)) return refusal("bad_box", "Error: bbox_2d must have x1 < x2 and y1 < y2", record);
  if (Math.min(x1, y1) < 0 || x2 > units.width || y2 > units.height) {
    const end = `[${units.width}, ${units.height}]`;
    return refusal("bad_box", `Error: bbox_2d must lie inside the image, which ends at ${end}`, record);
  }
  const { original } = view;
  const [scaleX, scaleY] = [original.width / units.width, original.height / units.height];
  const boxSourcePx = widen([x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY], original, context.minSidePx);
  return {
    caption: `Zoomed in on image ${imageIndex} to the region ${JSON.stringify(boxWritten)}; this is image ${context.views.length}.`,
    record: { ...record, boxSourcePx },
  };
}

function fourNumbers(value: unknown): [number, number, number, number] | null {
  // JSON.parse reads 1e999 as Infinity, so a number that JSON allows may still not be finite.
  const fits = Array.isArray(value) && value.length === 4 && value.every((n) => Number.isFinite(n));
  return fits ? (value as [number, number, number, number]) : null;
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
