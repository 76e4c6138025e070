import type { Pixels } from "../../image/pixels.ts";
import { chosenView, coordinateUnits, defineTool, loggedView, refusal } from "./tool.ts";

interface Given {
  point_2d: [x: number, y: number];
  image_index?: number;
}

/** A cross at a point: the model sees whether it points at what it means. No original has it; the schema is ours. */
export const mark = defineTool({
  name: "image_mark_tool",
  label: "Mark",
  help: "draws a red cross at a point of a picture",
  schema: {
    description: "Mark a point of an image with a red cross and look at the image again.",
    parameters: {
      type: "object",
      properties: {
        point_2d: {
          type: "array",
          items: { type: "number" },
          minItems: 2,
          maxItems: 2,
          description: "The point as [x, y].",
        },
        image_index: { type: "integer", minimum: 0, description: "Which image, counted from 0 (optional)." },
      },
      required: ["point_2d"],
    },
  },
  outcomes: { bad_point: { label: "point", line: "calls whose point lies outside of the picture" } },

  call({ point_2d: [x, y], image_index }: Given, { views, frame }) {
    const chosen = chosenView(image_index, views);
    if ("refused" in chosen) return chosen.refused;
    const { view, imageIndex } = chosen;
    const { width, height } = coordinateUnits(view, frame);
    if (Math.min(x, y) < 0 || x > width || y > height) {
      const text = `Error: point_2d must lie inside the image, which ends at [${width}, ${height}]`;
      return refusal("bad_point", text, { imageIndex });
    }
    const { original } = view;
    const pixelOf = (at: number, units: number, size: number) => Math.min(Math.floor((at / units) * size), size - 1);
    const pointSourcePx = [pixelOf(x, width, original.width), pixelOf(y, height, original.height)];
    return {
      caption: `Marked [${x}, ${y}] in image ${imageIndex}; this is image ${views.length}.`,
      record: { imageIndex, details: { pointSourcePx } },
    };
  },

  replay(call, pictures) {
    const { original } = loggedView(call, pictures);
    const point: unknown = call.details?.pointSourcePx;
    const [x, y] = Array.isArray(point) ? point : [];
    if (!Number.isInteger(x) || !Number.isInteger(y)) throw new Error("its point is not two whole numbers");
    return withCross(original, x, y);
  },

  summary: ({ details }) => `marked [${details?.pointSourcePx}] source px`,
});

/** Each arm is a thirty-second of the shorter side long; what lies outside of the picture is not drawn. */
function withCross({ width, height, data }: Pixels, x: number, y: number): Pixels {
  const copy = data.slice();
  const arm = Math.max(2, Math.round(Math.min(width, height) / 32));
  const half = Math.floor(arm / 8);
  for (let row = y - arm; row <= y + arm; row++)
    for (let column = x - arm; column <= x + arm; column++) {
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      if (isInside && Math.min(Math.abs(row - y), Math.abs(column - x)) <= half)
        copy.set([255, 0, 0], (row * width + column) * 3);
    }
  return { width, height, data: copy };
}
