import { count } from "./numbers.ts";
import { usePage } from "./page_context.ts";
import { WatchButtons } from "./watch_buttons.tsx";

/** Sentences above the view: errors, what is missing, what can be gone on with. */
export function NoticeList() {
  const { store, control } = usePage();
  const resumable = store.opened.value?.resumable;
  const about = store.replay.value?.about ?? null;
  const between = store.runHead.value === null || store.player.value === "over";
  const offer = resumable !== undefined && between && !store.replay.value && !store.warmup.value.running;
  return (
    <div class="notices">
      {store.gpuProblem.value !== null && (
        <div class="notice error" role="alert">
          <span>
            <b>Training cannot run here.</b> {store.gpuProblem.value}. Recorded runs can still be played.
          </span>
          {!store.replay.value && <WatchButtons />}
        </div>
      )}
      {about !== null && (
        <div class="notice information">
          <span>
            <b>This is a recording,</b> not a run on this machine: {about}.
          </span>
        </div>
      )}
      {offer && resumable && (
        <div class="notice information">
          <span>
            A run with these settings stopped after step {count(resumable.step)}.{" "}
            <span class="soft small">Start begins from the beginning.</span>
          </span>
          <button type="button" disabled={store.blocked.value} onClick={() => void control.resume()}>
            Go on from step {count(resumable.step)}
          </button>
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
