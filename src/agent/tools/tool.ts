import { type CoordinateFrame, frameSize } from "../../image/coordinate_frame.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { OfferedTool, PromptName } from "../../policy/offered_tool.ts";
import { expectNoControlToken } from "../../tasks/rows/texts.ts";
import type { Task } from "../../tasks/task.ts";
import type { ToolCall } from "../rollout.ts";
import { schemaProblem } from "./check_schema.ts";
import { foundText } from "./plain_data.ts";

/*
 * A tool is one object in one file. Prompts, environments, metrics, replays and labels on the page follow from it: see
 * mark.ts for a short one, and table.ts for where the built-in ones are listed.
 */

/** A picture in a conversation. */
export interface View {
  /** All the pixels there are: what a tool should cut from. */
  original: Pixels;
  /** The same picture as it was resized for the model. */
  modelInput: Pixels;
}

/** A view of a log: how it was resized may not be known any more. */
export type LoggedView = Pick<View, "original"> & Partial<View>;

/** What tools need to know of a run. */
export interface ToolSettings {
  /** What the model's coordinates mean: thousandths of the picture (Qwen3-VL), or pixels of the model input (Qwen2.5-VL). */
  frame: CoordinateFrame;
  /** A crop is never narrower than this (as far as the picture allows). */
  minSidePx: number;
  /**
   * Controls that show whether the crop itself matters: "blank" answers with a grey picture of the same size,
   * "shuffled" with another place of the same picture.
   */
  crop: "source" | "blank" | "shuffled";
}

/** Whose rules an environment follows: ours, or those of an original to the letter. */
export type EnvironmentName = "saccade" | "verl" | "deepeyes";

/** Where a call was made. */
export interface ToolContext<State = unknown> extends ToolSettings {
  /** The pictures of the conversation so far: those of the task, then those that tools gave. */
  views: readonly View[];
  task: Task;
  /** The arguments as JSON text, as they were written: for a tool that tells 1 from 1.0. */
  json: string;
  environment: EnvironmentName;
  prompt: PromptName;
  /** What `open` gave for this rollout; undefined without it. */
  state: State;
  /** Aborted where the run is stopped: hand it to whatever the tool waits for. */
  signal?: AbortSignal;
}

/** What the log keeps of a call, beside its name and outcome. Plain data: it is stored as JSON. */
export type CallRecord = Partial<
  Omit<ToolCall, "segment" | "name" | "outcome" | "message" | "legible" | "probe" | "pictureKept" | "replaced">
>;

/** What a call gave: a text, a picture, or both. */
export interface ToolResult {
  /** "ok" by default; else a `CallFault`, or a key of the tool's `outcomes`. */
  outcome?: string;
  /** What the model reads; for a failed call, what was wrong with it. */
  text?: string;
  /** A word about the picture, for a chat that has a place for it (verl's). Others leave it out. */
  caption?: string;
  /** The picture, where `replay` cannot make it from the record: logs do not hold it. */
  picture?: Pixels;
  record?: CallRecord;
}

/** A way in which a call can fail, in words: for the page, and for the metric `call_error/NAME`. */
export interface OutcomeText {
  /** One or two words: "Failed calls: " stands before them. */
  label: string;
  /** One line, such as "calls whose box shows nothing". */
  line: string;
}

/**
 * One tool. `Given` are its arguments by its schema; `State` is what it keeps through a rollout, most keep nothing.
 */
export interface Tool<Given = Record<string, unknown>, State = unknown> extends OfferedTool {
  /** Its name for people, one or two words: "Zoom". */
  readonly label: string;
  /** One line for people: what it does. */
  readonly help: string;
  /** One letter for the page's marks; by default the label's first. */
  readonly letter?: string;
  /** Ways to fail that only this tool has. Those that all tools have are `CallFault`. */
  readonly outcomes?: Readonly<Record<string, OutcomeText>>;
  /** Longest text in tokens that it answers with, 192 by default: capacity is reserved for it in every rollout. */
  readonly maxTextTokens?: number;
  /** True: `call` gets whatever the model wrote. Else arguments that do not fit the schema are answered before it. */
  readonly checksArguments?: boolean;

  /**
   * Carries a call out. What the model did wrong is an answer, with an outcome and a text for the model; an exception
   * is the tool's own failure: the rollout ends with "error" and a sentence that names the tool, and its group is trained
   * without it.
   */
  call(given: Given, context: ToolContext<State>): ToolResult | Promise<ToolResult>;

  /**
   * The picture of a call that was carried out, from what was recorded of it; null where it gave none. Also made with
   * this in the rollout itself, so a replay shows what the model saw. Always the same for the same arguments.
   * @param pictures  the rollout's pictures before the call
   */
  replay?(
    call: Readonly<ToolCall>,
    pictures: readonly LoggedView[],
    settings: Pick<ToolSettings, "crop">,
  ): Pixels | null;

