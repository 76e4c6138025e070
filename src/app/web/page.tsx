import { useEffect } from "preact/hooks";
import { Header } from "./header.tsx";
import { NoticeList } from "./notice_list.tsx";
import { Context, type PageContext } from "./page_context.ts";
import { RunsView } from "./runs_view.tsx";
import { StepView } from "./step_view.tsx";
import { TrainView } from "./train_view.tsx";

/** The whole page. A file dropped anywhere is opened as a recorded run. */
export function Page({ page }: { page: PageContext }) {
  useEffect(() => acceptFiles((file) => void page.control.openFile(file)), [page]);
  const tab = page.store.tab.value;
  return (
    <Context.Provider value={page}>
      <Header />
      <NoticeList />
      <main id="view" class={tab}>
        {tab === "train" && <TrainView />}
        {tab === "step" && <StepView />}
        {tab === "runs" && <RunsView />}
      </main>
    </Context.Provider>
  );
}

function acceptFiles(open: (file: File) => void): () => void {
  const over = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  };
  const drop = (event: DragEvent): void => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    open(file);
  };
  addEventListener("dragover", over);
  addEventListener("drop", drop);
  return () => {
    removeEventListener("dragover", over);
    removeEventListener("drop", drop);
  };
}
