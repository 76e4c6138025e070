import { count } from "./numbers.ts";
import { usePage } from "./page_context.ts";

/** Sentences above the view: errors, what is missing, what can be gone on with. */
export function NoticeList() {
  const { store, control } = usePage();
  const resumable = store.opened.value?.resumableStep;
  const between = store.runHead.value === null || store.player.value === "over";
  const offer = resumable !== undefined && between && !store.replay.value;
  return (
    <div class="notices">
      {store.gpuProblem.value !== null && (
        <div class="notice error" role="alert">
          <span>
            <b>Training cannot run here.</b> {store.gpuProblem.value}. Recorded runs can still be played.
          </span>
          {store.tab.value !== "runs" && (
            <button
              type="button"
              onClick={() => {
                store.tab.value = "runs";
              }}
            >
              Open the runs
            </button>
          )}
        </div>
      )}
      {offer && (
        <div class="notice information">
          <span>A run with these settings stopped after step {count(resumable)}.</span>
          <button type="button" disabled={store.busy.value !== null} onClick={() => void control.resume()}>
            Go on from step {count(resumable)}
          </button>
          <span class="soft small">Start begins from the beginning.</span>
        </div>
      )}
      <div role="alert">
        {store.notices.list.value.map((notice) => (
          <div key={notice.id} class={`notice ${notice.kind}`}>
            <span>{notice.sentence}</span>
            <button type="button" class="icon" aria-label="Dismiss" onClick={() => store.notices.dismiss(notice.id)}>
              ×
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}