  /** What an "ok" call did, in a few words for people; by default the label. */
  summary?(call: Readonly<ToolCall>): string;

  /** Called before the first call of a rollout; what it gives is `context.state` there. */
  open?(task: Task, views: readonly View[]): State | Promise<State>;
  /** Called once the rollout is over, where `open` was, also where the run is stopped. */
  close?(state: State): void | Promise<void>;
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const outcomePattern = /^[a-z][a-z0-9_]{0,39}$/;

/** Faults that a call of any tool can have. */
export const callFaults = {
  not_json: { label: "JSON", line: "calls that are not a JSON object" },
  unknown_tool: { label: "tool", line: "calls of a tool that there is not" },
  bad_arguments: { label: "arguments", line: "calls whose arguments cannot be read" },
  image_index: { label: "picture", line: "calls for a picture that there is not" },
} as const satisfies Record<string, OutcomeText>;
export type CallFault = keyof typeof callFaults;

/**
 * A tool, checked. A tool of one's own is a module whose default export is made by this.
 * @throws Error with one sentence about the first thing that is wrong
 */
export function defineTool<Given = Record<string, unknown>, State = unknown>(tool: Tool<Given, State>): Tool {
  const fail = (what: string): never => {
    throw new Error(`The tool ${typeof tool?.name === "string" ? tool.name : "without a name"}: ${what}`);
  };
  if (typeof tool?.name !== "string" || !namePattern.test(tool.name))
    fail(`name must be 1 to 64 letters, digits, "_" or "-", found ${JSON.stringify(tool?.name)}`);
  for (const key of ["label", "help"] as const)
    if (typeof tool[key] !== "string" || tool[key] === "")
      fail(`${key} must be a text for people, found ${JSON.stringify(tool[key])}`);
  if (typeof tool.call !== "function") fail("call must be a function of the arguments and the context");
  for (const key of ["replay", "summary", "open", "close"] as const)
    if (tool[key] !== undefined && typeof tool[key] !== "function")
      fail(`${key} must be a function, found ${foundText(tool[key])}`);
  const problem = schemaProblem(tool.schema);
  if (problem !== null) fail(problem);
  expectNoControlToken(
    [JSON.stringify(tool.schema), ...Object.values(tool.promptLines ?? {})],
    `The tool ${tool.name}: what a prompt says of it`,
  );
  const { letter = "L", maxTextTokens = 1 } = tool;
  if (typeof letter !== "string" || [...letter].length !== 1)
    fail(`letter must be one letter, found ${foundText(letter)}`);
  if (!Number.isInteger(maxTextTokens) || maxTextTokens < 1)
    fail(`maxTextTokens must be a whole number of at least 1, found ${foundText(maxTextTokens)}`);
  for (const [outcome, texts] of Object.entries(tool.outcomes ?? {})) {
    if (!outcomePattern.test(outcome) || outcome === "ok" || Object.hasOwn(callFaults, outcome))
      fail(`an outcome is a word of its own in small letters, such as bad_box; found ${JSON.stringify(outcome)}`);
    if (typeof texts?.label !== "string" || typeof texts.line !== "string")
      fail(`outcomes.${outcome} must be { label, line }, two texts for people`);
  }
  return tool as Tool<unknown> as Tool;
}

/** An answer to a call that cannot be carried out. @param text  what the model reads: what was expected */
export const refusal = (outcome: string, text: string, record: CallRecord = {}): ToolResult => ({
  outcome,
  text,
  record,
});

/** Width and height of a picture in the units of the model's coordinates. */
export function coordinateUnits(view: View, frame: ToolSettings["frame"]): { width: number; height: number } {
  const [width, height] = frameSize(frame, view.modelInput);
  return { width, height };
}

/** The picture that a logged call was about, by default the first. @throws Error where there is none */
export function loggedView(
  { imageIndex = 0 }: Pick<ToolCall, "imageIndex">,
  pictures: readonly LoggedView[],
): LoggedView {
  const view = pictures[imageIndex];
  if (!view) throw new Error(`it is about picture ${imageIndex}, of ${pictures.length}`);
  return view;
}

/** The picture that an argument `image_index` chooses, 0 where it is absent; or the answer where there is none. */
export function chosenView(
  index: unknown,
  views: readonly View[],
): { view: View; imageIndex: number } | { refused: ToolResult } {
  const imageIndex = index ?? 0;
  const view = typeof imageIndex === "number" ? views[imageIndex] : undefined;
  return typeof imageIndex === "number" && view
    ? { view, imageIndex }
    : { refused: refusal("image_index", `Error: image_index must be a whole number from 0 to ${views.length - 1}`) };
}
