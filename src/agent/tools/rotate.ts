import type { Pixels } from "../../image/pixels.ts";
import { rotate } from "../../image/rotate.ts";
import type { Call, View } from "./zoom.ts";

const rotateName = "image_rotate_tool";

/** Answers a call of image_rotate_tool; null where the call is of another tool or cannot be read at all. */
export function rotation(json: string, views: readonly View[]): { call: Call; cut?: Pixels } | null {
  let written: { name?: unknown; arguments?: { angle?: unknown; image_index?: unknown } | null } | null;
  try {
    written = JSON.parse(json);
  } catch {
    return null;
  }
  if (written?.name !== rotateName) return null;
  const degrees = written.arguments?.angle;
  if (typeof degrees !== "number" || !Number.isFinite(degrees))
    return {
      call: { name: rotateName, outcome: "bad_arguments", message: "Error: angle must be a number of degrees" },
    };
  const imageIndex = written.arguments?.image_index ?? 0;
  const view = typeof imageIndex === "number" ? views[imageIndex] : undefined;
  if (typeof imageIndex !== "number" || !view)
    return {
      call: {
        name: rotateName,
        outcome: "image_index",
        message: `Error: image_index must be a whole number from 0 to ${views.length - 1}`,
      },
    };
  return {
    call: { name: rotateName, outcome: "ok", rotateDegrees: degrees, imageIndex },
    cut: rotate(view.original, degrees),
  };
}
