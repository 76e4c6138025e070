import type { RunApi } from "../api.ts";
import { DataControl } from "./data_control.ts";
import { JudgeControl } from "./judge_control.ts";
import type { PageContext } from "./page_context.ts";
import { Pictures } from "./pictures.ts";
import { RejudgeControl } from "./rejudge_control.ts";
import { RunControl } from "./run_control.ts";
import { Store } from "./store.ts";
import { TokenTexts } from "./token_texts.ts";

/** What the views of one page share, over whatever answers as the run. */
export function makePage(api: RunApi): PageContext {
  const store = new Store();
  const control = new RunControl(api, store);
  return {
    store,
    control,
    data: new DataControl(api, store, () => control.reopen()),
    judge: new JudgeControl(api, store),
    rejudge: new RejudgeControl(api),
    pictures: new Pictures(api),
    texts: new TokenTexts(api),
  };
}
