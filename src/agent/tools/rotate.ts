import { rotate } from "../../image/rotate.ts";
import { loadJson, type PythonValue } from "../../policy/python_json.ts";
import { item, typeName } from "../../policy/python_text.ts";
import { chosenView, defineTool, loggedView, refusal, type ToolContext, type ToolResult } from "./tool.ts";

/** Which DeepEyes carries out but tells no model of: the schema is ours. */
export const rotation = defineTool({
  name: "image_rotate_tool",
  label: "Rotation",
  help: "turns a picture about its centre",
  schema: {
    description: "Rotate an image about its centre; what leaves the frame is lost, what is uncovered is black.",
    parameters: {
      type: "object",
      properties: { angle: { type: "number", description: "Degrees, anticlockwise." } },
      required: ["angle"],
    },
  },
  promptLines: { compact: "" },
  checksArguments: true,

  call(given: { angle?: unknown; image_index?: unknown } | null, context) {
    if (context.environment === "deepeyes") return rotateAsDeepEyes(context);
    const degrees = given?.angle;
    if (typeof degrees !== "number" || !Number.isFinite(degrees))
      return refusal("bad_arguments", "Error: angle must be a number of degrees");
    const chosen = chosenView(given?.image_index, context.views);
    if ("refused" in chosen) return chosen.refused;
    const { imageIndex } = chosen;
    return {
      caption: `Rotated image ${imageIndex} by ${degrees} degrees; this is image ${context.views.length}.`,
      record: { rotateDegrees: degrees, imageIndex },
    };
  },

  replay: (call, pictures) => rotate(loggedView(call, pictures).original, call.rotateDegrees ?? 0),

  summary: ({ rotateDegrees }) => `rotated by ${rotateDegrees} degrees`,
});

/** As `VisualToolBoxV2` does it (DeepEyes 6c5e796): the first picture, Python's messages. */
function rotateAsDeepEyes({ json, views }: ToolContext): ToolResult {
  try {
    const degrees = angleAsDeepEyes(loadJson(json));
    if (views.length === 0 || !Number.isFinite(degrees))
      return refusal("image_index", "Error: there is no picture to act on");
    return { record: { rotateDegrees: degrees, imageIndex: 0 } };
  } catch (error) {
    return refusal("bad_arguments", `Error: ${(error as Error).message}`);
  }
}

/** What `Image.rotate` takes: it begins with `angle % 360.0`. @throws Error with Python's message */
export function angleAsDeepEyes(given: PythonValue): number {
  const value = item(given, "angle");
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return Number(value);
  if (typeof value === "string") throw new Error("not all arguments converted during string formatting");
  throw new Error(`unsupported operand type(s) for %: '${typeName(value)}' and 'float'`);
}
