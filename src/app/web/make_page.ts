import type { RunApi } from "../worker_api/run_api.ts";
import type { AwayControl } from "./away/away_control.ts";
import { CurvesControl } from "./curves/curves_control.ts";
import { DataControl } from "./data/data_control.ts";
import { JudgeControl } from "./judge/judge_control.ts";
import { RejudgeControl } from "./judge/rejudge_control.ts";
import { ModelControl } from "./models/model_control.ts";
import { BranchControl } from "./run/branch_control.ts";
import { FirstSteps } from "./run/first_steps.ts";
import { GivenFiles } from "./run/given_files.ts";
import { MarkControl } from "./run/mark_control.ts";
import type { BesideWorker, PageContext } from "./run/page_context.ts";
import { Pictures } from "./run/pictures.ts";
import { ReplayFiles } from "./run/replay_files.ts";
import { RunControl } from "./run/run_control.ts";
import { Store } from "./run/store.ts";
import { TokenTexts } from "./run/token_texts.ts";
import { WorthControl } from "./run/worth_control.ts";
import { MemoryControl } from "./train/memory_control.ts";

/** What the views of one page share: all of them, and those of one folder. */
export interface PageParts extends PageContext {
  data: DataControl;
  judge: JudgeControl;
  rejudge: RejudgeControl;
  memory: MemoryControl;
  models: ModelControl;
  /** Fetched when it is first asked for. */
  away(): Promise<AwayControl>;
  curves: CurvesControl;
}

/**
 * The parts of a page over whatever answers as the run.
 * @param connectBeside  starts another that answers so
 */
export function makePage(
  api: RunApi,
  connectBeside: (failed: (error: Error) => void) => BesideWorker = () => {
    throw new Error("This page has one worker alone; a sweep needs another");
  },
): PageParts {
  const store = new Store();
  const control = new RunControl(api, store);
  const givenFiles = new GivenFiles(api, store.notices);
  const pictures = new Pictures(api);
  const texts = new TokenTexts(api);
  let away: Promise<AwayControl> | null = null;
  const openAway = async (): Promise<AwayControl> => {
    const { AwayControl } = await import("./away/away_control.ts");
    return new AwayControl(store);
  };
  const judge = new JudgeControl(api, store);
  const memory = new MemoryControl(api, store);
  return {
    store,
    control,
    branches: new BranchControl(api.rollouts, store),
    firstSteps: new FirstSteps(store),
    marks: new MarkControl(api.rollouts, store),
    givenFiles,
    replayFiles: new ReplayFiles({ api, store, replay: control.replay, givenFiles, pictures, texts }),
    pictures,
    texts,
    worth: new WorthControl(api, store),
    data: new DataControl(api, store, givenFiles, () => control.reopen()),
    judge,
    openBeside: async (failed) => {
      const beside = connectBeside(failed);
      await Promise.all([judge.handTo(beside.api), givenFiles.handTo(beside.api)]);
      return beside;
    },
    rejudge: new RejudgeControl(api),
    memory,
    models: new ModelControl(api, store, memory),
    away: () => {
      away ??= openAway();
      // What failed once may work the next time.
      away.catch(() => {
        away = null;
      });
      return away;
    },
    curves: new CurvesControl(api, store),
  };
}
