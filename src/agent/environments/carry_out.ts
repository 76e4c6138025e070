import { originOf } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { orAborted } from "../or_aborted.ts";
import type { Call } from "../rollout.ts";
import { argumentsFault } from "../tools/arguments.ts";
import { checkedPicture, checkedResult } from "../tools/check_result.ts";
import type { CallFault, Tool, ToolContext, ToolResult } from "../tools/tool.ts";
import { ToolFailure } from "../tools/tool_failure.ts";
import type { AnsweredCall, EnvironmentSettings, ModelTurn } from "./environment.ts";

/** The arguments of a call, not yet checked, and the same as JSON text as they were written. */
interface CallArguments {
  given: unknown;
  json: string;
}

/**
 * Has a tool carry a call out.
 * @throws ToolFailure where the tool throws, or gives what no tool may give; the signal's reason where that is aborted
 */
export async function carryOut(
  tool: Tool,
  { given, json }: CallArguments,
  { views, task, states }: ModelTurn,
  { frame, minSidePx, crop, tool: environment, prompt, signal }: EnvironmentSettings,
): Promise<AnsweredCall> {
  const fault = tool.checksArguments ? null : argumentsFault(given, tool.schema);
  if (fault !== null) return notCarriedOut(tool.name, "bad_arguments", `Error: ${fault}`);
  try {
    // Nothing is waited for that is there: a step has hundreds of calls, most of them of tools that answer at once.
    const opened = states.of(tool);
    const state = opened && (await orAborted(opened, signal));
    const context = { views, task, json, environment, prompt, frame, minSidePx, crop, state, signal };
    const result = tool.call(given as Record<string, unknown>, context);
    return answerOf(tool, isPromise(result) ? await orAborted(result, signal) : result, context);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw new ToolFailure(tool, error);
  }
}

/** Somebody's own tool may give anything with a `then`. */
const isPromise = (result: ToolResult | Promise<ToolResult>): result is Promise<ToolResult> =>
  typeof (result as Partial<Promise<ToolResult>> | null)?.then === "function";

/** A call that no tool was asked to carry out, answered with a sentence. */
export const notCarriedOut = (name: string, outcome: CallFault, message: string): AnsweredCall => ({
  call: { name, outcome, message },
  text: message,
  caption: "",
  picture: null,
});

function answerOf(tool: Tool, result: ToolResult, context: ToolContext): AnsweredCall {
  const { outcome, text, caption, record } = checkedResult(tool, result);
  const { name } = tool;
  if (outcome !== "ok") return { call: { name, ...record, outcome, message: text }, text, caption: "", picture: null };
  const call: Call = { name, outcome, ...record, ...(result.picture ? { pictureKept: false } : {}) };
  const picture = result.picture ?? tool.replay?.({ segment: 0, ...call }, context.views, context) ?? null;
  if (!picture && text === "") throw new Error("it gave neither a text nor a picture");
  return { call, text, caption, picture: picture && withOwnBytes(checkedPicture(picture)) };
}

/** A tool may write its next picture over the bytes of this one. */
const withOwnBytes = (picture: Pixels): Pixels =>
  originOf(picture) ? picture : { ...picture, data: picture.data.slice() };
