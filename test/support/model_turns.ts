import type { EnvironmentSettings, ModelTurn, StepResult } from "../../src/agent/environments/environment.ts";
import { openEnvironment } from "../../src/agent/environments/open_environment.ts";
import { builtInTools } from "../../src/agent/tools/table.ts";
import type { ToolContext, View } from "../../src/agent/tools/tool.ts";
import { ToolStates } from "../../src/agent/tools/tool_states.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { Task } from "../../src/tasks/task.ts";

/** Red is the column, green the row (modulo 256), so that a crop shows where it was cut. */
export function gradient(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x % 256, y % 256, 7], (y * width + x) * 3);
  return { width, height, data };
}

export const viewOf = (width: number, height: number, input = gradient(64, 64)): View => ({
  original: gradient(width, height),
  modelInput: input,
});

export const askedTask: Task = { id: "a", source: "test", question: "Which?", answer: "left", imageSizesPx: [] };

export const environmentSettings: EnvironmentSettings = {
  tool: "saccade",
  prompt: "deepeyes",
  toolErrors: "answer",
  tools: builtInTools,
  frame: "input-pixels",
  minSidePx: 28,
  crop: "source",
};

/** Where a call of a tool is made, outside of any rollout. */
export const contextWith = (changes: Partial<ToolContext> = {}): ToolContext => ({
  views: [viewOf(512, 512)],
  task: askedTask,
  json: "{}",
  environment: "saccade",
  prompt: "deepeyes",
  frame: "relative-1000",
  minSidePx: 32,
  crop: "source",
  state: undefined,
  ...changes,
});

/** One turn of a model in an environment, the first picture 400 x 200 and half as large for the model. */
export function stepWith(
  text: string,
  changes: Partial<EnvironmentSettings> = {},
  turn: Partial<ModelTurn> = {},
): Promise<StepResult> {
  const views = turn.views ?? [viewOf(400, 200, gradient(200, 100))];
  const states = new ToolStates(askedTask, views);
  const settings = { ...environmentSettings, ...changes };
  return openEnvironment(settings).step({
    text,
    task: askedTask,
    views,
    offersTools: true,
    mayCall: true,
    states,
    ...turn,
  });
}

/** A turn that calls a tool. */
export const callText = (name: string, given: unknown): string =>
  `<think>hm</think><tool_call>\n${JSON.stringify({ name, arguments: given })}\n</tool_call><|im_end|>`;
