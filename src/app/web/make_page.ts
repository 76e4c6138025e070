import type { RunApi } from "../worker_api/run_api.ts";
import { DataControl } from "./data_control.ts";
import { JudgeControl } from "./judge_control.ts";
import { MemoryControl } from "./memory_control.ts";
import type { PageContext } from "./page_context.ts";
import { Pictures } from "./pictures.ts";
import { RejudgeControl } from "./rejudge_control.ts";
import { ReplayFiles } from "./replay_files.ts";
import { RunControl } from "./run_control.ts";
import { Store } from "./store.ts";
import { TokenTexts } from "./token_texts.ts";

/** What the views of one page share, over whatever answers as the run. */
export function makePage(api: RunApi): PageContext {
  const store = new Store();
  const control = new RunControl(api, store);
  const data = new DataControl(api, store, () => control.reopen());
  const pictures = new Pictures(api);
  const texts = new TokenTexts(api);
  return {
    store,
    control,
    data,
    replayFiles: new ReplayFiles({ api, store, replay: control.replay, data, pictures, texts }),
    judge: new JudgeControl(api, store),
    memory: new MemoryControl(api, store),
    rejudge: new RejudgeControl(api),
    pictures,
    texts,
  };
}
