import type { Box } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import { expectBox } from "./branch_result.ts";
import type { Parent, StartParts, TurnPlace } from "./branch_start.ts";
import type { EnvironmentSettings } from "./environments/environment.ts";
import { offersTools } from "./tools/table.ts";
import { coordinateUnits, type View } from "./tools/tool.ts";
import { zoom } from "./tools/zoom.ts";

/**
 * A turn that calls the zoom tool with a box of the task's first picture, in its original pixels.
 * @throws Error with one sentence where that cannot be called, or where the box lies outside
 */
export function withBox(
  { rollout, task, views }: Parent,
  { segment, tokens }: TurnPlace,
  boxSourcePx: Box,
  { chat, tokenizer, settings }: StartParts,
): { kept: number; given: number[] } {
  const [view] = views;
  if (!view) throw new Error("Expected a task with a picture to draw a box on, found none");
  expectBox(boxSourcePx, view.original);
  if (!offersTools(task, settings) || !settings.tools.includes(zoom))
    throw new Error(`Expected a run that offers the tool ${zoom.name}, found one that does not; type a text instead`);
  const made = rollout.calls.filter((call) => call.segment < segment).length;
  if (made >= settings.maxToolCalls)
    throw new Error(
      `Expected fewer calls before this turn than the run allows (${settings.maxToolCalls}), found ${made}; draw in an earlier turn`,
    );
  const strict = settings.prompt === "compact";
  return turnWithBox(tokens, boxUnits(boxSourcePx, view, settings), { tokenizer, chat, strict });
}

/** The numbers of a box in a call, as the tool's schema names them. */
const writtenBox = /("bbox_2d"\s*:\s*\[)[^[\]]*(\])/;

/** What else a call may say about which picture it means. */
const otherPicture = /,\s*"image_index"\s*:\s*[1-9]\d*/;

/**
 * A turn with a call for a box: where the turn has one, the same with the box's numbers in it; else one that stands before
 * the answer of the turn. The tokens before it stay.
 * @param box  in the units that the environment reads
 * @returns    how many of the turn's tokens stay, and those that follow
 */
export function turnWithBox(
  tokens: readonly number[],
  box: readonly number[],
  { tokenizer, chat, strict }: { tokenizer: Vocabulary; chat: Chat; strict: boolean },
): { kept: number; given: number[] } {
  const texts = tokenizer.texts([...tokens]);
  const text = texts.join("");
  const written = writtenBox.exec(text);
  const [start, rest] = written
    ? [written.index + written[1]!.length, `${box.join(", ")}${text.slice(written.index + written[0].length - 1)}`]
    : [beginningOfCall(text, strict), `${newCall(box)}${tokenizer.decode(chat.stops.slice(0, 1))}`];
  let [kept, at] = [0, 0];
  while (kept < texts.length && at + texts[kept]!.length <= start) at += texts[kept++]!.length;
  // The box is drawn on the task's picture.
  const following = written ? rest.replace(otherPicture, "") : rest;
  return { kept, given: tokenizer.encode(`${text.slice(at, start)}${following}`) };
}

const newCall = (box: readonly number[]): string =>
  `<tool_call>\n{"name": "${zoom.name}", "arguments": {"bbox_2d": [${box.join(", ")}]}}\n</tool_call>`;

/** Behind the thoughts of a turn; in the strict form, which has none, at its beginning. */
function beginningOfCall(text: string, strict: boolean): number {
  if (strict) return 0;
  const found = ["<tool_call>", "<answer>", "<|im_end|>"].map((tag) => text.indexOf(tag)).filter((at) => at >= 0);
  return Math.min(text.length, ...found);
}

/** A box of the picture in the numbers that a call has for it. @param boxSourcePx  in its original pixels */
export function boxUnits(
  [left, top, right, bottom]: Box,
  view: View,
  { frame, tool }: Pick<EnvironmentSettings, "frame" | "tool">,
): number[] {
  const { original, modelInput } = view;
  const units = tool === "saccade" ? coordinateUnits(view, frame) : tool === "verl" ? modelInput : original;
  const across = (x: number) => Math.round((x / original.width) * units.width);
  const down = (y: number) => Math.round((y / original.height) * units.height);
  // A box that is narrower than a unit would be none.
  const wide = (from: number, to: number, most: number) =>
    to > from ? [from, to] : from < most ? [from, from + 1] : [from - 1, from];
  const [x1, x2] = wide(across(left), across(right), units.width);
  const [y1, y2] = wide(down(top), down(bottom), units.height);
  return [x1!, y1!, x2!, y2!];
}
