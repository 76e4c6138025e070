import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { BranchControl } from "./branch_control.ts";
import type { FirstSteps } from "./first_steps.ts";
import type { GivenFiles } from "./given_files.ts";
import type { MarkControl } from "./mark_control.ts";
import type { Pictures } from "./pictures.ts";
import type { ReplayFiles } from "./replay_files.ts";
import type { RunControl } from "./run_control.ts";
import type { Store } from "./store.ts";
import type { TokenTexts } from "./token_texts.ts";
import type { WorthControl } from "./worth_control.ts";

/** What every view may use; what only those of one folder share is provided beside it. */
export interface PageContext {
  store: Store;
  control: RunControl;
  branches: BranchControl;
  firstSteps: FirstSteps;
  marks: MarkControl;
  givenFiles: GivenFiles;
  replayFiles: ReplayFiles;
  pictures: Pictures;
  texts: TokenTexts;
  worth: WorthControl;
  /** Opens another worker for a run beside that of the page, with what a person gave to this one. */
  openBeside(failed: (error: Error) => void): Promise<BesideWorker>;
}

/** Another worker: it opens a device and model of its own. */
export interface BesideWorker {
  api: RunApi;
  close(): void;
}

export const Context = createContext<PageContext | null>(null);

/** The page that a view stands in. */
export const usePage = (): PageContext => insidePage(useContext(Context));

/** What the views of one folder share, which the page provides. */
export function insidePage<T>(provided: T | null): T {
  if (provided === null) throw new Error("This view must stand inside the page");
  return provided;
}
