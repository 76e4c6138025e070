import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { DataControl } from "../data/data_control.ts";
import type { JudgeControl } from "../judge/judge_control.ts";
import type { RejudgeControl } from "../judge/rejudge_control.ts";
import type { MemoryControl } from "../train/memory_control.ts";
import type { Pictures } from "./pictures.ts";
import type { ReplayFiles } from "./replay_files.ts";
import type { RunControl } from "./run_control.ts";
import type { Store } from "./store.ts";
import type { TokenTexts } from "./token_texts.ts";

/** What every view may use. */
export interface PageContext {
  store: Store;
  control: RunControl;
  data: DataControl;
  judge: JudgeControl;
  memory: MemoryControl;
  rejudge: RejudgeControl;
  replayFiles: ReplayFiles;
  pictures: Pictures;
  texts: TokenTexts;
}

export const Context = createContext<PageContext | null>(null);

/** The page that a view stands in. */
export function usePage(): PageContext {
  const page = useContext(Context);
  if (!page) throw new Error("This view must stand inside the page");
  return page;
}
