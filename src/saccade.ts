/**
 * The library: what `import { train, openModel, ... } from "saccade"` gives, in Deno, in Node (on Dawn, npm `webgpu`) and
 * in a page. README.md has a first script, examples/ more.
 *
 * Units stand last in a name: `durationMs`, `widthPx`, `sizeBytes`. Shapes are written `(H, W, 3)`, the last index
 * fastest. Log-probabilities are natural, entropies in nats. Every error is one sentence: what was expected, what was
 * found, what to do.
 */

import { host } from "#host";
import { type OpenModelOptions, openModelOn } from "./app/library/open_model.ts";
import type { OpenModel } from "./app/library/opened_model.ts";
import { type TrainOptions, type TrainRun, trainOn } from "./app/library/train.ts";

/**
 * Opens a model on the GPU: `await openModel("needle")`. See `OpenModel` for what can be done with it.
 * @param name  a shipped variant, a folder with a Hugging Face checkpoint, or `owner/name@revision` on the Hub
 * @throws Error in one sentence: no GPU, no model of that name, a knob out of its range, or more memory than there is
 */
export const openModel = (name: string, options?: OpenModelOptions): Promise<OpenModel> =>
  openModelOn(host, name, options);

/**
 * Trains by GRPO: `for await (const event of train({ model: "needle", steps: 20 })) ...`. Any knob of the command line
 * may be given by its name; `tasks`, `reward` and `tools` may be your own.
 */
export const train = (options?: TrainOptions): TrainRun => trainOn(host, options);

export type { Rollout, ToolCall } from "./agent/rollout.ts";
export { defineTool, refusal, type Tool, type ToolContext, type ToolResult } from "./agent/tools/tool.ts";
export type { Answer, GenerateOptions, Prompt, RolledGroup, RollOptions } from "./app/library/model_requests.ts";
export type { OpenModelOptions } from "./app/library/open_model.ts";
export type { OpenModel } from "./app/library/opened_model.ts";
export type { TrainOptions, TrainRun } from "./app/library/train.ts";
export type { Box, Pixels } from "./image/pixels.ts";
export type { NamedBytes } from "./platform.ts";
export {
  defineReward,
  type PartValues,
  type RewardFunction,
  type RewardInput,
  type RewardRollout,
} from "./reward/rewards/reward_function.ts";
export { defineTasks, type GivenTask, type TaskSource, type TasksDefinition } from "./tasks/sources/task_source.ts";
export type { Task } from "./tasks/task.ts";
export type { Metrics, TrainEvent } from "./train/events.ts";
export type { RunConfig } from "./train/knobs.ts";
