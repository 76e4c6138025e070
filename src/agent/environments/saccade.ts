import { type ParsedTurn, parseTurn, readTurn } from "../parse.ts";
import { rotation } from "../tools/rotate.ts";
import { zoom } from "../tools/zoom.ts";
import type { Heard, Listener, ListeningSettings } from "./open_environment.ts";

/** Our own tool: crops from source pixels, of any picture so far; bad calls come back with a sentence that can be acted on. */
export function saccadeListener(settings: ListeningSettings): Listener {
  const read: (text: string) => ParsedTurn = settings.prompt === "compact" ? parseTurn : readTurn;
  return ({ text, views, mayCall, tools, goldBoxSourcePx }): Heard => {
    const turn = read(text);
    if (turn.kind === "answer") return { end: "answer", answer: turn.answer, calls: [] };
    if (turn.kind === "malformed" || !tools)
      return { end: "malformed", answer: turn.kind === "malformed" ? turn.answer : null, calls: [] };
    if (!mayCall) return { end: "turns", answer: null, calls: [] };
    const { call, cut } =
      (settings.rotate ? rotation(turn.json, views) : null) ?? zoom(turn.json, views, settings, goldBoxSourcePx);
    if (cut) {
      const what =
        call.rotateDegrees === undefined
          ? `Zoomed in on image ${call.imageIndex} to the region ${JSON.stringify(call.boxWritten)}`
          : `Rotated image ${call.imageIndex} by ${call.rotateDegrees} degrees`;
      return { end: null, calls: [call], said: `${what}; this is image ${views.length}.`, cut };
    }
    return settings.toolErrors === "answer"
      ? { end: null, calls: [call], said: call.message!, cut: null }
      : { end: "malformed", answer: null, calls: [call] };
  };
}
