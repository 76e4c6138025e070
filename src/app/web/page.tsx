import { useEffect } from "preact/hooks";
import type { GivenFile } from "../dropped_folder.ts";
import { droppedFiles } from "./dropped.ts";
import { Header } from "./header.tsx";
import { NoticeList } from "./notice_list.tsx";
import { Context, type PageContext } from "./page_context.ts";
import { RunsView } from "./runs_view.tsx";
import { SamplesView } from "./samples_view.tsx";
import { showUnseen } from "./show_unseen.ts";
import { StepView } from "./step_view.tsx";
import { TrainView } from "./train_view.tsx";

showUnseen();

/** The whole page. What is dropped anywhere is opened: the log of a run, or data, models and adapters. */
export function Page({ page }: { page: PageContext }) {
  useEffect(() => acceptFiles((files) => void openDropped(page, files)), [page]);
  const tab = page.store.tab.value;
  return (
    <Context.Provider value={page}>
      <Header />
      <NoticeList />
      <main id="view" class={tab}>
        {tab === "train" && <TrainView />}
        {tab === "step" && <StepView />}
        {tab === "runs" && <RunsView />}
        {tab === "data" && <SamplesView />}
      </main>
    </Context.Provider>
  );
}

/** Bytes of a file that tell a log from rows: a log begins with the run's head. */
const headBytes = 4096;

async function openDropped({ store, control, data }: PageContext, reading: Promise<GivenFile[]>): Promise<void> {
  let files: GivenFile[];
  try {
    files = await reading;
  } catch (error) {
    return store.notices.error(error);
  }
  const [first] = files;
  if (files.length === 1 && first && /\.(jsonl|ndjson)$/i.test(first.path)) {
    const head = await first.file.slice(0, headBytes).text();
    if (/"type"\s*:\s*"run"/.test(head)) return control.openFile(first.file);
  }
  store.tab.value = "data";
  await data.drop(files);
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
