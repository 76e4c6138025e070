import type { Rolled, RollSettings } from "../agent/loop.ts";
import type { Tool } from "../agent/tools/tool.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import type { VisionConfig } from "../model/config.ts";
import type { Chat } from "../policy/chat.ts";
import type { Policy } from "../policy/policy.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import type { AnswerJudge } from "../reward/judges/judge.ts";
import type { CropReader } from "../reward/reading/crop_reader.ts";
import type { RewardFunction } from "../reward/rewards/reward_function.ts";
import type { TaskSource } from "../tasks/sources/task_source.ts";
import type { Task } from "../tasks/task.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { Learner } from "./learner.ts";
import type { Sight } from "./sight.ts";
import type { ZoomWorth } from "./zoom_worth.ts";

/** What rollouts are sampled and scored with. */
export interface RollingParts {
  /** Read anew at every step, so that knobs may change during the run. */
  config: () => RunConfig;
  source: TaskSource;
  policy: Policy;
  chat: Chat;
  /** The tools that are offered. */
  tools: readonly Tool[];
  tokenizer: Vocabulary;
  judge: AnswerJudge;
  /** What is paid for; absent: the reward that the knob names. */
  reward?: RewardFunction;
  /** Reads text in what tools showed; absent where the run has none. */
  reader?: CropReader;
  view: Pick<RollSettings, "frame" | "minSidePx" | "modelInput" | "imageTokens" | "lanes">;
  /** Stops rolling at its next event, and the wait for a judge at once; a run then ends without an "end" event. */
  signal?: AbortSignal;
}

/** What can be measured about the pictures of rollouts, under the weights as they are. */
export interface CausalProbes {
  /** What those of their tools were worth. */
  worths(rolled: Rolled, tasks: readonly Task[]): Promise<ZoomWorth[]>;
  /** Whether the learner sees them. */
  sight(rolled: Rolled): Promise<Sight | null>;
  /** Notes in each answered call how likely the right answer was before it and after it, under the settings of a step. */
  calls(rolled: Rolled, tasks: readonly Task[], config: RunConfig): Promise<void>;
}

/** What a run is made of. */
export interface TrainingParts extends RollingParts {
  vision: VisionConfig;
  /** Changes the weights of the policy. */
  learner: Pick<Learner, "update"> & Partial<Pick<Learner, "prepareNext">>;
  /** Measures what pictures were worth; absent where nothing can be asked about them. */
  probes?: CausalProbes;
  /** The model that the run began with; asked only where a KL to it is wanted. */
  reference: Pick<Learner, "logprobs">;
  /** The most of the GPU's memory that was held so far; absent where nothing is held on one. */
  peakMemoryBytes?: () => number;
  /** Takes the time of each kernel, once for each kind of pass; absent where it is not measured. */
  traces?: Map<string, KernelTime[]>;
}

/** Where a run stands. */
export interface Progress {
  /** Steps made. */
  step: number;
  /** Updates that the optimizer's moments have behind them. */
  updates: number;
}

/** What a run has behind it where it goes on: alarms compare with it, and are not raised again. */
export interface MadeBefore {
  /** Metrics of its steps, in order. */
  steps: readonly Metrics[];
  /** Metrics of its sampled evaluations, in order. */
  evaluations: readonly Metrics[];
}
