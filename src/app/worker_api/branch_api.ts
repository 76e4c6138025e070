import type { Intervention } from "../../agent/branch_start.ts";
import type { MadeBranch } from "../session/rollout_branch.ts";
import type { AnsweredBy } from "./asked_weights.ts";
import type { AskedRollout } from "./rollout_api.ts";

/** What is changed in a rollout, or in a branch of one, and how it goes on. */
export interface AskedBranch extends AskedRollout {
  what: Intervention;
  /** In the place of the run's seed; null keeps that. */
  seed: number | null;
  /** Takes the most likely token each time. */
  greedy: boolean;
  /** The branch that is left, where it is one. */
  of: Branch | null;
  /** Under which key the browser keeps the branches of the run. */
  tree: string;
}

/** A branch of a rollout, as the browser keeps it: linked to what it left, and part of no log. */
export interface Branch extends MadeBranch {
  tree: string;
  /** That of its rollout: `${root}~${number}`. */
  id: string;
  /** Id of the rollout or branch that it left. */
  parent: string;
  what: Intervention;
  seed: number | null;
  greedy: boolean;
  by: AnsweredBy;
  /** The token from which on no tool can be called, where a call was denied here or before; else null. */
  deniedFrom: number | null;
  /** Another question than the task's was asked here or before. */
  otherQuestion: boolean;
  /** What a chosen token says; absent for other changes. */
  tokenText?: string;
  /** ISO 8601. */
  madeAt: string;
}

/** What a page may ask about branches. */
export interface BranchApi {
  /**
   * Goes on from a rollout or a branch with something else in it, and keeps what comes of it. A run under way waits between
   * two of its events, and has the same bits as without. `notKept` says why the browser has not kept it, where it could not.
   */
  branch(asked: AskedBranch): Promise<{ branch: Branch; notKept: string | null }>;
  /** All branches of a run, oldest first. */
  branches(tree: string): Promise<Branch[]>;
  /** Removes these branches. */
  removeBranches(tree: string, ids: string[]): Promise<void>;
}

/** Between the rollout and the number of its branch. */
const mark = "~";

/** Id of the rollout of a run that a branch comes from in the end; of a rollout itself its own. */
export const rootOf = (id: string): string => id.split(mark)[0]!;

/** The number of a branch among those of its rollout; null for a rollout, and where a link says something else. */
export const branchNumber = (id: string): number | null => {
  const [, number] = /~(\d{1,9})$/.exec(id) ?? [];
  return number === undefined ? null : Number(number);
};

export const branchId = (root: string, number: number): string => `${root}${mark}${number}`;
