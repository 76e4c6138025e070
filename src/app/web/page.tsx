import { useLayoutEffect } from "preact/hooks";
import type { GivenFile } from "../worker_api/dropped_folder.ts";
import { droppedFiles } from "./dropped.ts";
import { beginningOf } from "./events_file.ts";
import { Header } from "./header.tsx";
import { keepFocus } from "./keep_focus.ts";
import { NoticeList } from "./notice_list.tsx";
import { Context, type PageContext } from "./page_context.ts";
import { ReplayNeeds } from "./replay_needs.tsx";
import { RunsView } from "./runs_view.tsx";
import { SamplesView } from "./samples_view.tsx";
import { showUnseen } from "./show_unseen.ts";
import { StepView } from "./step_view.tsx";
import type { Tab } from "./store.ts";
import { TrainView } from "./train_view.tsx";
import { ViewBoundary } from "./view_boundary.tsx";

showUnseen();

/** The whole page. What is dropped anywhere is opened: the log of a run, or data, models and adapters. */
export function Page({ page }: { page: PageContext }) {
  // Before anything can be seen: what is dropped or pressed then is not lost.
  useLayoutEffect(() => acceptFiles((files) => void openDropped(page, files)), [page]);
  useLayoutEffect(keepFocus, []);
  const { store } = page;
  const tab = store.tab.value;
  const run = store.replay.value?.link ?? null;
  return (
    <Context.Provider value={page}>
      <ViewBoundary name="The bar above" of={run}>
        <Header />
      </ViewBoundary>
      <ViewBoundary name="A notice" of={run}>
        <NoticeList />
        <ReplayNeeds />
      </ViewBoundary>
      <main id="view" class={tab}>
        <ViewBoundary key={tab} name={viewNames[tab]} of={run}>
          {tab === "train" && <TrainView />}
          {tab === "step" && <StepView />}
          {tab === "runs" && <RunsView />}
          {tab === "data" && <SamplesView />}
        </ViewBoundary>
      </main>
    </Context.Provider>
  );
}

const viewNames: Record<Tab, string> = {
  train: "The run",
  step: "This rollout",
  runs: "The list of runs",
  data: "The data",
};

async function openDropped(page: PageContext, reading: Promise<GivenFile[]>): Promise<void> {
  const { store, control, data, replayFiles } = page;
  try {
    const files = await reading;
    const log = await logAmong(files);
    if (log) {
      await control.openFile(log.file);
      // The data of the run may lie beside it.
      const beside = files.filter((file) => file !== log);
      if (beside.length > 0 && replayFiles.wants) await replayFiles.offer(beside);
      return;
    }
    if (replayFiles.wants && (await replayFiles.offer(files))) return;
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
    if (/"type"\s*:\s*"run"/.test(await beginningOf(given.file))) return given;
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
