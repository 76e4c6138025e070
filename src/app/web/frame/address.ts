import { effect } from "@preact/signals";
import { rootOf } from "../../worker_api/branch_api.ts";
import { wholePage } from "../run/lesson.ts";
import { lookOf } from "../run/look.ts";
import { recordings } from "../run/recordings.ts";
import type { RunControl } from "../run/run_control.ts";
import type { Store } from "../run/store.ts";
import { differences, type Look, linkedFile, readUrl, type UrlState, writeUrl } from "../run/url_state.ts";

/** Browsers refuse addresses that change more often than some hundred times in half a minute. */
const writeEveryMs = 400;

/**
 * Sets the store from the page's address and keeps the address up to date from then on. Another run, tab or rollout is
 * a new entry of the browser's history, so that Back and Forward lead through them.
 * @returns ends it
 */
export function followAddress(store: Store, control: RunControl): () => void {
  const { state, messages } = readUrl(location.search);
  store.changes.value = differences({ ...store.changes.value, ...state.changes });
  for (const message of messages) store.notices.add("error", message);
  store.lesson.value = state.lesson ?? wholePage;
  store.traced.value = state.others.some(([key]) => key === "trace");
  /** What is looked up now; the address stays as it is until it is shown. */
  let restoring = 0;
  const restore = async (look: Look): Promise<void> => {
    const mine = ++restoring;
    await show(store, control, look);
    if (mine !== restoring) return;
    restoring = 0;
    writer.write(false);
  };
  const writer = new AddressWriter(() => (restoring > 0 ? null : lookOf(store)), store, state.others);
  void restore(state);
  const stop = effect(() => {
    // Read here, so that a change of any of them comes here.
    void lookOf(store);
    void store.changes.value;
    void store.lesson.value;
    writer.soon();
  });
  const goThere = (): void => {
    const there = readUrl(location.search).state;
    store.lesson.value = there.lesson ?? wholePage;
    void restore(there);
  };
  // What has not been written yet must not be lost by a reload.
  const writeNow = (): void => writer.write(true);
  addEventListener("popstate", goThere);
  addEventListener("pagehide", writeNow);
  return () => {
    stop();
    writer.stop();
    removeEventListener("popstate", goThere);
    removeEventListener("pagehide", writeNow);
  };
}

/** Shows what a link says. */
async function show(store: Store, control: RunControl, look: Look): Promise<void> {
  const { run } = look;
  const file = run === null ? null : linkedFile(run);
  if (run === null) {
    if (store.replay.value) control.replay.close();
  } else if (store.replay.value?.link !== run) {
    if (store.replay.value) control.replay.close();
    store.tab.value = look.tab;
    if (run === store.storedAs.value) {
      // The run under way in this page.
    } else if (file !== null) {
      store.wantedFile.value = { name: file, from: "file", look, show: () => place(store, control, look) };
      return;
    } else {
      const recording = recordings.find(({ link }) => link === run);
      if (!recording && !(await control.keeps(run))) {
        store.wantedFile.value = { name: run, from: "browser", look, show: () => place(store, control, look) };
        return;
      }
      const plain = look.step === null && look.rollout === null && look.tab === "train";
      if (recording && plain) await control.watch(recording);
      else if (!(await (recording ? control.openRecording(recording) : control.openStored(run)))) {
        // What was looked at is not there, and the sentence that says so is all there is to show.
        return;
      }
    }
  }
  place(store, control, look);
}

/** Goes to the step, the rollout and the token, in the run that is shown. */
function place(store: Store, control: RunControl, look: Look): void {
  const { tab, step, at, task, rollout, token, panels, overlay } = look;
  const { replay } = control;
  store.find.value = look.find;
  store.sorting.value = look.sort;
  if (overlay.join("\n") !== store.overlaid.peek().join("\n")) store.overlaid.value = overlay;
  if (Object.keys(panels).length > 0) store.panels.value = { ...store.panels.peek(), ...panels };
  let found = rollout;
  if (store.replay.value) {
    const made = rollout === null ? null : replay.stepOf(rootOf(rollout));
    const target = at ?? step ?? made;
    if (target !== null) {
      replay.pause();
      replay.seek(Math.max(target, made ?? 0));
    }
    if (rollout !== null && made === null) {
      store.notices.add("information", `The run has no rollout ${rollout.slice(0, 40)}; another of it is shown`, {
        about: "shown run",
      });
      found = null;
    }
  }
  store.chosenStep.value = at === null && store.replay.value ? null : step;
  store.pinned.value = found ?? firstOfTask(store, task);
  store.cursor.value = found !== null && token !== null ? { rollout: found, tokens: token } : null;
  store.tab.value = tab;
}

const firstOfTask = (store: Store, task: number | null): string | null =>
  (task === null ? null : store.record.value?.groups[task - 1]?.[0]?.id) ?? null;

/** Writes the address, not too often, and says where a new entry of the history begins. */
class AddressWriter {
  readonly #look: () => Look | null;
  readonly #store: Store;
  readonly #others: UrlState["others"];
  #written: Look | null = null;
  #writtenMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(look: () => Look | null, store: Store, others: UrlState["others"]) {
    this.#look = look;
    this.#store = store;
    this.#others = others;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => this.write(true), Math.max(0, this.#writtenMs + writeEveryMs - performance.now()));
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** `entry`: whether another view may begin an entry of the history. */
  write(entry: boolean): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const look = this.#look();
    if (look === null) return;
    const before = this.#written;
    this.#written = look;
    const search = writeUrl({
      ...look,
      changes: this.#store.changes.peek(),
      lesson: this.#store.lesson.peek(),
      others: this.#others,
    });
    if (search === location.search) return;
    this.#writtenMs = performance.now();
    const other = before !== null && (before.run !== look.run || before.tab !== look.tab || movedOn(before, look));
    const how = entry && other ? "pushState" : "replaceState";
    history[how](how === "pushState" ? null : history.state, "", search + location.hash);
  }
}

/** Another rollout was picked; one that follows a run as it goes on is no choice of anybody. */
const movedOn = (before: Look, look: Look): boolean =>
  before.rollout !== null && look.rollout !== null && before.rollout !== look.rollout && look.run !== null;
