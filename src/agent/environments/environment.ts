import type { Pixels } from "../../image/pixels.ts";
import type { PromptName } from "../../policy/offered_tool.ts";
import type { Task } from "../../tasks/task.ts";
import type { Call } from "../rollout.ts";
import type { EnvironmentName, Tool, ToolSettings, View } from "../tools/tool.ts";
import type { ToolStates } from "../tools/tool_states.ts";

/** A closed turn of the model, and where it was written. */
export interface ModelTurn {
  /** The whole turn, special tokens included. */
  text: string;
  task: Task;
  /** The pictures of the conversation so far, those of the task first. */
  views: readonly View[];
  /** Whether the task offers tools at all. */
  offersTools: boolean;
  /** Whether one more call is allowed. */
  mayCall: boolean;
  /** What tools keep through the rollout. */
  states: ToolStates;
}

/** What a call came to: how it is logged, and what the model gets. */
export interface AnsweredCall {
  call: Call;
  text: string;
  /** A word about the picture, "" where there is none. */
  caption: string;
  picture: Pixels | null;
}

/** What follows from a turn. */
export type StepResult =
  /** The rollout is over. `calls` are those that failed in this turn. */
  | { end: "answer" | "malformed" | "turns"; answer: string | null; calls: Call[] }
  /** A tool answers, and the model goes on. */
  | ({ end: null } & AnsweredCall);

/** The rules by which turns are read and calls are answered. */
export interface Environment {
  /**
   * Takes one turn of the model. Nothing that a model writes throws.
   * @throws ToolFailure where a tool breaks down; the signal's reason where that is aborted
   */
  step(turn: ModelTurn): Promise<StepResult>;
}

export interface EnvironmentSettings extends ToolSettings {
  /** Whose rules: ours, or one of the originals' to the letter. */
  tool: EnvironmentName;
  /** compact: a turn must be exactly a call or an answer; else both are looked for in free text. */
  prompt: PromptName;
  /** Whether a bad call ends the rollout or is answered with a sentence; the originals have rules of their own. */
  toolErrors: "end" | "answer";
  /** The tools that a call may name. */
  tools: readonly Tool[];
  /** Stops the wait for a tool. */
  signal?: AbortSignal;
}
