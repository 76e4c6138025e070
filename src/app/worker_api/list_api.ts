import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { RolloutMark } from "../../train/rollout_mark.ts";
import type { Found } from "../rollout_list/find.ts";
import type { ListRow } from "../rollout_list/list_row.ts";
import type { ReadLog } from "../run/log_reader.ts";

/** Where the log of a run is: under its name in this browser, or in a file. */
export type LogSource = { kind: "stored"; name: string } | { kind: "file"; name: string; file: Blob };

/** The run of this page, or the recorded one that is shown in its place. */
export type ListedRun = "live" | "shown";

/**
 * The rollouts of a task as the page gets them of a log: as text, read where they are looked at. A hundred thousand rollouts
 * would be half a gigabyte of objects and seconds of the page's thread.
 */
export interface GroupLine {
  type: "group";
  step: number;
  taskIndex: number;
  /** Of its rollouts, in order. */
  ids: string[];
  /** The event as JSON. */
  line: string;
  /** The line is of format 1 (app/run/early_log.ts). */
  early?: true;
}

/** What was read of a log since the last piece, or what there is to say of it behind its end. */
export type LogPiece =
  | { events: (Exclude<TrainEvent, { type: "group" }> | GroupLine)[]; share: number; over: null }
  | { events: []; share: 1; over: ReadLog };

/** Which rollouts of which run, in which order; as the page's address has them. */
export interface AskedList {
  of: ListedRun;
  query: string;
  sorting: string;
}

/** What a filter found: rows are asked for by the number of the search. */
export interface FoundList extends Pick<Found, "facets" | "extents"> {
  search: number;
  /** Rollouts of the run, and those of them that were found. */
  total: number;
  found: number;
  /** Rollouts whose text is not searched as a whole. */
  shortenedTexts: number;
  /** Rollouts whose response the log does not have as text: their questions and answers are searched. */
  missingTexts: number;
}

/** A step whose rollouts have left the page's memory. */
export interface RecalledStep {
  step: number;
  tasks: Task[];
  groups: (Rollout[] | null)[];
}

/** What a page may ask about many rollouts. Nothing of it needs a model or a GPU. */
export interface ListApi {
  /**
   * Begins to read a log. Its rollouts can be searched once its end was reached; `as`: as those of which run.
   * @returns the number to ask for its pieces with
   */
  openLog(source: LogSource, as: ListedRun): Promise<number>;
  /** @throws Error with one sentence where it is no log, or where that was read to its end */
  nextPiece(log: number): Promise<LogPiece>;
  find(asked: AskedList): Promise<FoundList>;
  /** Rows of a search, by their place in its list; none where it was long ago. */
  rows(search: number, from: number, count: number): Promise<ListRow[]>;
  /** The place of a rollout in the list of a search; null where it is not among what was found. */
  placeOf(search: number, id: string): Promise<number | null>;
  /** What was found, a line of JSON each: the rollout, its task, and what a person said of it. */
  saveFound(search: number): Promise<Blob>;
  /** A step of the run of this page, from its log; null where it is not there. */
  recall(step: number): Promise<RecalledStep | null>;
  /** What a person said of rollouts of a run, kept here under `tree` or in the run's log; null: what is kept here alone. */
  marks(of: ListedRun | null, tree: string): Promise<RolloutMark[]>;
  /** Keeps what a person says of a rollout, in the place of what was said before. */
  mark(of: ListedRun, tree: string, mark: RolloutMark): Promise<void>;
}
