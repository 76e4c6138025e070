import type { Box } from "../../image/pixels.ts";
import { intersectionOverUnion } from "../box_overlap.ts";
import { readTurn } from "../parse.ts";
import type { CallOutcome } from "../rollout.ts";
import { type Call, cutOut } from "../tools/zoom.ts";
import { zoomAsVerl } from "../tools/zoom_verl.ts";
import { callsAsVerl } from "./calls_verl.ts";
import type { Heard, Listener, ListeningSettings } from "./open_environment.ts";

/**
 * verl's agent loop (b37184774): a turn without a call that can be read ends, whatever stands in it; the first call is
 * carried out, on the first picture as the model sees it.
 */
export function verlListener(settings: Pick<ListeningSettings, "crop">): Listener {
  return ({ text, views, mayCall, tools, goldBoxSourcePx }): Heard => {
    const [first] = tools ? callsAsVerl(text).calls : [];
    if (!first) {
      const turn = readTurn(text);
      if (turn.kind === "answer") return { end: "answer", answer: turn.answer, calls: [] };
      return { end: "malformed", answer: turn.kind === "malformed" ? turn.answer : null, calls: [] };
    }
    if (!mayCall) return { end: "turns", answer: null, calls: [] };
    const [view] = views;
    // A row without a picture: verl's tool has nothing to create itself from.
    if (!view) {
      const message = "Error when executing tool: Missing required 'image' parameter in kwargs";
      return { end: null, calls: [{ name: first.name, outcome: "image_index", message }], said: message, cut: null };
    }
    const reply = zoomAsVerl(first.name, first.arguments, view.modelInput);
    if (!reply.ok) {
      const call: Call = { name: first.name, outcome: outcomes[reply.kind], message: reply.text };
      if (reply.kind === "tool_exception" && first.name !== "image_zoom_in_tool") call.outcome = "unknown_tool";
      return { end: null, calls: [call], said: reply.text, cut: null };
    }
    const [x, y] = [view.original.width / view.modelInput.width, view.original.height / view.modelInput.height];
    const [left, top, right, bottom] = reply.cropShownPx;
    const boxSourcePx: Box = [Math.round(left * x), Math.round(top * y), Math.round(right * x), Math.round(bottom * y)];
    const call: Call = {
      name: first.name,
      outcome: "ok",
      boxShownPx: reply.cropShownPx,
      boxSourcePx,
      imageIndex: 0,
      ...(goldBoxSourcePx ? { iou: intersectionOverUnion(boxSourcePx, goldBoxSourcePx) } : {}),
    };
    return {
      end: null,
      calls: [call],
      said: reply.text,
      cut: cutOut(view.modelInput, reply.cropShownPx, settings.crop),
    };
  };
}

const outcomes: Record<"missing_or_not_4" | "invalid_box" | "exception_in_processing" | "tool_exception", CallOutcome> =
  {
    missing_or_not_4: "bad_arguments",
    invalid_box: "bad_box",
    exception_in_processing: "bad_arguments",
    tool_exception: "bad_arguments",
  };
