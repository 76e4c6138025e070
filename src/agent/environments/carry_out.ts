import type { Pixels } from "../../image/pixels.ts";
import type { Call } from "../rollout.ts";
import { argumentsFault } from "../tools/arguments.ts";
import { type CallFault, callFaults, type Tool, type ToolContext, type ToolResult } from "../tools/tool.ts";
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
  if (fault !== null) return notAnsweredCall(tool.name, "bad_arguments", `Error: ${fault}`);
  try {
    const state = await orAborted(states.of(tool), signal);
    const context = { views, task, json, environment, prompt, frame, minSidePx, crop, state, signal };
    const result = tool.call(given as Record<string, unknown>, context);
    return answerOf(tool, await orAborted(Promise.resolve(result), signal), context);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw new ToolFailure(tool, error);
  }
}

/** A call of which no tool was asked, answered with a sentence. */
export const notAnsweredCall = (name: string, outcome: string, message: string): AnsweredCall => ({
  call: { name, outcome, message },
  text: message,
  caption: "",
  picture: null,
});

/** A call that no tool was asked to carry out, answered with a sentence. */
export const notCarriedOut = (name: string, outcome: CallFault, message: string): AnsweredCall => ({
  call: { name, outcome, message },
  text: message,
  caption: "",
  picture: null,
});

function answerOf(tool: Tool, result: ToolResult, context: ToolContext): AnsweredCall {
  if (typeof result !== "object" || result === null)
    throw new Error(`it gave ${shownValue(result)} instead of a result`);
  const { outcome = "ok", text = "", caption = "", record = {} } = result;
  for (const [key, value] of Object.entries({ outcome, text, caption }))
    if (typeof value !== "string") throw new Error(`its ${key} must be text, found ${shownValue(value)}`);
  const { name } = tool;
  if (outcome !== "ok") {
    const known = Object.keys({ ...callFaults, ...tool.outcomes });
    if (!known.includes(outcome)) throw new Error(`its outcome must be ok, ${known.join(", ")}, found ${outcome}`);
    if (text === "") throw new Error(`a call with the outcome ${outcome} needs a text for the model`);
    return { call: { name, ...record, outcome, message: text }, text, caption: "", picture: null };
  }
  const call: Call = { name, outcome, ...record, ...(result.picture ? { pictureKept: false } : {}) };
  if (record.details) expectPlain(record.details);
  const picture = result.picture ?? tool.replay?.({ segment: 0, ...call }, context.views, context) ?? null;
  if (picture) expectPicture(picture);
  else if (text === "" && caption === "") throw new Error("it gave neither a text nor a picture");
  return { call, text, caption, picture };
}

function expectPicture({ width, height, data }: Pixels): void {
  const isWhole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (isWhole && data instanceof Uint8Array && data.length === width * height * 3) return;
  throw new Error(
    `its picture must have width × height × 3 bytes of RGB, found ${width} × ${height} and ${data?.length ?? "no"} bytes`,
  );
}

/** @throws Error where a log could not give back what stands in it */
function expectPlain(details: Record<string, unknown>): void {
  const isPlain = (value: unknown): boolean => {
    if (value === null || typeof value === "string" || typeof value === "boolean") return true;
    if (typeof value === "number") return Number.isFinite(value);
    if (Array.isArray(value)) return value.every(isPlain);
    if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
    return Object.values(value).every(isPlain);
  };
  const bad = Object.entries(details).find(([, value]) => !isPlain(value));
  if (bad) throw new Error(`record.details.${bad[0]} must be plain data, as JSON has it, found ${shownValue(bad[1])}`);
}

const shownValue = (value: unknown): string =>
  typeof value === "object" && value ? value.constructor.name : String(value);

/** The promise's value, or the signal's reason where that comes first: a tool may wait for a server that never answers. */
function orAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
