import { effect } from "@preact/signals";
import { count } from "../labels/numbers.ts";
import type { Store, Tab } from "../run/store.ts";

const product = "Saccade";
/** Steps may fly by; a title that flickers says nothing. */
const writeEveryMs = 500;

const tabTitles: Partial<Record<Tab, string>> = {
  step: "Step through",
  compare: "Compare",
  runs: "Runs",
  data: "Data",
  learn: "Learn",
};

/** What the browser's tab says: the step first, since tabs are narrow. */
export function titleOf(store: Store): string {
  const replay = store.replay.value;
  if (replay) return `${count(replay.state.step)}/${count(replay.steps)} recorded · ${product}`;
  if (store.warmup.value.running) return `from scratch · ${product}`;
  const interrupted = store.interrupted.value;
  if (interrupted) return `! stopped at ${count(interrupted.step)} · ${product}`;
  const { head, step, end } = store.live.value;
  const config = store.runConfig.value;
  if (head !== null && config !== null) {
    const at = `${count(step)}/${count(config.steps)}`;
    if (end?.reason === "done") return `✓ ${at} done · ${product}`;
    const player = store.player.value;
    const state = player === "playing" || player === "stepping" ? "" : player === "over" ? " stopped" : " paused";
    return `${at}${state} · ${product}`;
  }
  const tab = tabTitles[store.tab.value];
  return tab ? `${tab} · ${product}` : product;
}

/** Keeps the title of the page up to date. @returns ends it */
export function followTitle(store: Store, page: { title: string } = document): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const write = (): void => {
    timer = null;
    page.title = titleOf(store);
  };
  const stop = effect(() => {
    // Read here, so that a change of what it is made of comes here.
    titleOf(store);
    timer ??= setTimeout(write, writeEveryMs);
  });
  return () => {
    stop();
    if (timer !== null) clearTimeout(timer);
  };
}
