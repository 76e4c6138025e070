import { rotate } from "../../image/rotate.ts";
import { intersectionOverUnion } from "../box_overlap.ts";
import { readTurn } from "../parse.ts";
import type { CallOutcome } from "../rollout.ts";
import { type Call, cutOut } from "../tools/zoom.ts";
import type { Heard, Listener, ListeningSettings } from "./open_environment.ts";
import { errorIn, stepAsDeepEyes } from "./step_deepeyes.ts";

/**
 * DeepEyes' environment (6c5e796): an answer ends, whatever else stands in the turn, and so does a turn without a
 * call; the last call counts, its box in pixels of the picture itself although the model saw another size. Rotation is
 * carried out whether the model was told of it or not.
 */
export function deepEyesListener(settings: Pick<ListeningSettings, "crop">): Listener {
  return ({ text, views, mayCall, tools, goldBoxSourcePx }): Heard => {
    const [view] = views;
    const step = stepAsDeepEyes(text, view?.original ?? { width: 0, height: 0 });
    if (step.done || !tools) {
      const turn = readTurn(text);
      if (turn.kind === "answer") return { end: "answer", answer: turn.answer, calls: [] };
      return { end: "malformed", answer: turn.kind === "malformed" ? turn.answer : null, calls: [] };
    }
    if (!mayCall) return { end: "turns", answer: null, calls: [] };
    const { cropSourcePx, rotateDegrees } = step;
    if (view && cropSourcePx) {
      const call: Call = {
        name: "image_zoom_in_tool",
        outcome: "ok",
        boxSourcePx: cropSourcePx,
        imageIndex: 0,
        ...(goldBoxSourcePx ? { iou: intersectionOverUnion(cropSourcePx, goldBoxSourcePx) } : {}),
      };
      return { end: null, calls: [call], said: "", cut: cutOut(view.original, cropSourcePx, settings.crop) };
    }
    if (view && rotateDegrees !== undefined && Number.isFinite(rotateDegrees)) {
      const call: Call = { name: "image_rotate_tool", outcome: "ok", rotateDegrees, imageIndex: 0 };
      return { end: null, calls: [call], said: "", cut: rotate(view.original, rotateDegrees) };
    }
    const message =
      cropSourcePx || rotateDegrees !== undefined ? "Error: there is no picture to act on" : errorIn(step.prompt);
    return {
      end: null,
      calls: [{ name: nameIn(text), outcome: outcomeOf(message), message }],
      said: message,
      cut: null,
    };
  };
}

const nameIn = (text: string): string => /"name"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? "";

function outcomeOf(message: string): CallOutcome {
  if (message.startsWith("Error: Invalid tool call format")) return "not_json";
  if (message.startsWith("Error: Unknown tool name")) return "unknown_tool";
  if (message.includes("ZOOM IN ARGUMENTS ARE INVALID")) return "bad_box";
  return message.includes("no picture") ? "image_index" : "bad_arguments";
}
