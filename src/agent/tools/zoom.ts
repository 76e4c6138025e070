import { intersectionOverUnion } from "../box_overlap.ts";
import { cutOut } from "./cut_out.ts";
import { defineTool, type EnvironmentName, loggedView, type ToolContext, type ToolResult } from "./tool.ts";
import { zoomAsDeepEyes } from "./zoom_deepeyes.ts";
import { zoomAsSaccade } from "./zoom_saccade.ts";
import { zoomInVerl } from "./zoom_verl.ts";

const rules: Record<EnvironmentName, (given: Record<string, unknown>, context: ToolContext) => ToolResult> = {
  saccade: zoomAsSaccade,
  verl: (_, context) => zoomInVerl(context),
  deepeyes: (_, context) => zoomAsDeepEyes(context),
};

/** DeepEyes' tool: a box of a picture, enlarged. Cut from the original pixels, it shows more than the model had seen. */
export const zoom = defineTool({
  name: "image_zoom_in_tool",
  label: "Zoom",
  help: "cuts a box out of a picture: saccade out of the original, verl out of the model input, deepeyes by numbers of the wrong frame",
  // As verl's model reads it: `items`, `minItems` and `maxItems` of its schema file are lost on the way.
  schema: {
    description:
      "Zoom in on a specific region of an image by cropping it based on a bounding box (bbox) and an optional object label.",
    parameters: {
      type: "object",
      properties: {
        bbox_2d: {
          type: "array",
          description:
            "The bounding box of the region to zoom in, as [x1, y1, x2, y2], where (x1, y1) is the top-left corner and (x2, y2) is the bottom-right corner.",
        },
        label: {
          type: "string",
          description: "The name or label of the object in the specified bounding box (optional).",
        },
      },
      required: ["bbox_2d"],
    },
  },
  // The shipped variants were trained with it; DeepEyes' own system prompt tells of it.
  promptLines: { compact: "", deepeyes: "" },
  outcomes: { bad_box: { label: "box", line: "calls whose box shows nothing" } },
  checksArguments: true,

  call(given, context) {
    const result = rules[context.environment](given, context);
    const { record = {} } = result;
    // The gold box stands in picture 0; a crop of a crop has no frame in common with it.
    const gold = record.imageIndex === 0 ? context.task.goldBoxSourcePx : undefined;
    if (!gold || !record.boxSourcePx) return result;
    return { ...result, record: { ...record, iou: intersectionOverUnion(record.boxSourcePx, gold) } };
  },

  replay(call, pictures, { crop }) {
    const { original, modelInput } = loggedView(call, pictures);
    const { boxSourcePx, boxShownPx } = call;
    if (!boxSourcePx) return null;
    // verl's tool cuts from the model input; where that is not known, the same place is cut from the original.
    const [picture, box] = boxShownPx && modelInput ? [modelInput, boxShownPx] : [original, boxSourcePx];
    const [left, top, right, bottom] = box;
    const { width, height } = picture;
    if (!(left >= 0 && top >= 0 && right <= width && bottom <= height && left < right && top < bottom))
      throw new Error(`it cuts [${box.join(", ")}] out of a picture of ${width} × ${height} pixels`);
    return cutOut(picture, box, crop);
  },

  summary: ({ boxSourcePx }) => `crop (${boxSourcePx?.map(Math.round).join(", ")}) source px`,
});
