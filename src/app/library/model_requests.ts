import type { Rollout } from "../../agent/rollout.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Opening } from "../../policy/chat.ts";
import type { Turn } from "../../policy/policy.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** What the model is asked: a question, the pictures that it looks at, or a whole conversation in its place. */
export interface Prompt extends Partial<Opening> {
  /** Pixels, or the bytes of PNG, JPEG or WebP files; they are made as small as the model wants them. */
  pictures?: readonly (Pixels | Uint8Array)[];
}

/** How an answer is sampled. */
export interface GenerateOptions {
  /** Longest answer, tokens; 64 by default. */
  maxTokens?: number;
  /** Divides the logits; 0 takes the likeliest token each time; 1 by default. */
  temperature?: number;
  /** Fixes the sampling; 0 by default. */
  seed?: number;
  /** So many answers to the prompt, which is computed once; 1 by default. */
  count?: number;
}

/** One answer. */
export interface Answer extends Turn {
  /** The tokens without special ones. */
  text: string;
}

/** The attempts at one task, and the pictures in them: what scoring and an update need. */
export interface RolledGroup {
  task: Task;
  rollouts: Rollout[];
  /** The task's pictures at the size of the model's input. */
  promptImages: Pixels[];
  /** The pictures that tools gave in each attempt, at that size, in order. */
  toolImages: Pixels[][];
}

/** How tasks are tried. */
export interface RollOptions extends Partial<RunConfig> {
  /** The pictures of each task, source px; by default of the task source that the model was opened with. */
  pictures?: (task: Task) => Pixels[] | Promise<Pixels[]>;
  /** Part of the key of every draw: another number gives other attempts. 0 by default. */
  step?: number;
  /** Takes the likeliest token each time; false by default. */
  greedy?: boolean;
  signal?: AbortSignal;
}
