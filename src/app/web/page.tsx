import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import type { GivenFile } from "../worker_api/dropped_folder.ts";
import { AwayPanel } from "./away/away_panel.tsx";
import { droppedFiles } from "./browser/dropped.ts";
import { beginningOf, isRunLog } from "./browser/events_file.ts";
import { isZip } from "./browser/zip_file.ts";
import { CurvesContext } from "./curves/curves_context.ts";
import { DataContext } from "./data/data_context.ts";
import { Header } from "./frame/header.tsx";
import { keepFocus } from "./frame/keep_focus.ts";
import { NoticeList } from "./frame/notice_list.tsx";
import { QuestionDialog } from "./frame/question_dialog.tsx";
import { ReplayNeeds } from "./frame/replay_needs.tsx";
import { RunBar } from "./frame/run_bar.tsx";
import { showUnseen } from "./frame/show_unseen.ts";
import { ViewBoundary } from "./frame/view_boundary.tsx";
import { JudgeCard } from "./judge/judge_card.tsx";
import { JudgeContext, RejudgeContext, useRejudge } from "./judge/judge_context.ts";
import type { PageParts } from "./make_page.ts";
import { ModelContext } from "./models/model_context.ts";
import { ModelLine } from "./models/model_line.tsx";
import { Context } from "./run/page_context.ts";
import type { Tab } from "./run/store.ts";
import { MemoryContext } from "./train/memory_context.ts";
import { TrainView } from "./train/train_view.tsx";
import { Welcome } from "./welcome/welcome.tsx";
import { importAtRest, Later } from "./widgets/later.tsx";

showUnseen();

/** The whole page. What is dropped anywhere is opened: the log of a run, or data, models and adapters. */
export function Page({ page }: { page: PageParts }) {
  // Layout effects: what is dropped or pressed as soon as the page is visible is not lost.
  useLayoutEffect(() => acceptFiles((files) => void openDropped(page, files)), [page]);
  useLayoutEffect(keepFocus, []);
  const { store } = page;
  const isOpen = store.opened.value !== null || store.gpuProblem.value !== null;
  useEffect(() => {
    // Nothing competes with the model for the network.
    if (isOpen) importAtRest(Object.values(views));
  }, [isOpen]);
  const tab = store.tab.value;
  const run = store.replay.value?.link ?? null;
  return (
    <Providers page={page}>
      <ViewBoundary name="The bar above" of={run}>
        <Header />
        <RunBar />
      </ViewBoundary>
      <ViewBoundary name="A notice" of={run}>
        <NoticeList />
        <ReplayNeeds />
        <QuestionDialog />
      </ViewBoundary>
      <main id="view" class={tab}>
        <ViewBoundary key={tab} name={viewNames[tab]} of={run}>
          {tab === "train" && (
            <TrainView
              judge={<JudgeCard />}
              model={<ModelLine picker={<Later name="The list of models" load={views.models} props={{}} />} />}
              run={<Later name="The run" load={views.run} props={{}} />}
              rollout={<Later name="The rollout" load={views.rollout} props={{}} />}
              away={<AwayPanel control={page.away} />}
              welcome={<Welcome />}
            />
          )}
          {tab !== "train" && <Later key={tab} name={viewNames[tab]} load={views[tab]} props={{}} />}
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
              <ModelContext.Provider value={page.models}>
                <CurvesContext.Provider value={page.curves}>{children}</CurvesContext.Provider>
              </ModelContext.Provider>
            </MemoryContext.Provider>
          </RejudgeContext.Provider>
        </JudgeContext.Provider>
      </DataContext.Provider>
    </Context.Provider>
  );
}

/** What is imported when it is first shown, or once the page is at rest. */
const views: Record<Exclude<Tab, "train"> | "run" | "rollout" | "models", () => Promise<ComponentType>> = {
  run: async () => {
    const [{ RunPanels }, { Curves }] = await Promise.all([
      import("./train/run_panels.tsx"),
      import("./curves/curves.tsx"),
    ]);
    return () => <RunPanels curves={<Curves />} />;
  },
  rollout: async () => (await import("./rollout/rollout_view.tsx")).RolloutView,
  models: async () => (await import("./models/model_picker.tsx")).ModelPicker,
  rollouts: async () => {
    const { ListView } = await import("./list/list_view.tsx");
    return () => <ListView rollout={<Later name="The rollout" load={views.rollout} props={{}} />} />;
  },
  step: async () => (await import("./rollout/step_view.tsx")).StepView,
  compare: async () => (await import("./compare/compare_view.tsx")).CompareView,
  runs: async () => {
    const [{ RunsView }, { RejudgePanel }, { OverlayCard }] = await Promise.all([
      import("./runs/runs_view.tsx"),
      import("./judge/rejudge_panel.tsx"),
      import("./curves/overlay_card.tsx"),
    ]);
    return () => {
      const rejudge = useRejudge();
      return <RunsView onRejudge={(name) => rejudge.show(name)} rejudged={<RejudgePanel />} curves={<OverlayCard />} />;
    };
  },
  data: async () => (await import("./data/samples_view.tsx")).SamplesView,
  learn: async () => (await import("./learn/learn_view.tsx")).LearnView,
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
