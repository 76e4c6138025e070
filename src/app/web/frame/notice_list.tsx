import { count } from "../labels/numbers.ts";
import type { Notice } from "../run/notices.ts";
import { usePage } from "../run/page_context.ts";
import type { Interrupted } from "../run/store.ts";
import { narrow } from "../widgets/narrow.ts";
import { WatchButtons } from "../widgets/watch_buttons.tsx";
import { LessonNotice } from "./lesson_notice.tsx";

/** Sentences above the view: errors, what is missing, what can be gone on with. */
export function NoticeList() {
  const { store, control } = usePage();
  const resumable = store.opened.value?.resumable;
  const interrupted = store.interrupted.value;
  const replay = store.replay.value;
  const about = replay?.about ?? null;
  const between = store.live.value.head === null || store.player.value === "over";
  // A run that broke off here has a notice of its own.
  const free = !interrupted && !store.warmup.value.running;
  const shown = free && replay !== null && replay.savedStep !== null ? replay : null;
  const offer = free && between && !shown && (replay === null || replay.origin === "stored") ? resumable : undefined;
  const { steps } = store.config.value;
  // Errors before information, the newest of each first.
  const sentences = store.notices.list.value.toReversed();
  const ordered = [...sentences.filter(isError), ...sentences.filter((notice) => !isError(notice))];
  const [first, others] = [ordered.slice(0, mostSentences), ordered.slice(mostSentences)];
  return (
    <section class="notices" aria-label="Notices">
      <LessonNotice />
      {store.gpuProblem.value !== null && (
        <div class="notice error" role="alert">
          <span>
            <b>Training cannot run here.</b> {store.gpuProblem.value}. Recorded runs can still be played.
          </span>
          {!store.replay.value && !(store.isFresh.value && store.tab.value === "train") && <WatchButtons />}
        </div>
      )}
      {about !== null && (
        <div class="notice information">
          {narrow.value ? (
            <details>
              <summary>
                <b>This is a recording,</b> not a run on this machine
              </summary>
              {about}.
            </details>
          ) : (
            <span>
              <b>This is a recording,</b> not a run on this machine: {about}.
            </span>
          )}
        </div>
      )}
      {shown && (
        <div class="notice information">
          <span>
            This run is saved at step {count(shown.savedStep!)}
            {shown.state.config && ` of ${count(shown.state.config.steps)}`}.
          </span>
          <button type="button" disabled={store.blocked.value} onClick={() => void control.resume(shown.name)}>
            Go on from step {count(shown.savedStep!)}
          </button>
        </div>
      )}
      {offer && (
        <div class="notice information">
          <span>
            {replay ? "Another run, with the settings of this page," : "A run with these settings"} is saved at step{" "}
            {count(offer.step)}.{" "}
            {!replay && <span class="soft small">Start begins another one, from the beginning.</span>}
          </span>
          <button
            type="button"
            disabled={store.blocked.value}
            onClick={() => void control.resume(offer.name, { steps })}
          >
            Go on from step {count(offer.step)}
          </button>
        </div>
      )}
      <div role="alert">
        {interrupted && <InterruptedNotice run={interrupted} />}
        {first.map((notice) => (
          <Sentence key={notice.id} notice={notice} />
        ))}
      </div>
      {others.length > 0 && (
        <details class="notice more">
          <summary>{others.length === 1 ? "1 more notice" : `${others.length} more notices`}</summary>
          {others.map((notice) => (
            <Sentence key={notice.id} notice={notice} />
          ))}
        </details>
      )}
    </section>
  );
}

/** The rest is folded: the view below is what the page is for. */
const mostSentences = 2;

const isError = ({ kind }: Notice): boolean => kind === "error";

function Sentence({ notice: { id, kind, sentence, action } }: { notice: Notice }) {
  const { store } = usePage();
  return (
    <div class={`notice ${kind}`}>
      <span>{sentence}</span>
      {action && (
        <button type="button" onClick={action.run}>
          {action.label}
        </button>
      )}
      <button type="button" class="icon" aria-label="Dismiss" onClick={() => store.notices.dismiss(id)}>
        ×
      </button>
    </div>
  );
}

/** What became of a run that broke off in this page: the cause, what is kept of it, and the way on. */
function InterruptedNotice({ run: { name, cause, step, savedStep, steps } }: { run: Interrupted }) {
  const { store, control } = usePage();
  return (
    <div class="notice error">
      <span>
        {cause.replace(/[.\s]+$/, "")}. {count(step)} of {count(steps)} steps were made, {savedText(step, savedStep)}{" "}
        <span class="soft small">Start begins another run.</span>
      </span>
      <button type="button" disabled={store.blocked.value} onClick={() => void control.resume(name)}>
        {savedStep === 0 ? "Begin it again" : `Go on from step ${count(savedStep)}`}
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Dismiss"
        onClick={() => {
          store.interrupted.value = null;
        }}
      >
        ×
      </button>
    </div>
  );
}

function savedText(step: number, savedStep: number): string {
  const again = "what came after is made again, with the same result.";
  if (savedStep === 0) return `none is saved: ${again}`;
  return savedStep === step ? "all are saved." : `step ${count(savedStep)} is saved: ${again}`;
}
