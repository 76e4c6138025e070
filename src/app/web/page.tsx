import type { ComponentChildren, ComponentType } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { GivenFile } from "../worker_api/dropped_folder.ts";
import { droppedFiles } from "./browser/dropped.ts";
import { beginningOf, isRunLog } from "./browser/events_file.ts";
import { isZip } from "./browser/zip_file.ts";
import { Curves } from "./curves/curves.tsx";
import { CurvesContext } from "./curves/curves_context.ts";
import { DataContext } from "./data/data_context.ts";
import { SamplesView } from "./data/samples_view.tsx";
import { Header } from "./frame/header.tsx";
import { keepFocus } from "./frame/keep_focus.ts";
import { NoticeList } from "./frame/notice_list.tsx";
import { QuestionDialog } from "./frame/question_dialog.tsx";
import { ReplayNeeds } from "./frame/replay_needs.tsx";
import { showUnseen } from "./frame/show_unseen.ts";
import { ViewBoundary } from "./frame/view_boundary.tsx";
import { JudgeCard } from "./judge/judge_card.tsx";
import { JudgeContext, RejudgeContext } from "./judge/judge_context.ts";
import { Learn } from "./learn/learn.tsx";
import type { PageParts } from "./make_page.ts";
import { RolloutView } from "./rollout/rollout_view.tsx";
import { StepView } from "./rollout/step_view.tsx";
import { Context } from "./run/page_context.ts";
import type { Tab } from "./run/store.ts";
import { MemoryContext } from "./train/memory_context.ts";
import { TrainView } from "./train/train_view.tsx";
import { Welcome } from "./welcome/welcome.tsx";
import { Later } from "./widgets/later.tsx";

showUnseen();

/** The whole page. What is dropped anywhere is opened: the log of a run, or data, models and adapters. */
export function Page({ page }: { page: PageParts }) {
  // Layout effects: what is dropped or pressed as soon as the page is visible is not lost.
  useLayoutEffect(() => acceptFiles((files) => void openDropped(page, files)), [page]);
  useLayoutEffect(keepFocus, []);
  const { store } = page;
  const tab = store.tab.value;
  const run = store.replay.value?.link ?? null;
  return (
    <Providers page={page}>
      <ViewBoundary name="The bar above" of={run}>
        <Header />
      </ViewBoundary>
      <ViewBoundary name="A notice" of={run}>
        <NoticeList />
        <ReplayNeeds />
        <QuestionDialog />
      </ViewBoundary>
      <main id="view" class={tab}>
        <ViewBoundary key={tab} name={viewNames[tab]} of={run}>
          {tab === "train" && (
            <TrainView judge={<JudgeCard />} curves={<Curves />} rollout={<RolloutView />} welcome={<Welcome />} />
          )}
          {tab === "rollouts" && <Later name="The list of rollouts" load={loadList} props={{}} />}
          {tab === "step" && <StepView />}
          {tab === "compare" && <Later name="The comparison" load={loadCompare} props={{}} />}
          {tab === "runs" && <Later name="The list of runs" load={loadRuns} props={{}} />}
          {tab === "data" && <SamplesView />}
          {tab === "learn" && <Learn />}
        </ViewBoundary>
      </main>
    </Providers>
  );
}

/** What every view may use, and what those of one folder share. */
function Providers({ page, children }: { page: PageParts; children: ComponentChildren }) {
  return (
    <Context.Provider value={page}>
      <DataContext.Provider value={page.data}>
        <JudgeContext.Provider value={page.judge}>
          <RejudgeContext.Provider value={page.rejudge}>
            <MemoryContext.Provider value={page.memory}>
              <CurvesContext.Provider value={page.curves}>{children}</CurvesContext.Provider>
            </MemoryContext.Provider>
          </RejudgeContext.Provider>
        </JudgeContext.Provider>
      </DataContext.Provider>
    </Context.Provider>
  );
}

const loadCompare = async (): Promise<ComponentType> => (await import("./compare/compare_view.tsx")).CompareView;

const loadRuns = async (): Promise<ComponentType> => (await import("./runs_tab.tsx")).RunsTab;

const loadList = async (): Promise<ComponentType> => {
  const { ListView } = await import("./list/list_view.tsx");
  return () => <ListView rollout={<RolloutView />} />;
};

const viewNames: Record<Tab, string> = {
  train: "The run",
  rollouts: "The list of rollouts",
  step: "This rollout",
  compare: "The comparison",
  runs: "The list of runs",
  data: "The data",
  learn: "The lessons",
};

async function openDropped(page: PageParts, reading: Promise<GivenFile[]>): Promise<void> {
  const { store, control, data, replayFiles, givenFiles } = page;
  try {
    const files = await reading;
    const [only] = files;
    if (only && files.length === 1 && (await isZip(only.file))) return void (await control.takeRun(only.file));
    if (only && files.length === 1 && /\.json$/i.test(only.path)) {
      store.tab.value = "train";
      return void (await givenFiles.takeConfig(only.file));
    }
    const log = await logAmong(files);
    if (log) {
      await control.openFile(log.file);
      // The data of the run may lie beside it.
      const beside = files.filter((file) => file !== log);
      if (beside.length > 0 && replayFiles.wants) await replayFiles.offer(beside);
      return;
    }
    if (replayFiles.wants && (await replayFiles.offer(files))) return;
    if (await control.openForeign(files)) return;
    store.tab.value = "data";
    await data.drop(files);
  } catch (error) {
    store.notices.error(error);
  }
}

/** The log of a run among dropped files, null where there is none. */
async function logAmong(files: readonly GivenFile[]): Promise<GivenFile | null> {
  for (const given of files) {
    if (!/\.(jsonl|ndjson)(\.gz)?$/i.test(given.path)) continue;
    if (isRunLog(await beginningOf(given.file))) return given;
  }
  return null;
}

function acceptFiles(open: (files: Promise<GivenFile[]>) => void): () => void {
  const over = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  };
  const drop = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    open(droppedFiles(event.dataTransfer));
  };
  addEventListener("dragover", over);
  addEventListener("drop", drop);
  return () => {
    removeEventListener("dragover", over);
    removeEventListener("drop", drop);
  };
}
